// A 1×1 convolution comes before the resize in front of it, alone and within a concat; what would cost more stays.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { builder } from '../../src/graph/build.ts';
import type { Graph, Node } from '../../src/graph/graph.ts';
import { infer, macs } from '../../src/graph/ops.ts';
import { verify } from '../../src/graph/verify.ts';
import { fuse } from '../../src/passes/index.ts';
import { resizeBehind } from '../../src/passes/resize-behind.ts';
import { sameNumbers, stays } from './check.ts';

const SIZE = { h: 8, w: 12 };

/** A concat of a map and of `resized` ones that are smaller, then a 1×1 convolution. */
function headed(title: string, resized: number, own: boolean, out = 16): Graph {
  const b = builder(title, { c: 16, ...SIZE });
  const parts = Array.from({ length: resized }, (_, n) => {
    const small = b.conv(`small${n}`, b.input, { in: 16, out: 20, kernel: 3, stride: 2, pad: 1 });
    return b.resize(`up${n}`, small, SIZE);
  });
  const all = own ? [...parts, b.input] : parts;
  const x = all.length > 1 ? b.concat('all', all) : all[0];
  const channels = 20 * resized + (own ? 16 : 0);
  return b.graph([b.conv('y', x, { in: channels, out, bias: true })]);
}

function cost(graph: Graph): number {
  const values = infer(graph);
  return graph.nodes.reduce((sum, node) => sum + macs(node, values.get(node.name)!.shape), 0);
}

const rows: [title: string, resized: number, own: boolean, ops: string[]][] = [
  ['alone', 1, false, ['conv', 'conv', 'resize']],
  ['beside a map of the full size', 1, true, ['conv', 'conv', 'conv', 'resize', 'add']],
  ['two beside one: one is resized as the convolution stores', 2, true, ['conv', 'conv', 'conv', 'conv', 'conv', 'resize', 'add']],
  ['two, and nothing else', 2, false, ['conv', 'conv', 'conv', 'conv', 'resize', 'resize', 'add']],
];
for (const [title, resized, own, ops] of rows) {
  test(title, () => {
    const before = headed(title, resized, own);
    const after = resizeBehind.apply(before);
    assert.equal(after.nodes.map(({ op }) => op).sort(), [...ops].sort());
    assert.is(after.nodes.at(-1)!.name, 'y');
    assert.ok(cost(after) < cost(before));
    sameNumbers(before, after);
  });
}

test('an activation behind the sum of several comes last', () => {
  const graph = headed('rectified', 2, true);
  const relu: Node = { op: 'activate', name: 'end', inputs: { x: 'y' }, attributes: { curve: 'relu', a: 0, b: 0 }, constants: {} };
  const whole = verify({ ...graph, nodes: [...graph.nodes, relu], outputs: ['end'] });
  sameNumbers(whole, fuse(whole, { barriers: false }));
});

test('many channels out of few stay', () => void stays(resizeBehind, headed('wide', 1, false, 96)));

test.run();
