// Float32 maps stored as others: odd widths, signs, inside a join. Data only: conformance.test.ts runs it.
import { drawPlace, drawSize, exact, type KernelTable, node, type Row } from './table.ts';

const row = (name: string, [c, h, w]: readonly [number, number, number], place: Pick<Row, 'join' | 'most'> = {}): Row => ({
  name,
  node: node('narrow', { attributes: {} }),
  inputs: { x: exact(c, h, w) },
  ...place,
});

export const table: KernelTable = {
  kernel: 'narrow',
  tolerance: {
    f32: 0,
    half: 5e-4,
    why: 'one rounding to how maps are stored: 2^-12 of a number in halves, 2^-13 of the largest of four in blocks',
  },
  rows: [
    row('one channel', [1, 3, 5]),
    row('whole quads', [8, 4, 3]),
    row('an odd number of quads', [11, 5, 4]),
    row('into a join', [8, 4, 4], { join: { from: 4, c: 24 } }),
    row('folded grid', [9, 12, 7], { most: 2 }),
  ],
  random(draw) {
    const c = draw.int(1, 17);
    const { h, w } = drawSize(draw);
    return row('', [c, h, w], drawPlace(draw, c));
  },
};
