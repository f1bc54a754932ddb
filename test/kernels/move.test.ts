// Numbers taken from anywhere: slices, turns, shuffles and joins at odd channels. Data only: conformance.test.ts runs it.
import { drawPlace, drawSize, type KernelTable, map, node, type Row, tensor } from './table.ts';

type Size = readonly [number, number, number];

function row(
  name: string,
  parts: readonly Size[],
  [c, h, w]: Size,
  more: Pick<Row, 'join' | 'most'> & { fill?: number } = {},
): Row {
  const { fill = 0, ...place } = more;
  // Within the smallest of the parts; with a fill some rows lie above it.
  const sizes = [0, 1, 2].map(axis => Math.min(...parts.map(part => part[axis])));
  const constant = (tensor: string, i: number): number => {
    const [axis, entry, n] = [['channels', 'rows', 'columns'].indexOf(tensor), i % 4, Math.floor(i / 4)];
    if (entry === 3) return axis === 0 ? n % parts.length : 0;
    if (fill && axis === 1 && n === 1) return -9;
    return entry === axis ? (n * 5 + 2) % sizes[axis] : 0;
  };
  const constants = { channels: tensor('channels', c, 4), rows: tensor('rows', h, 4), columns: tensor('columns', w, 4) };
  const inputs = Object.fromEntries(parts.map((_, n) => [String(n), `x${n}`]));
  const values = Object.fromEntries(parts.map((part, n) => [`x${n}`, map(...part)]));
  return { name, node: node('move', { attributes: { c, h, w, fill }, constants, inputs }), inputs: values, constant, ...place };
}

export const table: KernelTable = {
  kernel: 'move',
  tolerance: { f32: 0, half: 5e-4, why: 'numbers are moved, not changed; one that fills may round to half' },
  rows: [
    row('one number', [[1, 1, 1]], [1, 1, 1]),
    row('of one map', [[7, 4, 5]], [5, 6, 3]),
    row('more channels than there were', [[3, 2, 4]], [19, 4, 2]),
    row(
      'two maps',
      [
        [5, 4, 3],
        [7, 4, 3],
      ],
      [12, 4, 3],
    ),
    row(
      'three maps, filled',
      [
        [1, 3, 3],
        [2, 3, 3],
        [6, 3, 3],
      ],
      [9, 3, 3],
      { fill: 0.75 },
    ),
    row(
      'four maps',
      [
        [5, 4, 3],
        [3, 5, 6],
        [8, 4, 4],
        [13, 6, 7],
      ],
      [29, 5, 6],
    ),
    row(
      'into a join',
      [
        [5, 4, 3],
        [7, 4, 3],
      ],
      [12, 4, 3],
      { join: { from: 4, c: 24 } },
    ),
    row('folded grid', [[21, 7, 5]], [23, 9, 8], { most: 2 }),
  ],
  random(draw) {
    const { h, w } = drawSize(draw, 9);
    const c = draw.int(1, 25);
    const parts = Array.from({ length: draw.int(1, 4) }, () => [draw.int(1, 9), draw.int(1, 6), draw.int(1, 6)] as const);
    return row('', parts, [c, h, w], drawPlace(draw, c));
  },
};
