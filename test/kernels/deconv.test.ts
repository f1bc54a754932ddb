// Transposed convolutions: kernels of one to three strides, one tile and many, whole and cut, as maps and as classes. Data only:
// conformance.test.ts runs it.
import { type Decision, largest } from '../../src/graph/decision.ts';
import { drawChannels, drawPlace, drawSize, type KernelTable, map, node, type Row, tensor } from './table.ts';

type Size = readonly [number, number];

/** Kernel, stride, padding. */
type Form = readonly [number, number, number];

interface More extends Pick<Row, 'fill' | 'join' | 'most'> {
  readonly tile?: Size;
  /** Default: all that there is. */
  readonly to?: Size;
  readonly classes?: boolean;
  /** Default: the largest channel. */
  readonly decision?: Decision;
}

function row(
  name: string,
  c: number,
  [h, w]: Size,
  form: Form,
  { tile, to, classes = false, decision = largest, ...rest }: More = {},
): Row {
  const [kernel, stride, pad] = form;
  const attributes = {
    kernel,
    stride,
    pad,
    h: to?.[0] ?? grown(h, tile?.[0], form),
    w: to?.[1] ?? grown(w, tile?.[1], form),
    tile: tile ? { h: tile[0], w: tile[1] } : null,
    classes,
    ...decision,
  };
  const constants = { weight: tensor('weight', c, 1, kernel, kernel) };
  return { name, node: node('deconv', { attributes, constants }), inputs: { x: map(c, h, w) }, ...rest };
}

/** Pixels that cells grow to along an axis. */
function grown(cells: number, tile: number | undefined, [kernel, stride, pad]: Form): number {
  const one = Math.min(tile ?? cells, cells);
  return Math.ceil(cells / one) * ((one - 1) * stride + kernel - 2 * pad);
}

/** DilatedNet's. */
const eight: Form = [16, 8, 4];
const twice: Form = [4, 2, 1];
const classes = true;

export const table: KernelTable = {
  kernel: 'deconv',
  tolerance: {
    f32: 1e-6,
    half: 1e-3,
    why: 'up to nine float32 products; another class may win only where two scores are nearer than their rounding; a half has 2^-10',
  },
  rows: [
    row('one cell', 3, [1, 1], eight),
    row('eight times', 19, [3, 4], eight),
    row('twice', 12, [5, 3], twice),
    row('twice, unpadded', 5, [3, 4], [4, 2, 0]),
    row('blocks', 8, [3, 3], [3, 3, 0]),
    row('blocks, padded', 21, [4, 3], [3, 3, 1]),
    row('stride 1', 24, [5, 7], [3, 1, 1]),
    row('three taps', 11, [4, 5], [6, 2, 1]),
    row('cut', 19, [3, 4], eight, { to: [18, 27] }),
    row('one column', 1, [5, 1], twice),
    row('one row', 12, [1, 5], twice),
    row('tiles', 19, [4, 6], eight, { tile: [2, 3] }),
    row('tiles of one cell', 11, [3, 4], twice, { tile: [1, 1] }),
    row('tiles of three taps', 8, [6, 6], [6, 2, 1], { tile: [3, 2] }),
    row('tiles that overhang, cut', 5, [5, 7], twice, { tile: [2, 3], to: [9, 13] }),
    row('tiles that overhang, whole', 5, [5, 7], twice, { tile: [2, 3] }),
    row('tiles of rows only', 12, [6, 3], twice, { tile: [2, 9] }),
    row('a tile larger than the map', 21, [3, 2], eight, { tile: [4, 5] }),
    row('into a join', 12, [3, 3], twice, { join: { from: 4, c: 24 } }),
    row('folded grid', 24, [5, 7], twice, { most: 3 }),
    row('classes, one cell', 2, [1, 1], eight, { classes }),
    row('classes, one class', 1, [2, 3], eight, { classes }),
    row('classes, 11', 11, [3, 4], twice, { classes }),
    row('classes, 19, cityscapes', 19, [3, 4], eight, { classes }),
    row('classes, 19, tiles', 19, [4, 6], eight, { classes, tile: [2, 3] }),
    row('classes, 21, cut', 21, [3, 3], eight, { classes, to: [18, 23] }),
    row('classes, tiles of one cell', 5, [3, 4], twice, { classes, tile: [1, 1] }),
    row('classes, tiles that overhang', 11, [5, 7], twice, { classes, tile: [2, 3], to: [9, 13] }),
    row('classes, a tile larger than the map', 11, [3, 2], eight, { classes, tile: [4, 5] }),
    row('classes, three taps', 11, [4, 5], [6, 2, 1], { classes }),
    row('classes, blocks', 5, [3, 3], [3, 3, 0], { classes }),
    row('classes, three pixels wide', 5, [2, 2], twice, { classes, to: [4, 3] }),
    row('classes, rows of 257 pixels', 5, [1, 33], eight, { classes, to: [2, 257] }),
    row('classes, all zero', 19, [2, 3], eight, { classes, fill: () => 0 }),
    // Where the others are negative, those without a logit tie.
    row('classes, ties among some', 11, [3, 3], twice, {
      classes,
      fill: (_, i) => (Math.floor(i / 9) % 3 === 0 ? ((i * 5) % 7) - 3 : 0),
    }),
    row('classes, saturated', 19, [4, 4], eight, { classes, fill: (_, i) => ((i * 7) % 5) * 200 - 400 }),
    row('one channel, a logit', 1, [3, 4], eight, { classes, decision: { threshold: 0.45, activation: 'sigmoid' } }),
    row('one channel, a probability, tiles', 1, [4, 5], twice, {
      classes,
      tile: [2, 3],
      fill: (_, i) => (i % 5) / 4,
      decision: { threshold: 0.2, activation: 'none' },
    }),
    row('classes, folded grid', 11, [5, 7], [4, 2, 0], { classes, most: 2 }),
  ],
  random(draw) {
    const { h, w } = drawSize(draw, 6);
    const form = draw.from([eight, twice, [3, 1, 1], [3, 3, 0], [6, 2, 1]] as const);
    const c = drawChannels(draw, draw.from([1, 8, 11, 19, 21]));
    const tile: Size | undefined = draw.once(2) ? [draw.int(1, h + 1), draw.int(1, w + 1)] : undefined;
    const to: Size = [draw.int(1, grown(h, tile?.[0], form)), draw.int(1, grown(w, tile?.[1], form))];
    return draw.once(2)
      ? row('', c, [h, w], form, { tile, to, classes, most: draw.once(4) ? 1 : undefined })
      : row('', c, [h, w], form, { tile, to, ...drawPlace(draw, c) });
  },
};
