// Maxima and means of windows of every form, at every edge. Data only: conformance.test.ts runs it.
import { lengthOf } from './slide.test.ts';
import { drawPlace, type KernelTable, map, node, type Row } from './table.ts';

type Pair = readonly [number, number];

interface Spec extends Pick<Row, 'join' | 'most' | 'fill'> {
  readonly kernel?: Pair;
  readonly strides?: Pair;
  readonly dilations?: Pair;
  readonly pads?: Pair;
  readonly behind?: Pair;
  readonly counted?: boolean;
  /** Rows and columns more than fit: a last window that overhangs. */
  readonly more?: Pair;
}

function row(name: string, kind: 'max' | 'mean', [c, h, w]: readonly [number, number, number], spec: Spec = {}): Row {
  const { kernel = [3, 3], strides = [2, 2], dilations = [1, 1], pads = [1, 1], behind = pads, more = [0, 0] } = spec;
  const along = (axis: 0 | 1, size: number): number =>
    lengthOf(size, kernel[axis], strides[axis], dilations[axis], pads[axis], behind[axis]) + more[axis];
  const counted = spec.counted ? behind : null;
  const attributes = { kind, kernel, strides, dilations, pads, counted, h: along(0, h), w: along(1, w) };
  const { join, most, fill } = spec;
  return { name, node: node('window', { attributes }), inputs: { x: map(c, h, w) }, join, most, fill };
}

export const table: KernelTable = {
  kernel: 'window',
  tolerance: { f32: 1e-6, half: 1e-3, why: 'a float32 sum of 25 numbers and a quotient; a stored half is off by 2^-10' },
  rows: [
    row('one pixel', 'max', [3, 1, 1]),
    row('maximum 3×3, stride 2', 'max', [19, 7, 9]),
    row('maximum, all negative', 'max', [5, 5, 6], { fill: (_, i) => -1 - (i % 7) }),
    row('maximum, overhanging', 'max', [8, 6, 8], { pads: [0, 0], more: [1, 1] }),
    row('maximum, dilated', 'max', [12, 9, 8], { dilations: [2, 3], strides: [1, 1], pads: [1, 1] }),
    row('maximum 2×3, uneven', 'max', [6, 8, 9], { kernel: [2, 3], strides: [1, 2], pads: [0, 1], behind: [1, 0] }),
    row('mean of what is there', 'mean', [5, 7, 8]),
    row('mean, pads counted', 'mean', [24, 7, 8], { counted: true }),
    row('mean, pads counted, overhanging', 'mean', [5, 8, 9], { kernel: [4, 4], strides: [3, 3], counted: true, more: [1, 1] }),
    row('mean 5×5, stride 2', 'mean', [8, 9, 11], { kernel: [5, 5], pads: [2, 2], counted: true }),
    row('mean, one pixel', 'mean', [3, 1, 1]),
    row('into a join', 'mean', [12, 5, 5], { join: { from: 8, c: 24 } }),
    row('folded grid', 'max', [24, 13, 11], { most: 2 }),
  ],
  random(draw) {
    const c = draw.int(1, 25);
    const k = draw.from([2, 3]);
    const place = { strides: [draw.int(1, 3), draw.int(1, 3)] as const, counted: draw.once(2), ...drawPlace(draw, c) };
    const kind = draw.from(['max', 'mean'] as const);
    return row('', kind, [c, draw.int(2, 14), draw.int(2, 14)], {
      kernel: [k, k],
      ...place,
      ...(kind === 'max' ? { counted: false } : {}),
    });
  },
};
