// Maxima back in their places: by winners of windows side by side, overlapping and padded, some of them none. Data only: conformance.test.ts runs it.
import type { Pair } from '../../src/graph/graph.ts';
import { drawPlace, type KernelTable, map, node, type Row } from './table.ts';
import { type Spec, windowsOf } from './winners.test.ts';

function row(name: string, [c, h, w]: readonly [number, number, number], spec: Spec = {}): Row {
  const { geometry, rows, columns, place } = windowsOf(spec, h, w);
  const pooled = map(c, rows, columns);
  const made = node('unpool', { attributes: { ...geometry, h, w }, inputs: { x: 'x', winners: 'winners' } });
  const inputs = { x: pooled, winners: { ...pooled, kind: 'int8' as const } };
  return { name, node: made, inputs, fill: tapped(geometry.kernel), ...place };
}

/** Any tap, and at times none. */
const tapped =
  ([rows, columns]: Pair) =>
  (value: string, i: number): number =>
    value === 'x' ? 1 + (i % 97) / 8 : ((i * 7 + (i >> 3)) % (rows * columns + 1)) - 1;

export const table: KernelTable = {
  kernel: 'unpool',
  tolerance: { f32: 0, half: 0, why: 'numbers are moved, not changed' },
  rows: [
    row('one window', [3, 2, 2]),
    row('even map', [12, 6, 8]),
    row('odd map', [5, 7, 9]),
    row('nothing anywhere', [4, 6, 6], { fill: (value, i) => (value === 'x' ? i + 1 : -1) }),
    row('3×3, padded, overlapping', [8, 7, 6], { kernel: [3, 3], strides: [2, 2], pads: [1, 1] }),
    row('overlapping, stride 1', [6, 5, 5], { kernel: [2, 3], strides: [1, 1] }),
    row('dilated', [5, 9, 8], { kernel: [2, 2], strides: [2, 1], dilations: [2, 1] }),
    row('into a join', [12, 6, 4], { join: { from: 4, c: 24 } }),
    row('folded grid', [21, 12, 10], { most: 2 }),
  ],
  random(draw) {
    const c = draw.int(1, 25);
    const spec = { strides: [draw.int(1, 3), draw.int(1, 3)] as const, ...drawPlace(draw, c) };
    return row('', [c, draw.int(2, 11), draw.int(2, 11)], spec);
  },
};
