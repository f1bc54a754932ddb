// Bilinear resizes up, down, to and from one pixel. Data only: conformance.test.ts runs it.
import { drawPlace, drawSize, type KernelTable, map, node, type Row } from './table.ts';

type Size = readonly [number, number];

function row(name: string, c: number, [h, w]: Size, to: Size, place: Pick<Row, 'join' | 'most'> = {}): Row {
  const attributes = { h: to[0], w: to[1] };
  return { name, node: node('resize', { attributes }), inputs: { x: map(c, h, w) }, ...place };
}

export const table: KernelTable = {
  kernel: 'upsample',
  tolerance: {
    f32: 3e-6,
    half: 1e-3,
    why: 'a source position near 20 has 2^-20 left for its fraction, which weighs two pixels that differ by up to 2',
  },
  rows: [
    row('one pixel to one', 3, [1, 1], [1, 1]),
    row('one pixel to many', 5, [1, 1], [4, 7]),
    row('many to one pixel', 12, [5, 7], [1, 1]),
    row('same size', 19, [3, 5], [3, 5]),
    row('twice', 24, [3, 4], [6, 8]),
    row('twice but odd', 8, [3, 4], [5, 7]),
    row('four times', 19, [2, 3], [8, 12]),
    row('one column', 12, [5, 1], [9, 1]),
    row('one row', 5, [1, 5], [1, 13]),
    row('odd down', 21, [7, 9], [3, 4]),
    row('up and down', 8, [9, 2], [4, 11]),
    row('into a join', 12, [3, 3], [5, 6], { join: { from: 4, c: 24 } }),
    row('folded grid', 24, [5, 7], [9, 13], { most: 3 }),
  ],
  random(draw) {
    const [from, to] = [drawSize(draw), drawSize(draw, 23)];
    const c = draw.int(1, 25);
    return row('', c, [from.h, from.w], [to.h, to.w], drawPlace(draw, c));
  },
};
