// Logits to probabilities: class counts that fill no quad, logits so far apart that all but one vanish. Data only: conformance.test.ts
// runs it.
import { drawChannels, drawPlace, drawSize, type KernelTable, map, node, type Row } from './table.ts';

function row(name: string, [c, h, w]: readonly [number, number, number], rest: Pick<Row, 'fill' | 'join' | 'most'> = {}): Row {
  return { name, node: node('softmax', { attributes: {} }), inputs: { x: map(c, h, w) }, ...rest };
}

export const table: KernelTable = {
  kernel: 'softmax',
  tolerance: {
    f32: 3e-6,
    half: 1e-3,
    why: 'WGSL lets exp(x) be off by 3 + 2|x| units in the last place, 7 for logits two apart; a stored half is off by at most 2^-10',
  },
  rows: [
    row('one class', [1, 3, 4]),
    row('one pixel', [2, 1, 1]),
    row('one row', [3, 1, 9]),
    row('whole quads', [8, 5, 4]),
    row('11 classes, camvid', [11, 5, 7]),
    row('19 classes, cityscapes', [19, 4, 3]),
    row('21 classes, voc', [21, 3, 5]),
    row('all equal', [19, 2, 3], { fill: () => 0.25 }),
    // A padded lane that counted would be the largest, and everything else 0 / 0.
    row('all far below zero', [11, 3, 3], { fill: (_, i) => -500 - (i % 4) }),
    // Steps of 250: the largest takes all, exactly, or several share it.
    row('saturated', [11, 3, 3], { fill: (_, i) => ((i * 7) % 11) * 250 - 1250 }),
    row('saturated, shared', [19, 3, 7], { fill: (_, i) => ((i * 7) % 5) * 250 - 500 }),
    row('saturated, one class', [1, 2, 2], { fill: (_, i) => 900 * (i - 1) }),
    row('the largest halves', [5, 2, 2], { fill: (_, i) => ((i * 5) % 3) * 65504 - 65504 }),
    row('into a join', [12, 3, 3], { join: { from: 4, c: 24 } }),
    row('folded grid', [11, 17, 13], { most: 2 }),
  ],
  random(draw) {
    const { h, w } = drawSize(draw);
    const c = drawChannels(draw, draw.from([1, 8, 11, 19, 21]));
    return row('', [c, h, w], drawPlace(draw, c));
  },
};
