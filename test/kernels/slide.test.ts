// Convolutions of any geometry: uneven pads and strides, long kernels, groups of any width. Data only: conformance.test.ts runs it.
import { type Activation, type Geometry, type Pair, relu } from '../../src/graph/graph.ts';
import { type Draw, drawPlace, ends, type KernelTable, map, node, type Row, slopes, tensor } from './table.ts';

export interface SlideSpec extends Pick<Row, 'join' | 'most' | 'fill'> {
  readonly kernel?: Pair;
  readonly strides?: Pair;
  readonly dilations?: Pair;
  /** Before and behind, rows and columns. */
  readonly pads?: Pair;
  readonly behind?: Pair;
  readonly groups?: number;
  readonly bias?: boolean;
  readonly activation?: Activation;
}

/** Output length of a window along an axis. */
export function lengthOf(size: number, k: number, s: number, d: number, before: number, behind: number): number {
  return Math.floor((size + before + behind - d * (k - 1) - 1) / s) + 1;
}

/** A convolution of i channels to o on an h×w map. */
export function slideRow(name: string, [i, o, h, w]: readonly [number, number, number, number], spec: SlideSpec = {}): Row {
  const { kernel = [3, 3], strides = [1, 1], dilations = [1, 1], pads = [1, 1], behind = pads, groups = 1, bias = true } = spec;
  const geometry: Geometry = { kernel, strides, dilations: [dilations], pads: [[...pads, ...behind]], groups };
  const { activation, join, most, fill } = spec;
  const constants = {
    weight: tensor('weight', o, i / groups, ...kernel),
    ...(bias ? { bias: tensor('bias', o) } : {}),
    ...slopes(activation, o),
  };
  const attributes = { geometry, fused: activation ? { activation } : {} };
  return { name, node: node('conv', { attributes, constants }), inputs: { x: map(i, h, w) }, join, most, fill };
}

/** Strides, dilations and pads that leave something of every map. */
export function drawSliding(draw: Draw): Pick<SlideSpec, 'strides' | 'dilations' | 'pads' | 'behind'> {
  const pair = (low: number, high: number): Pair => [draw.int(low, high), draw.int(low, high)];
  return { strides: pair(1, 3), dilations: pair(1, 2), pads: pair(2, 3), behind: pair(2, 4) };
}

export const table: KernelTable = {
  kernel: 'slide',
  tolerance: { f32: 2e-6, half: 1.5e-3, why: 'a float32 sum of up to a hundred products; a stored half is off by 2^-10' },
  rows: [
    slideRow('one pixel', [4, 2, 1, 1], { groups: 2 }),
    slideRow('dense, rows and columns apart', [5, 7, 6, 5], { strides: [1, 2] }),
    slideRow('a row of seven', [4, 6, 5, 9], { kernel: [1, 7], pads: [0, 3] }),
    slideRow('a column of five, relu', [8, 8, 9, 4], { kernel: [5, 1], pads: [2, 0], activation: relu }),
    slideRow('pads behind alone', [3, 5, 8, 7], { pads: [0, 0], behind: [1, 1], strides: [2, 1], bias: false }),
    slideRow('uneven everything', [6, 4, 11, 9], { strides: [2, 1], dilations: [1, 2], pads: [1, 2], behind: [2, 0] }),
    slideRow('two groups of 3 to 4', [6, 8, 5, 7], { groups: 2 }),
    slideRow('three groups of 2 to 3, relu', [6, 9, 4, 6], { groups: 3, activation: relu }),
    slideRow('groups of 4 to 8', [12, 24, 5, 5], { groups: 3 }),
    slideRow('a dilation beyond the map', [8, 8, 5, 5], { dilations: [6, 5], pads: [6, 5] }),
    slideRow('1×1 with uneven pads', [4, 8, 3, 3], { kernel: [1, 1], pads: [1, 0] }),
    slideRow('prelu', [6, 10, 5, 5], { groups: 2, activation: ends('prelu') }),
    slideRow('clipped off zero', [6, 9, 5, 5], { groups: 3, activation: ends('clip', 0.1, 0.4) }),
    slideRow('into a join', [6, 6, 5, 5], { groups: 2, join: { from: 8, c: 20 } }),
    slideRow('folded grid', [6, 9, 9, 8], { groups: 3, most: 2 }),
  ],
  random(draw) {
    // Of one group, and of one channel a group, others' kernels make most.
    const [groups, each, inputs] = [draw.int(2, 3), draw.int(1, 8), draw.from([2, 3, 4, 8])];
    const c = groups * each;
    const spec = { groups, ...drawSliding(draw), ...drawPlace(draw, c) };
    return slideRow('', [groups * inputs, c, draw.int(3, 12), draw.int(3, 12)], spec);
  },
};
