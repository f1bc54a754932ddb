// The 2×2 average and maximum whose last windows overhang odd maps. Data only: conformance.test.ts runs it.
import { drawPlace, drawSize, type KernelTable, map, node, type Row } from './table.ts';

type Size = readonly [number, number, number];
type Op = 'pool' | 'maxpool';

function row(name: string, op: Op, [c, h, w]: Size, place: Pick<Row, 'join' | 'most' | 'fill'> = {}): Row {
  return { name, node: node(op, { attributes: {} }), inputs: { x: map(c, h, w) }, ...place };
}

export const table: KernelTable = {
  kernel: 'pool',
  tolerance: {
    f32: 3e-7,
    half: 1e-3,
    why: 'three float32 sums and a product by a power of two; a stored half is off by at most 2^-10',
  },
  rows: [
    row('one pixel', 'pool', [3, 1, 1]),
    row('one column', 'pool', [12, 5, 1]),
    row('one row', 'pool', [5, 1, 6]),
    row('odd map', 'pool', [19, 5, 7]),
    row('even map', 'pool', [24, 6, 8]),
    row('odd height', 'pool', [8, 3, 4]),
    row('odd width', 'pool', [21, 4, 3]),
    row('into a join', 'pool', [12, 5, 5], { join: { from: 8, c: 24 } }),
    row('folded grid', 'pool', [24, 13, 11], { most: 2 }),
    row('maximum, one pixel', 'maxpool', [3, 1, 1]),
    row('maximum, one column', 'maxpool', [12, 5, 1]),
    row('maximum, one row', 'maxpool', [5, 1, 6]),
    row('maximum, odd map', 'maxpool', [19, 5, 7]),
    row('maximum, even map', 'maxpool', [64, 6, 8]),
    // A window that took zeros for what overhangs would answer 0.
    row('maximum, all negative', 'maxpool', [5, 3, 5], { fill: (_, i) => -1 - (i % 7) }),
    row('maximum, into a join', 'maxpool', [12, 5, 5], { join: { from: 8, c: 24 } }),
    row('maximum, folded grid', 'maxpool', [24, 13, 11], { most: 2 }),
  ],
  random(draw) {
    const { h, w } = drawSize(draw);
    const c = draw.int(1, 25);
    return row('', draw.from(['pool', 'maxpool'] as const), [c, h, w], drawPlace(draw, c));
  },
};
