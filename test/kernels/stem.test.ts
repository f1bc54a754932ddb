// The first convolution from the three kinds of frame: padding that is zero after the normalisation, sizes that are no whole tiles. Data only:
// conformance.test.ts runs it.
import { type Activation, FRAME } from '../../src/graph/graph.ts';
import { convRow, drawPlace, drawSize, ends, type KernelTable, node, type Row } from './table.ts';

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
}

const mean = [0.485, 0.456, 0.406] as const;
const std = [0.229, 0.224, 0.225] as const;

function row(name: string, spec: Spec): Row {
  const { form, h, w, kernel = [3, 3], stride = 2, dilation = 1, pad = 1, join, most } = spec;
  const { attributes: own, constants } = convRow({ ...spec, i: 3, kernel, stride, dilations: [dilation], pads: [pad] }).node;
  const attributes = { form, h, w, mean, std, channels: 'rgb', tile: null, ...own } as const;
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
  random(draw) {
    const spec = draw.from(Object.values(specs));
    const [kh, kw] = spec.kernel ?? [3, 3];
    const o = draw.int(1, 25);
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
