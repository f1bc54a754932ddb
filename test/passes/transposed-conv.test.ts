// A transposed convolution of stride 1 becomes a convolution with its weight turned; others stay.
import { test } from 'uvu';
import type { Graph } from '../../src/graph/graph.ts';
import { verify } from '../../src/graph/verify.ts';
import { transposedConv } from '../../src/passes/transposed-conv.ts';
import { becomes, stays } from './check.ts';
import { transposedGraph } from './transposed-phases.ts';

test('uneven kernel, dilated, with a bias', () => {
  becomes(
    transposedConv,
    transposedGraph({ kernel: [3, 2], strides: [1, 1], dilations: [2, 1], pads: [1, 0], h: 6, w: 6 }),
    '6×6×6  up = transposed(input) kernel=3×2 strides=1 dilations=2×1 pads=1×0 h=6 w=6 groups=1 {weight up.weight; bias up.bias}',
    '6×6×6  up = conv(input) kernel=3×2 strides=1 dilations=2×1 pads=3,1,3,1 groups=1 {weight up.weight turned; bias up.bias}',
  );
});

const left: readonly [string, Graph][] = [
  ['a stride', transposedGraph({ strides: [1, 2], h: 5, w: 10 })],
  ['more pads than a convolution has', transposedGraph({ strides: [1, 1], pads: [3, 0], h: 1, w: 6 })],
  ['a single pixel', transposedGraph({ strides: [1, 1], h: 2, w: 2, x: { c: 4, h: 1, w: 1 } })],
];
for (const [name, graph] of left) test(`${name}: stays`, () => stays(transposedConv, verify(graph)));

test.run();
