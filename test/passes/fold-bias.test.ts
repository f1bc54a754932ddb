// A sum with one number a channel becomes a bias, beside one that is there; numbers a pixel stay.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { builder } from '../../src/graph/build.ts';
import type { Graph, Node } from '../../src/graph/graph.ts';
import { printGraph } from '../../src/graph/print.ts';
import { verify } from '../../src/graph/verify.ts';
import { foldBias } from '../../src/passes/fold-bias.ts';
import { sameNumbers, stays } from './check.ts';

function becomes(before: Graph, text: string): void {
  const after = foldBias.apply(before);
  assert.is(printGraph(after), text);
  sameNumbers(before, after);
}

function summed(shape: readonly number[], bias: boolean): Graph {
  const b = builder('sum', { c: 2, h: 2, w: 3 });
  const graph = b.graph([b.conv('conv', b.input, { in: 2, out: 3, bias })]);
  const other = { kind: 'tensor', name: 'more', shape } as const;
  const attributes = { operation: 'add', swapped: false, fused: {} } as const;
  const node: Node = { op: 'combine', name: 'y', inputs: { x: 'conv' }, attributes, constants: { other } };
  return verify({ ...graph, nodes: [...graph.nodes, node], outputs: ['y'] });
}

test('without a bias', () =>
  becomes(
    summed([3, 1, 1], false),
    '3×2×3  y = conv(input) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight conv.weight; bias more}',
  ));

test('beside one', () =>
  becomes(
    summed([3, 1, 1], true),
    '3×2×3  y = conv(input) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight conv.weight; bias conv.bias + more}',
  ));

test('numbers a pixel stay', () => void stays(foldBias, summed([3, 2, 3], false)));
test('one for all channels stays', () => void stays(foldBias, summed([1, 1, 1], false)));

test.run();
