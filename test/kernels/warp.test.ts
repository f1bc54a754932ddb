// Maps sampled where a flow points: within, across the border and far outside. Data only: conformance.test.ts runs it.
import type { Attributes } from '../../src/graph/graph.ts';
import { drawPlace, drawSize, type KernelTable, map, node, type Row } from './table.ts';

type Size = readonly [number, number];

/** `reach` is the largest flow, in pixels of the result or, `scaled`, in halves of the map. */
function row(
  name: string,
  c: number,
  [h, w]: Size,
  [fh, fw]: Size,
  reach: number,
  { corners = false, outside = 'zeros', scaled = false, ...place }: Partial<Attributes['warp']> & Pick<Row, 'join' | 'most'> = {},
): Row {
  return {
    name,
    node: node('warp', { inputs: { x: 'x', flow: 'flow' }, attributes: { corners, outside, scaled } }),
    inputs: { x: map(c, h, w), flow: map(2, fh, fw) },
    // Multiples of 1/8 are exact in every precision, so that only the sampling is judged.
    fill: (value, i) => (value === 'flow' ? (reach * (((i * 37) % 17) - 8)) / 8 : ((i * 29) % 31) / 16 - 1),
    ...place,
  };
}

export const table: KernelTable = {
  kernel: 'warp',
  tolerance: {
    f32: 1e-5,
    half: 1e-3,
    why: 'a position is a float32 near 20 after four roundings, and weighs two pixels that differ by up to 2',
  },
  rows: [
    row('one pixel', 3, [1, 1], [1, 1], 0),
    row('one pixel to many', 5, [1, 1], [4, 7], 1),
    row('no flow', 12, [3, 5], [6, 10], 0),
    row('twice', 64, [3, 4], [6, 8], 1),
    row('across the border', 19, [5, 7], [9, 13], 4),
    row('far outside', 8, [3, 3], [5, 5], 4096),
    row('one row', 12, [1, 6], [1, 11], 2),
    row('one column', 5, [6, 1], [11, 1], 2),
    row('scaled, corners', 12, [5, 7], [9, 13], 0.5, { scaled: true, corners: true }),
    row('scaled, border', 5, [6, 4], [7, 9], 1, { scaled: true, outside: 'border' }),
    row('corners, reflection', 8, [5, 6], [7, 8], 9, { corners: true, outside: 'reflection' }),
    row('into a join', 12, [3, 3], [5, 6], 1, { join: { from: 4, c: 24 } }),
    row('folded grid', 24, [5, 7], [9, 13], 1, { most: 3 }),
  ],
  random(draw) {
    const [from, to] = [drawSize(draw, 9), drawSize(draw)];
    const c = draw.int(1, 25);
    return row('', c, [from.h, from.w], [to.h, to.w], draw.int(0, 4), drawPlace(draw, c));
  },
};
