// The 2×2 average whose last windows overhang odd maps. Data only: conformance.test.ts runs it.
import { drawPlace, drawSize, type KernelTable, map, node, type Row } from './table.ts';

function row(name: string, [c, h, w]: readonly [number, number, number], place: Pick<Row, 'join' | 'most'> = {}): Row {
  return { name, node: node('pool', { attributes: {} }), inputs: { x: map(c, h, w) }, ...place };
}

export const table: KernelTable = {
  kernel: 'pool',
  tolerance: {
    f32: 3e-7,
    half: 1e-3,
    why: 'three float32 sums and a product by a power of two; a stored half is off by at most 2^-10',
  },
  rows: [
    row('one pixel', [3, 1, 1]),
    row('one column', [12, 5, 1]),
    row('one row', [5, 1, 6]),
    row('odd map', [19, 5, 7]),
    row('even map', [24, 6, 8]),
    row('odd height', [8, 3, 4]),
    row('odd width', [21, 4, 3]),
    row('into a join', [12, 5, 5], { join: { from: 8, c: 24 } }),
    row('folded grid', [24, 13, 11], { most: 2 }),
  ],
  random(draw) {
    const { h, w } = drawSize(draw);
    const c = draw.int(1, 25);
    return row('', [c, h, w], drawPlace(draw, c));
  },
};
