// The mean of every channel. Data only: conformance.test.ts runs it.
import { drawSize, type KernelTable, map, node, type Row } from './table.ts';

function row(name: string, [c, h, w]: readonly [number, number, number], most?: number): Row {
  return { name, node: node('mean', { attributes: {} }), inputs: { x: map(c, h, w) }, most };
}

export const table: KernelTable = {
  kernel: 'squeeze',
  tolerance: {
    f32: 3e-6,
    half: 1e-3,
    why: 'a float32 sum of numbers that nearly cancel: the mean is small beside its terms; a stored half is off by at most 2^-10',
  },
  rows: [
    row('one pixel', [3, 1, 1]),
    row('one column', [12, 33, 1]),
    row('one row', [5, 1, 33]),
    row('odd map', [19, 5, 7]),
    row('whole quads', [24, 4, 8]),
    row('more quads than a workgroup', [272, 3, 3]),
    row('many pixels', [8, 64, 65]),
    row('folded grid', [527, 2, 2], 2),
  ],
  random(draw) {
    const { h, w } = drawSize(draw);
    return row('', [draw.int(1, 40), h, w]);
  },
};
