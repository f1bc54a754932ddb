// The first convolution from the three kinds of frame: padding that is zero after the normalisation, sizes that are no whole tiles. Data only:
// conformance.test.ts runs it.
import { type Activation, type Chained, FRAME, relu } from '../../src/graph/graph.ts';
import { convRow, drawPlace, drawSize, ends, type KernelTable, node, type Row, tensor } from './table.ts';

interface Spec extends Pick<Row, 'join' | 'most'> {
  readonly form: 'texture' | 'external' | 'tensor';
  readonly o: number;
  readonly h: number;
  readonly w: number;
  /** Default 3×3. */
  readonly kernel?: readonly [number, number];
  /** Default 2. */
  readonly stride?: number;
  readonly dilation?: number;
  /** Default 1. */
  readonly pad?: number;
  readonly bias?: boolean;
  readonly relu?: boolean;
  readonly activation?: Activation;
  /** A 1×1 convolution of the result, to so many channels, with a ReLU or without; whether the means of what it reads are stored. */
  readonly project?: readonly [number, 'relu' | 'none', ('halved' | undefined)?];
}

const mean = [0.485, 0.456, 0.406] as const;
const std = [0.229, 0.224, 0.225] as const;

function row(name: string, spec: Spec): Row {
  const { form, h, w, o, kernel = [3, 3], stride = 2, dilation = 1, pad = 1, bias, join, most, project } = spec;
  const own = convRow({ ...spec, i: 3, kernel, stride, dilations: [dilation], pads: [pad] }).node;
  const { geometry, fused } = own.attributes;
  const chained: Chained = {
    ...(project?.[1] === 'relu' && { projected: relu }),
    ...(project?.[2] && { halved: project[2] }),
  };
  const attributes = { form, h, w, mean, std, channels: 'rgb', tile: null, geometry, fused: { ...fused, ...chained } } as const;
  const constants = {
    ...own.constants,
    ...(project ? { project: tensor('project', project[0], o, 1, 1) } : {}),
    ...(project && bias ? { projectBias: tensor('projectBias', project[0]) } : {}),
  };
  return { name, node: node('stem', { attributes, constants, inputs: { x: FRAME } }), inputs: {}, frame: { h, w }, join, most };
}

const specs: Readonly<Record<string, Spec>> = {
  'one pixel': { form: 'texture', o: 8, h: 1, w: 1 },
  'odd frame': { form: 'texture', o: 32, h: 7, w: 9, bias: true, relu: true },
  'even frame': { form: 'texture', o: 32, h: 6, w: 34, bias: true, relu: true },
  'one column': { form: 'texture', o: 5, h: 17, w: 1, bias: true },
  'no padding': { form: 'texture', o: 12, h: 9, w: 21, stride: 1, pad: 0 },
  'dilated, 1×5': { form: 'texture', o: 8, h: 5, w: 19, kernel: [1, 5], stride: 1, dilation: 3, pad: 2, relu: true },
  'hard swish': { form: 'texture', o: 6, h: 7, w: 9, bias: true, activation: ends('hard-swish') },
  'into a join': { form: 'texture', o: 8, h: 5, w: 5, bias: true, relu: true, join: { from: 4, c: 20 } },
  'folded grid': { form: 'texture', o: 24, h: 43, w: 29, bias: true, relu: true, most: 1 },
  'external, odd frame': { form: 'external', o: 32, h: 7, w: 9, bias: true, relu: true },
  'external, 2×2, no padding': { form: 'external', o: 12, h: 9, w: 21, kernel: [2, 2], stride: 1, pad: 0 },
  'external, folded grid': { form: 'external', o: 24, h: 43, w: 29, bias: true, relu: true, most: 1 },
  'planes, one pixel': { form: 'tensor', o: 5, h: 1, w: 1 },
  planes: { form: 'tensor', o: 32, h: 7, w: 21, bias: true, relu: true },
  'planes, 2×2 with stride 3': { form: 'tensor', o: 16, h: 11, w: 31, kernel: [2, 2], stride: 3, pad: 0 },
  'the 1×1 behind it, even frame': {
    form: 'texture',
    o: 32,
    h: 12,
    w: 134,
    bias: true,
    relu: true,
    project: [48, 'relu', 'halved'],
  },
  'one pixel and the 1×1 of it': { form: 'texture', o: 8, h: 1, w: 1, project: [5, 'none', 'halved'] },
  'more than a turn, no means, into a join': {
    ...{ form: 'texture', o: 24, h: 7, w: 65, bias: true, project: [53, 'none'], join: { from: 4, c: 60 } },
  },
  'external, the 1×1 behind it, folded grid': {
    ...{ form: 'external', o: 16, h: 21, w: 66, relu: true, project: [20, 'relu', 'halved'], most: 2 },
  },
  'external, more than a turn': { form: 'external', o: 24, h: 5, w: 7, bias: true, project: [53, 'none'] },
  'planes, one turn, no means': { form: 'tensor', o: 8, h: 6, w: 5, project: [50, 'none'] },
  'planes, the 1×1 behind it': { form: 'tensor', o: 32, h: 11, w: 71, bias: true, relu: true, project: [48, 'relu', 'halved'] },
  'planes, folded grid': { form: 'tensor', o: 24, h: 21, w: 17, stride: 1, bias: true, relu: true, most: 3 },
};

export const table: KernelTable = {
  kernel: 'stem',
  tolerance: {
    f32: 4e-6,
    half: 1e-3,
    why: 'sums of 27 float32 products of colours less their mean, which a device may compute with one rounding less; a stored half has 2^-10',
  },
  rows: Object.entries(specs).map(([name, spec]) => row(name, spec)),
  barrierRows: Object.keys(specs).filter(name => specs[name].project),
  random(draw) {
    const spec = draw.from(Object.values(specs));
    if (spec.project) {
      const second = [draw.int(1, 99), draw.from(['relu', 'none'] as const), draw.from(['halved', undefined] as const)] as const;
      const size = drawSize(draw, 70);
      return row('', {
        ...spec,
        o: 8 * draw.int(1, 4),
        ...size,
        bias: draw.once(2),
        relu: draw.once(2),
        project: second,
        ...drawPlace(draw, second[0]),
      });
    }
    const [kh, kw] = spec.kernel ?? [3, 3];
    const o = draw.int(2, 25);
    const dilation = draw.int(1, 3);
    const pad = draw.int(0, 4);
    const size = drawSize(draw);
    const fit = (length: number, k: number): number => Math.max(length, dilation * (k - 1) + 1 - 2 * pad);
    return row('', {
      ...{ ...spec, o, h: fit(size.h, kh), w: fit(size.w, kw), dilation, pad, stride: draw.int(1, 3), bias: draw.once(2) },
      ...drawPlace(draw, o),
    });
  },
};
