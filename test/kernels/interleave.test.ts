// Channels as pixels: whole quads a phase and odd ones, uneven strides, cut on every side. Data only: conformance.test.ts runs it.
import type { Pair } from '../../src/graph/graph.ts';
import { drawPlace, type KernelTable, map, node, type Row } from './table.ts';

interface Spec extends Pick<Row, 'join' | 'most'> {
  readonly strides?: Pair;
  readonly cut?: Pair;
  /** Left out behind. */
  readonly behind?: Pair;
}

function row(name: string, [c, h, w]: readonly [number, number, number], spec: Spec = {}): Row {
  const { strides = [2, 2], cut = [0, 0], behind = [0, 0], ...place } = spec;
  const attributes = { strides, cut, h: h * strides[0] - cut[0] - behind[0], w: w * strides[1] - cut[1] - behind[1] };
  return { name, node: node('interleave', { attributes }), inputs: { x: map(c * strides[0] * strides[1], h, w) }, ...place };
}

export const table: KernelTable = {
  kernel: 'interleave',
  tolerance: {
    f32: 0,
    half: 1e-4,
    why: 'numbers are moved, not changed; in blocks a number rounds to the step of the quad it comes to',
  },
  rows: [
    row('one channel', [1, 3, 5]),
    row('whole quads', [8, 4, 3]),
    row('cut on all sides', [12, 4, 5], { cut: [1, 1], behind: [1, 1] }),
    row('21 channels, uneven', [21, 2, 3], { strides: [3, 2], cut: [2, 0], behind: [0, 1] }),
    row('along rows alone', [5, 3, 4], { strides: [1, 4], cut: [0, 3] }),
    row('out of one pixel', [6, 1, 1], { strides: [7, 5] }),
    row('into a join', [8, 4, 4], { join: { from: 4, c: 24 } }),
    row('folded grid', [9, 6, 7], { most: 2 }),
  ],
  random(draw) {
    const c = draw.int(1, 17);
    const strides = [draw.int(1, 4), draw.int(1, 4)] as const;
    const cut = [draw.int(0, strides[0] - 1), draw.int(0, strides[1] - 1)] as const;
    return row('', [c, draw.int(2, 6), draw.int(2, 6)], {
      strides,
      cut,
      behind: [draw.int(0, 1), draw.int(0, 1)],
      ...drawPlace(draw, c),
    });
  },
};
