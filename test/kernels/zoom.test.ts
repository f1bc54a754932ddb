// Zooms cut and continued, and with the softmax before and the argmax behind. Data only: conformance.test.ts runs it.
import { largest } from '../../src/graph/decision.ts';
import { drawChannels, drawPlace, drawSize, type KernelTable, map, node, type Row } from './table.ts';

type Size = readonly [number, number];

interface More extends Pick<Row, 'fill' | 'join' | 'most'> {
  readonly classes?: boolean;
  readonly threshold?: number;
}

function row(
  name: string,
  c: number,
  [h, w]: Size,
  scale: number,
  to: Size,
  { classes = false, threshold, ...rest }: More = {},
): Row {
  const attributes = { scale, h: to[0], w: to[1], classes, ...largest, ...(threshold && { threshold }) };
  return { name, node: node('zoom', { attributes }), inputs: { x: map(c, h, w) }, ...rest };
}

const classes = true;

export const table: KernelTable = {
  kernel: 'zoom',
  tolerance: {
    f32: 3e-6,
    half: 1e-3,
    why: 'weights of thirds are off by 2^-25; another class may win only where two probabilities are nearer than exp is exact',
  },
  rows: [
    row('one pixel to one', 3, [1, 1], 8, [1, 1]),
    row('one pixel to many', 5, [1, 1], 8, [8, 7]),
    row('scale 1', 19, [3, 5], 1, [3, 5]),
    row('whole blocks', 24, [3, 4], 8, [24, 32]),
    row('cut', 19, [3, 4], 8, [18, 27]),
    row('cut to less than a block', 8, [2, 2], 8, [3, 5]),
    row('continued', 11, [2, 3], 8, [21, 40]),
    row('scale 3', 21, [3, 3], 3, [8, 10]),
    row('one column', 12, [5, 1], 2, [9, 3]),
    row('one row', 1, [1, 5], 3, [2, 13]),
    row('into a join', 12, [3, 3], 2, [5, 6], { join: { from: 4, c: 24 } }),
    row('folded grid', 24, [5, 7], 3, [9, 13], { most: 3 }),
    row('classes, one pixel', 2, [1, 1], 8, [1, 1], { classes }),
    row('classes, one cell to many pixels', 5, [1, 1], 8, [8, 11], { classes }),
    row('classes, one class', 1, [2, 3], 8, [9, 17], { classes }),
    row('classes, 11, camvid', 11, [3, 4], 8, [24, 30], { classes }),
    row('classes, 19, scale 1', 19, [5, 7], 1, [5, 7], { classes }),
    row('classes, 21, voc, cut', 21, [3, 3], 8, [18, 23], { classes }),
    row('classes, continued', 11, [2, 2], 8, [22, 35], { classes }),
    row('classes, three pixels wide', 5, [2, 2], 2, [4, 3], { classes }),
    row('classes, one column', 11, [4, 1], 3, [11, 1], { classes }),
    // A word's pixels lie between several cells.
    row('classes, scale 3', 11, [3, 5], 3, [9, 14], { classes }),
    row('classes, rows of 257 pixels', 5, [1, 33], 8, [2, 257], { classes }),
    row('classes, all equal', 19, [2, 3], 8, [9, 17], { classes, fill: () => 0.25 }),
    row('classes, all far below zero', 11, [2, 2], 8, [9, 9], { classes, fill: (_, i) => -500 - ((i * 3) % 5) }),
    // Each cell has one class, and between cells two or four tie.
    row('classes, saturated', 21, [4, 4], 8, [30, 31], {
      classes,
      fill: (_, i) => (Math.floor(i / 16) === (7 * (i % 16)) % 21 ? 400 : -400),
    }),
    row('classes, ties among some', 11, [3, 3], 2, [6, 6], {
      classes,
      fill: (_, i) => ((Math.floor(i / 9) % 3) * 7 + (i % 9)) % 5,
    }),
    row('one channel, a logit', 1, [3, 4], 8, [24, 30], { classes, threshold: 0.5 }),
    row('one channel, threshold 0.6, cut', 1, [3, 3], 3, [8, 7], { classes, threshold: 0.6 }),
    // Between cells the mean of probabilities is on another side than that of logits.
    row('one channel, saturated', 1, [4, 4], 8, [32, 30], { classes, threshold: 0.3, fill: (_, i) => (i % 3 ? -600 : 200) }),
    row('classes, folded grid', 11, [3, 5], 8, [23, 29], { classes, most: 2 }),
  ],
  random(draw) {
    const from = drawSize(draw, 7);
    const scale = draw.from([1, 3, 8]);
    const c = drawChannels(draw, draw.from([1, 8, 11, 19, 21]));
    // Up to a block more than there is.
    const to: Size = [draw.int(1, (from.h + 1) * scale), draw.int(1, (from.w + 1) * scale)];
    const size: Size = [from.h, from.w];
    return draw.once(2)
      ? row('', c, size, scale, to, { classes, most: draw.once(4) ? 1 : undefined })
      : row('', c, size, scale, to, drawPlace(draw, c));
  },
};
