// Adaptive averages whose windows overlap, or outnumber the pixels. Data only: conformance.test.ts runs it.
import { drawPlace, drawSize, type KernelTable, map, node, type Row } from './table.ts';

function row(
  name: string,
  [c, h, w]: readonly [number, number, number],
  bins: number,
  place: Pick<Row, 'join' | 'most'> = {},
): Row {
  return { name, node: node('adaptive', { attributes: { bins } }), inputs: { x: map(c, h, w) }, ...place };
}

export const table: KernelTable = {
  kernel: 'adaptive',
  tolerance: {
    f32: 2e-6,
    half: 1e-3,
    why: 'float32 sums of up to 361 numbers in ±1, whose mean is small against the largest; a stored half is off by at most 2^-10',
  },
  rows: [
    row('one pixel to one', [3, 1, 1], 1),
    row('one pixel to six', [5, 1, 1], 6),
    row('global', [12, 5, 7], 1),
    row('whole windows', [8, 4, 6], 2),
    row('windows overlap', [19, 5, 7], 3),
    row('more windows than rows', [24, 4, 9], 6),
    row('one column', [12, 8, 1], 3),
    row('into a join', [12, 5, 5], 2, { join: { from: 8, c: 24 } }),
    row('folded grid', [24, 13, 11], 6, { most: 2 }),
  ],
  random(draw) {
    const { h, w } = drawSize(draw);
    const c = draw.int(1, 25);
    return row('', [c, h, w], draw.int(1, 7), drawPlace(draw, c));
  },
};
