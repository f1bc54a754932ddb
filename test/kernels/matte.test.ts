// Mattes: sizes up and down, widths that fill no word, probabilities and logits, numbers beyond 0 and 1. Data only: conformance.test.ts runs it.
import { drawSize, type KernelTable, map, node, type Row } from './table.ts';

type Size = readonly [number, number];

function row(name: string, activation: 'none' | 'sigmoid', [h, w]: Size, to: Size, rest: Pick<Row, 'fill' | 'most'> = {}): Row {
  return { name, node: node('matte', { attributes: { h: to[0], w: to[1], activation } }), inputs: { x: map(1, h, w) }, ...rest };
}

export const table: KernelTable = {
  kernel: 'matte',
  tolerance: {
    f32: 1e-5,
    half: 1e-5,
    why: 'the nearest byte, unless the probability is as near to the next one as its rounding',
  },
  rows: [
    row('one pixel', 'sigmoid', [1, 1], [1, 1]),
    row('one pixel to many', 'none', [1, 1], [3, 6], { fill: () => 0.3 }),
    row('logits', 'sigmoid', [3, 5], [12, 19], { fill: (_, i) => ((i * 7) % 11) - 5 }),
    row('probabilities', 'none', [4, 3], [9, 7], { fill: (_, i) => ((i * 5) % 9) / 8 }),
    row('at its own size', 'none', [3, 7], [3, 7], { fill: (_, i) => i / 20 }),
    row('shrinking', 'sigmoid', [9, 11], [4, 5]),
    row('one column', 'sigmoid', [4, 1], [13, 1]),
    row('a row of 257 pixels', 'none', [1, 3], [2, 257], { fill: (_, i) => i / 2 }),
    row('beyond 0 and 1', 'none', [2, 2], [5, 6], { fill: (_, i) => 2 * i - 2 }),
    row('far out', 'sigmoid', [2, 3], [4, 6], { fill: (_, i) => (i % 2 ? 200 : -200) }),
    row('folded grid', 'none', [5, 7], [33, 29], { most: 2, fill: (_, i) => (i % 4) / 3 }),
  ],
  random(draw) {
    const [from, to] = [drawSize(draw, 9), drawSize(draw, 40)];
    return row('', draw.from(['none', 'sigmoid']), [from.h, from.w], [to.h, to.w]);
  },
};
