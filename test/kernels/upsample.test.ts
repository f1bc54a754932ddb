// Resizes up, down, to and from one pixel, in every mode. Data only: conformance.test.ts runs it.
import type { Resampling } from '../../src/graph/graph.ts';
import { drawPlace, drawSize, type KernelTable, map, node, type Row } from './table.ts';

type Size = readonly [number, number];

interface More extends Pick<Row, 'join' | 'most'> {
  readonly mode?: Resampling;
}

function row(name: string, c: number, [h, w]: Size, to: Size, { mode = 'half-pixel', ...place }: More = {}): Row {
  const attributes = { h: to[0], w: to[1], mode };
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
    row('corners, twice', 12, [3, 4], [6, 8], { mode: 'corners' }),
    row('corners, down', 5, [7, 9], [3, 4], { mode: 'corners' }),
    row('corners, to one pixel', 8, [5, 3], [1, 1], { mode: 'corners' }),
    row('corners, from one pixel', 3, [1, 1], [4, 7], { mode: 'corners' }),
    row('corners, one row', 19, [1, 5], [1, 13], { mode: 'corners' }),
    row('nearest, twice', 12, [3, 4], [6, 8], { mode: 'nearest' }),
    row('nearest, odd', 8, [3, 4], [5, 7], { mode: 'nearest' }),
    row('nearest, down', 5, [7, 9], [3, 4], { mode: 'nearest' }),
    row('nearest, into a join', 12, [3, 3], [5, 6], { mode: 'nearest', join: { from: 4, c: 24 } }),
  ],
  random(draw) {
    const [from, to] = [drawSize(draw), drawSize(draw, 23)];
    const c = draw.int(1, 25);
    const mode = draw.from(['half-pixel', 'corners', 'nearest'] as const);
    return row('', c, [from.h, from.w], [to.h, to.w], { mode, ...drawPlace(draw, c) });
  },
};
