// Logits to classes: class counts and widths that fill no quad, rows longer than their padding's grain, exact ties. Data only:
// conformance.test.ts runs it.
import { type Decision, largest } from '../../src/graph/decision.ts';
import { drawSize, type KernelTable, map, node, type Row } from './table.ts';

type Size = readonly [number, number];

function row(
  name: string,
  classes: number,
  [h, w]: Size,
  to: Size,
  rest: Pick<Row, 'fill' | 'most'> = {},
  decision = largest,
): Row {
  const attributes = { h: to[0], w: to[1], ...decision };
  return { name, node: node('classify', { attributes }), inputs: { x: map(classes, h, w) }, ...rest };
}

/** At the logits' own size. */
function argmax(name: string, classes: number, h: number, w: number, attributes = largest): Row {
  return { name, node: node('argmax', { attributes }), inputs: { x: map(classes, h, w) } };
}

/** Of one channel, a logit or a probability. */
const logit = (threshold: number): Decision => ({ threshold, activation: 'sigmoid' });
const probability = (threshold: number): Decision => ({ threshold, activation: 'none' });

export const table: KernelTable = {
  kernel: 'classify',
  tolerance: {
    f32: 3e-6,
    half: 3e-6,
    why: 'another class may win only where two scores are nearer than their rounding; an exact tie is the lowest index',
  },
  rows: [
    row('one pixel', 2, [1, 1], [1, 1]),
    row('one pixel to many', 5, [1, 1], [3, 6]),
    row('2 classes', 2, [3, 5], [9, 17]),
    row('5 classes', 5, [2, 3], [8, 12]),
    row('11 classes, camvid', 11, [5, 7], [18, 25]),
    row('19 classes, cityscapes', 19, [3, 5], [12, 20]),
    row('21 classes, voc', 21, [4, 3], [13, 11]),
    row('three pixels wide', 19, [2, 2], [5, 3]),
    row('one column', 11, [4, 1], [13, 1]),
    row('shrinking', 5, [9, 11], [4, 5]),
    row('rows of 257 pixels', 5, [1, 3], [2, 257]),
    row('all equal', 19, [2, 3], [4, 7], { fill: () => 0.25 }),
    row('all negative and equal', 11, [2, 2], [4, 4], { fill: () => -3 }),
    // Channels 0, 3, 6 … are equal, and so are the others among themselves.
    row('ties among some', 11, [3, 3], [7, 7], { fill: (_, i) => ((Math.floor(i / 9) % 3) * 7 + (i % 9)) % 5 }),
    argmax('argmax, one pixel', 3, 1, 1),
    argmax('argmax, odd map', 19, 5, 7),
    argmax('argmax, a row of 259 pixels', 21, 2, 259),
    row('folded grid', 11, [5, 7], [33, 29], { most: 2 }),
    row('one channel, a logit', 1, [3, 5], [12, 19], {}, logit(0.5)),
    row('one channel, threshold 0.3', 1, [4, 3], [9, 7], {}, logit(0.3)),
    row('one channel, threshold 0.999', 1, [3, 3], [7, 9], { fill: (_, i) => 3 * i - 2 }, logit(0.999)),
    row('one channel, a probability', 1, [3, 4], [11, 6], { fill: (_, i) => (i % 7) / 6 }, probability(0.4)),
    row('one channel, all at the threshold', 1, [2, 2], [5, 6], { fill: () => 0 }, logit(0.5)),
    row('one channel, all above', 1, [1, 1], [3, 3], { fill: () => 40 }, logit(0.9)),
    row('one channel, four times as large', 1, [3, 5], [12, 20], {}, logit(0.45)),
    argmax('one channel at its own size', 1, 3, 7, logit(0.55)),
  ],
  random(draw) {
    const [from, to] = [drawSize(draw, 9), drawSize(draw, 40)];
    if (draw.once(4)) return argmax('', draw.int(1, 24), from.h, from.w);
    if (draw.once(4)) return row('', 1, [from.h, from.w], [to.h, to.w], {}, draw.from([logit, probability])(draw.int(1, 19) / 20));
    return row('', draw.int(1, 24), [from.h, from.w], [to.h, to.w]);
  },
};
