// Winning taps of windows side by side, overlapping and padded, with equals. Data only: conformance.test.ts runs it.
import type { Pair } from '../../src/graph/graph.ts';
import { lengthOf } from './slide.test.ts';
import { drawPlace, type KernelTable, map, node, type Row } from './table.ts';

export interface Spec extends Pick<Row, 'join' | 'most' | 'fill'> {
  readonly kernel?: Pair;
  readonly strides?: Pair;
  readonly dilations?: Pair;
  readonly pads?: Pair;
}

/** Windows that lie side by side unless it is said otherwise, how many there are of them on an h×w map, and where the row's value goes. */
export function windowsOf(spec: Spec, h: number, w: number) {
  const { kernel = [2, 2] as const, strides = kernel, dilations = [1, 1] as const, pads = [0, 0] as const, ...place } = spec;
  const along = (axis: 0 | 1, size: number): number =>
    lengthOf(size, kernel[axis], strides[axis], dilations[axis], pads[axis], pads[axis]);
  return { geometry: { kernel, strides, dilations, pads }, rows: along(0, h), columns: along(1, w), place };
}

function row(name: string, [c, h, w]: readonly [number, number, number], spec: Spec = {}): Row {
  const { geometry, rows, columns, place } = windowsOf(spec, h, w);
  const attributes = { ...geometry, h: rows, w: columns };
  return { name, node: node('winners', { attributes }), inputs: { x: map(c, h, w) }, ...place };
}

export const table: KernelTable = {
  kernel: 'winners',
  tolerance: { f32: 0, half: 0, why: 'whole numbers' },
  rows: [
    row('one window', [3, 2, 2]),
    row('even map', [12, 6, 8]),
    row('odd map', [5, 7, 9]),
    row('equals everywhere', [4, 6, 6], { fill: () => -1 }),
    row('3×3, padded, overlapping', [8, 7, 6], { kernel: [3, 3], strides: [2, 2], pads: [1, 1] }),
    row('overlapping, stride 1', [6, 5, 5], { kernel: [2, 3], strides: [1, 1] }),
    row('dilated', [5, 9, 8], { kernel: [2, 2], strides: [2, 1], dilations: [2, 1] }),
    row('128 taps', [3, 16, 8], { kernel: [16, 8], fill: (_, i) => i }),
    row('into a join', [12, 6, 4], { join: { from: 4, c: 24 } }),
    row('folded grid', [21, 12, 10], { most: 2 }),
  ],
  random(draw) {
    const c = draw.int(1, 25);
    const spec = { strides: [draw.int(1, 3), draw.int(1, 3)] as const, ...drawPlace(draw, c) };
    return row('', [c, draw.int(2, 11), draw.int(2, 11)], spec);
  },
};
