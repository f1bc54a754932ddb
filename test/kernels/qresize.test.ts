// The resize of codes: every number exactly. Data only: conformance.test.ts runs it.
import { codes, drawPlace, drawSize, type KernelTable, node, type Row } from './table.ts';

type Size = readonly [number, number];

function row(name: string, c: number, [xh, xw]: Size, [h, w]: Size, place: Pick<Row, 'join' | 'most' | 'fill'> = {}): Row {
  const attributes = { h, w, from: { scale: 0.0131, zero: -128 }, to: { scale: 0.0117, zero: -100 } };
  return { name, node: node('qresize', { attributes }), inputs: { x: codes(c, xh, xw) }, ...place };
}

export const table: KernelTable = {
  kernel: 'qresize',
  tolerance: { f32: 0, half: 0, why: 'whole numbers' },
  rows: [
    row('twice', 8, [3, 4], [6, 8]),
    row('twice less one', 5, [4, 5], [7, 9]),
    row('from one pixel', 12, [1, 1], [3, 5]),
    row('to one pixel', 3, [5, 3], [1, 1]),
    row('smaller', 8, [9, 7], [4, 5]),
    row('into a join', 8, [3, 3], [5, 6], { join: { from: 8, c: 16 } }),
    row('largest codes', 4, [2, 3], [5, 7], { fill: () => 127 }),
    row('folded grid', 24, [6, 7], [12, 14], { most: 2 }),
  ],
  random(draw) {
    const [from, to] = [drawSize(draw, 9), drawSize(draw)];
    const c = draw.int(1, 25);
    return row('', c, [from.h, from.w], [to.h, to.w], drawPlace(draw, c));
  },
};
