// A curve moves into whatever makes its sums, with its slopes where it has some; gates and classes keep the sigmoid that tells them.
import { test } from 'uvu';
import { builder } from '../../src/graph/build.ts';
import { type Activation, type Graph, type Node, relu } from '../../src/graph/graph.ts';
import { verify } from '../../src/graph/verify.ts';
import { fuseActivation } from '../../src/passes/fuse-activation.ts';
import { becomes, stays } from './check.ts';

const swish: Activation = { curve: 'hard-swish', a: 0, b: 0 };

/** A graph with one more node behind its output, which it ends in. */
function ending(graph: Graph, activation: Activation, constants: Node['constants'] = {}, name = 'end'): Graph {
  const node: Node = { op: 'activate', name, inputs: { x: graph.outputs[0] }, attributes: activation, constants };
  return verify({ ...graph, nodes: [...graph.nodes, node], outputs: [name] });
}

test('after a convolution', () => {
  const b = builder('swish', { c: 2, h: 2, w: 3 });
  becomes(
    fuseActivation,
    ending(b.graph([b.conv('conv', b.input, { in: 2, out: 3 })]), swish),
    `3×2×3  conv = conv(input) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight conv.weight}
     3×2×3  end = hard-swish(conv)`,
    '3×2×3  end = conv(input) kernel=1 strides=1 dilations=1 pads=0 groups=1 activation=hard-swish {weight conv.weight}',
  );
});

test('after a sum, with its numbers', () => {
  const b = builder('clipped', { c: 2, h: 2, w: 3 });
  becomes(
    fuseActivation,
    ending(b.graph([b.add('add', b.input, b.input)]), { curve: 'clip', a: 0.5, b: 6 }),
    `2×2×3  add = add(input, other input)
     2×2×3  end = clip(0.5,6)(add)`,
    '2×2×3  end = add(input, other input) activation=clip(0.5,6)',
  );
});

test('slopes go with it', () => {
  const b = builder('prelu', { c: 3, h: 2, w: 3 });
  const slope = { kind: 'tensor', name: 'slope', shape: [3] } as const;
  becomes(
    fuseActivation,
    ending(b.graph([b.batchnorm('bn', b.input, 3)]), { curve: 'prelu', a: 0, b: 0 }, { slope }),
    `3×2×3  bn = batchnorm(input) {scale scale(bn); shift shift(bn)}
     3×2×3  end = prelu(bn) {slope slope}`,
    '3×2×3  end = batchnorm(input) activation=prelu {scale scale(bn); shift shift(bn); slope slope}',
  );
});

test('what ends in a curve already stays', () => {
  const b = builder('twice', { c: 2, h: 2, w: 3 });
  const graph = ending(b.graph([b.add('add', b.input, b.input)]), swish);
  stays(fuseActivation, ending(fuseActivation.apply(graph), relu, {}, 'more'));
});

test('a convolution that adds behind its activation stays', () => {
  const b = builder('above', { c: 2, h: 2, w: 2 });
  const graph = b.graph([b.conv('conv', b.input, { in: 2, out: 2 })]);
  const nodes = graph.nodes.map(node => ({ ...node, inputs: { ...node.inputs, addend: 'input' } }) as Node);
  stays(fuseActivation, ending({ ...graph, nodes }, swish));
});

test('a convolution with two outputs stays: the curve is of one', () => {
  const b = builder('twin', { c: 4, h: 2, w: 2 });
  const graph = b.graph([b.conv('conv', b.input, { in: 4, out: 12 })]);
  const nodes = graph.nodes.map(
    node => ({ ...node, attributes: { ...node.attributes, fused: { also: { name: 'also', split: 8 } } } }) as Node,
  );
  stays(fuseActivation, ending({ ...graph, nodes }, swish));
  stays(fuseActivation, ending({ ...graph, nodes, outputs: ['also'] }, swish));
});

test.run();
