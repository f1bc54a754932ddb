// Transposed convolutions: with gaps between kernels, in groups, cut and continued. Data only: conformance.test.ts runs it.
import type { Activation, Pair } from '../../src/graph/graph.ts';
import { drawPlace, ends, type KernelTable, map, node, type Row, slopes, tensor } from './table.ts';

interface Spec extends Pick<Row, 'join' | 'most'> {
  readonly kernel?: Pair;
  readonly strides?: Pair;
  readonly dilations?: Pair;
  readonly pads?: Pair;
  /** Taken from the full length at the end. */
  readonly cut?: Pair;
  readonly groups?: number;
  readonly bias?: boolean;
  readonly scale?: boolean;
  readonly activation?: Activation;
}

function row(name: string, [i, o, h, w]: readonly [number, number, number, number], spec: Spec = {}): Row {
  const {
    kernel = [2, 2],
    strides = [2, 2],
    dilations = [1, 1],
    pads = [0, 0],
    cut = pads,
    groups = 1,
    bias = true,
    scale = false,
    activation,
  } = spec;
  const along = (axis: 0 | 1, size: number): number =>
    (size - 1) * strides[axis] + dilations[axis] * (kernel[axis] - 1) + 1 - pads[axis] - cut[axis];
  const fused = activation ? { activation } : {};
  const attributes = { kernel, strides, dilations, pads, groups, h: along(0, h), w: along(1, w), fused };
  const constants = {
    weight: tensor('weight', i, o / groups, ...kernel),
    ...(bias ? { bias: tensor('bias', o) } : {}),
    ...(scale ? { scale: tensor('scale', o) } : {}),
    ...slopes(activation, o),
  };
  return {
    name,
    node: node('transposed', { attributes, constants }),
    inputs: { x: map(i, h, w) },
    join: spec.join,
    most: spec.most,
  };
}

export const table: KernelTable = {
  kernel: 'transposed',
  tolerance: { f32: 2e-6, half: 1.5e-3, why: 'a float32 sum of up to a hundred products; a stored half is off by 2^-10' },
  rows: [
    row('one pixel', [3, 2, 1, 1]),
    row('twice', [5, 7, 4, 3]),
    row('4×4, stride 2, pads 1', [8, 4, 5, 6], { kernel: [4, 4], pads: [1, 1] }),
    row('3×3, stride 1', [6, 8, 5, 5], { kernel: [3, 3], strides: [1, 1], pads: [1, 1] }),
    row('5×5, stride 3, uneven end', [4, 6, 4, 5], { kernel: [5, 5], strides: [3, 3], pads: [1, 1], cut: [-1, 1] }),
    row('stride wider than the kernel', [5, 3, 4, 4], { strides: [3, 3], bias: false }),
    row('dilated', [3, 5, 4, 6], { kernel: [3, 3], dilations: [2, 1] }),
    row('two groups of 3 to 2', [6, 4, 5, 4], { groups: 2, kernel: [3, 3] }),
    row('a group a channel', [9, 9, 5, 4], { groups: 9, kernel: [4, 4], pads: [1, 1] }),
    row('a factor a channel', [5, 7, 4, 3], { scale: true }),
    row('a factor a channel, in groups', [6, 4, 5, 4], { groups: 2, kernel: [3, 3], scale: true, bias: false }),
    row('groups of whole quads', [8, 16, 3, 4], { groups: 2, kernel: [3, 3] }),
    row('prelu', [5, 7, 4, 3], { activation: ends('prelu') }),
    row('into a join', [5, 6, 4, 4], { join: { from: 4, c: 16 } }),
    row('folded grid', [4, 9, 6, 7], { most: 2 }),
  ],
  random(draw) {
    const groups = draw.int(1, 3);
    const [i, o] = [groups * draw.int(1, 5), groups * draw.int(1, 5)];
    const size = draw.from([2, 3]);
    const spec = {
      groups,
      kernel: [size, size] as const,
      strides: [draw.int(1, 3), draw.int(1, 3)] as const,
      ...drawPlace(draw, o),
    };
    return row('', [i, o, draw.int(1, 7), draw.int(1, 7)], spec);
  },
};
