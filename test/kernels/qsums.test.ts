// The sums of maps of codes: every number exactly. Data only: conformance.test.ts runs it.
import { codes, drawSize, type KernelTable, node, type Row } from './table.ts';

function row(name: string, [c, h, w]: readonly [number, number, number], strips: number, most?: number): Row {
  const attributes = { from: { scale: 0.0131, zero: -128 }, strips };
  return { name, node: node('qsums', { attributes }), inputs: { x: codes(c, h, w) }, most };
}

export const table: KernelTable = {
  kernel: 'qsums',
  tolerance: { f32: 0, half: 0, why: 'whole numbers, and one product' },
  rows: [
    row('one strip', [8, 3, 5], 1),
    row('a strip a tile', [12, 3, 17], 9),
    row('several tiles a strip', [20, 7, 19], 4),
    row('one pixel', [4, 1, 1], 1),
    row('folded grid', [24, 9, 9], 18, 1),
  ],
  random(draw) {
    const { h, w } = drawSize(draw);
    return row('', [4 * draw.int(1, 6), h, w], draw.int(1, h * Math.ceil(w / 8)));
  },
};
