// Resizes by tables of one to four places, whatever they hold. Data only: conformance.test.ts runs it.
import { drawPlace, drawSize, type KernelTable, map, node, type Row, tensor } from './table.ts';

type Size = readonly [number, number];

function row(name: string, c: number, [h, w]: Size, to: Size, taps: Size, place: Pick<Row, 'join' | 'most'> = {}): Row {
  const constants = { rows: tensor('rows', to[0], taps[0], 2), columns: tensor('columns', to[1], taps[1], 2) };
  // Places and weights in turn; the places follow no rule, as those of no resize do.
  const constant = (tensor: string, i: number): number => (i % 2 ? ((i * 13) % 17) / 17 : (i * 7) % (tensor === 'rows' ? h : w));
  const attributes = { h: to[0], w: to[1] };
  return { name, node: node('resample', { attributes, constants }), inputs: { x: map(c, h, w) }, constant, ...place };
}

export const table: KernelTable = {
  kernel: 'resample',
  tolerance: { f32: 2e-6, half: 1e-3, why: 'a float32 sum of sixteen products at most; a stored half is off by 2^-10' },
  rows: [
    row('one pixel', 3, [1, 1], [1, 1], [1, 1]),
    row('nearest, up', 12, [3, 4], [6, 8], [1, 1]),
    row('linear, up', 19, [3, 4], [5, 7], [2, 2]),
    row('linear, down', 5, [9, 7], [4, 3], [2, 2]),
    row('cubic', 8, [5, 6], [7, 9], [4, 4]),
    row('one axis alone', 21, [5, 7], [5, 11], [1, 2]),
    row('into a join', 12, [3, 3], [5, 6], [2, 2], { join: { from: 4, c: 24 } }),
    row('folded grid', 24, [5, 7], [9, 13], [2, 2], { most: 3 }),
  ],
  random(draw) {
    const [from, to] = [drawSize(draw), drawSize(draw, 23)];
    const c = draw.int(1, 25);
    const taps = draw.from([
      [1, 1],
      [2, 2],
      [4, 4],
    ] as const);
    return row('', c, [from.h, from.w], [to.h, to.w], taps, drawPlace(draw, c));
  },
};
