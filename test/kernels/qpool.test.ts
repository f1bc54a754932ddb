// The 2×2 average of codes: every number exactly. Data only: conformance.test.ts runs it.
import { codes, drawPlace, drawSize, type KernelTable, node, type Row } from './table.ts';

function row(name: string, [c, h, w]: readonly [number, number, number], place: Pick<Row, 'join' | 'most'> = {}): Row {
  const attributes = { from: { scale: 0.0131, zero: -128 }, to: { scale: 0.0117, zero: 3 } };
  return { name, node: node('qpool', { attributes }), inputs: { x: codes(c, h, w) }, ...place };
}

export const table: KernelTable = {
  kernel: 'qpool',
  tolerance: { f32: 0, half: 0, why: 'whole numbers' },
  rows: [
    row('even', [8, 4, 6]),
    row('odd', [5, 5, 7]),
    row('one pixel', [12, 1, 1]),
    row('one row', [3, 1, 9]),
    row('into a join', [8, 3, 5], { join: { from: 4, c: 20 } }),
    row('folded grid', [24, 25, 27], { most: 2 }),
  ],
  random(draw) {
    const { h, w } = drawSize(draw);
    const c = draw.int(1, 25);
    return row('', [c, h, w], drawPlace(draw, c));
  },
};
