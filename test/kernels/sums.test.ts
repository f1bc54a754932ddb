// Sums of every channel over strips: one pixel a strip, one strip, strips of unequal length. Data only: conformance.test.ts runs it.
import { drawSize, type KernelTable, map, node, type Row } from './table.ts';

function row(name: string, [c, h, w]: readonly [number, number, number], strips: number, most?: number): Row {
  return { name, node: node('sums', { attributes: { strips } }), inputs: { x: map(c, h, w) }, most };
}

export const table: KernelTable = {
  kernel: 'sums',
  tolerance: { f32: 2e-6, half: 2e-6, why: 'float32 sums of up to 260 numbers in every precision' },
  rows: [
    row('one pixel', [3, 1, 1], 1),
    row('one strip', [12, 33, 1], 1),
    row('a pixel a strip', [5, 3, 7], 21),
    row('strips of unequal length', [19, 5, 7], 8),
    row('many pixels', [8, 64, 65], 16),
    row('folded grid', [300, 3, 3], 4, 2),
  ],
  random(draw) {
    const { h, w } = drawSize(draw);
    return row('', [draw.int(1, 40), h, w], draw.int(1, h * w));
  },
};
