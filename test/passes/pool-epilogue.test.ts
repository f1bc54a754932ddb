// The map before a pool is never stored: the convolution keeps the maxima.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Builder, builder } from '../../src/graph/build.ts';
import { type Graph, sigmoid } from '../../src/graph/graph.ts';
import { verify } from '../../src/graph/verify.ts';
import { fuseRelu } from '../../src/passes/fuse-relu.ts';
import { poolEpilogue } from '../../src/passes/pool-epilogue.ts';
import { residualEpilogue } from '../../src/passes/residual-epilogue.ts';
import { becomes, limited, planOf, stays } from './check.ts';

/** A pen over a map of four channels, at first 9×8. */
function drawn(write: (b: Builder) => readonly string[], h = 9, w = 8): Graph {
  const b = builder('pooled', { c: 4, h, w });
  return b.graph(write(b));
}

const three = { in: 4, out: 4, kernel: 3 } as const;

test('a convolution: the last row and column of an odd map are pooled alone', () => {
  becomes(
    poolEpilogue,
    drawn(b => [b.maxpool('pool', b.conv('conv', b.input, { ...three, bias: true }))], 9, 7),
    `4×7×5  conv = conv(input) kernel=3 strides=1 dilations=1 pads=0 groups=1 {weight conv.weight; bias conv.bias}
     4×4×3  pool = maxpool(conv)`,
    '4×4×3  pool = conv(input) kernel=3 strides=1 dilations=1 pads=0 groups=1 pooled=7×5 {weight conv.weight; bias conv.bias}',
  );
});

test('a map of one pixel is its own maximum', () => {
  becomes(
    poolEpilogue,
    drawn(b => [b.maxpool('pool', b.conv('conv', b.input, three))], 3, 3),
    `4×1×1  conv = conv(input) kernel=3 strides=1 dilations=1 pads=0 groups=1 {weight conv.weight}
     4×1×1  pool = maxpool(conv)`,
    '4×1×1  pool = conv(input) kernel=3 strides=1 dilations=1 pads=0 groups=1 pooled=1×1 {weight conv.weight}',
  );
});

test('its ReLU goes along, and so do stride, dilation and padding', () => {
  becomes(
    poolEpilogue,
    fuseRelu.apply(
      drawn(b => [
        b.maxpool('pool', b.relu('relu', b.conv('conv', b.input, { ...three, out: 6, stride: 2, dilation: 3, pad: 2 }))),
      ]),
    ),
    `6×4×3  relu = conv(input) kernel=3 strides=2 dilations=3 pads=2 groups=1 activation=relu {weight conv.weight}
     6×2×2  pool = maxpool(relu)`,
    '6×2×2  pool = conv(input) kernel=3 strides=2 dilations=3 pads=2 groups=1 activation=relu pooled=4×3 {weight conv.weight}',
  );
});

test('every pool of a network, each with the convolution before it', () => {
  becomes(
    poolEpilogue,
    drawn(b => {
      const first = b.maxpool('pool1', b.conv('conv1_2', b.conv('conv1_1', b.input, three), three));
      return [b.maxpool('pool2', b.conv('conv2', first, { in: 4, out: 3 }))];
    }),
    `4×7×6  conv1_1 = conv(input) kernel=3 strides=1 dilations=1 pads=0 groups=1 {weight conv1_1.weight}
     4×5×4  conv1_2 = conv(conv1_1) kernel=3 strides=1 dilations=1 pads=0 groups=1 {weight conv1_2.weight}
     4×3×2  pool1 = maxpool(conv1_2)
     3×3×2  conv2 = conv(pool1) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight conv2.weight}
     3×2×1  pool2 = maxpool(conv2)`,
    `4×7×6  conv1_1 = conv(input) kernel=3 strides=1 dilations=1 pads=0 groups=1 {weight conv1_1.weight}
     4×3×2  pool1 = conv(conv1_1) kernel=3 strides=1 dilations=1 pads=0 groups=1 pooled=5×4 {weight conv1_2.weight}
     3×2×1  pool2 = conv(pool1) kernel=1 strides=1 dilations=1 pads=0 groups=1 pooled=3×2 {weight conv2.weight}`,
  );
});

test('one pool behind another stays', () => {
  const after = becomes(
    poolEpilogue,
    drawn(b => [b.maxpool('second', b.maxpool('first', b.conv('conv', b.input, three)))]),
    `4×7×6  conv = conv(input) kernel=3 strides=1 dilations=1 pads=0 groups=1 {weight conv.weight}
     4×4×3  first = maxpool(conv)
     4×2×2  second = maxpool(first)`,
    `4×4×3  first = conv(input) kernel=3 strides=1 dilations=1 pads=0 groups=1 pooled=7×6 {weight conv.weight}
     4×2×2  second = maxpool(first)`,
  );
  stays(poolEpilogue, after);
});

const left: [string, Graph][] = [
  ['a tapped convolution', drawn(b => [b.maxpool('pool', b.conv('conv', b.input, three)), 'conv'])],
  [
    'a convolution with a second reader',
    drawn(b => {
      const conv = b.conv('conv', b.input, three);
      return [b.maxpool('pool', conv), b.relu('relu', conv)];
    }),
  ],
  ['a grouped convolution', drawn(b => [b.maxpool('pool', b.conv('conv', b.input, { ...three, groups: 2, pad: 1 }))])],
  ['a pool of the input', drawn(b => [b.maxpool('pool', b.input)])],
  ['a pool of a sum', drawn(b => [b.maxpool('pool', b.add('sum', b.conv('conv', b.input, { in: 4, out: 4 }), b.input))])],
  ['an average', drawn(b => [b.pool('pool', b.conv('conv', b.input, three))])],
];

for (const [name, graph] of left) test(`${name} stays`, () => stays(poolEpilogue, graph));

test('a convolution with a residual stays', () => {
  const sum = drawn(b => [b.maxpool('pool', b.add('sum', b.conv('conv', b.input, { in: 4, out: 4 }), b.input))]);
  const fused = residualEpilogue.apply(sum);
  assert.equal(fused.nodes[0].inputs, { x: 'input', residual: 'input' });
  stays(poolEpilogue, fused);
});

test('a convolution with a sigmoid stays: no kernel pools it', () => {
  const graph = drawn(b => [b.maxpool('pool', b.conv('conv', b.input, three))]);
  const [conv, pool] = graph.nodes;
  const squashed = { ...conv, attributes: { ...conv.attributes, fused: { activation: sigmoid } } } as typeof conv;
  stays(poolEpilogue, verify({ ...graph, nodes: [squashed, pool] }));
});

test('one dispatch, and the map before the pool has no place', () => {
  const graph = drawn(b => [b.maxpool('pool', b.conv('conv', b.input, { in: 4, out: 4 }))]);
  const { steps, values } = planOf(verify(poolEpilogue.apply(graph)), limited(2 ** 20));
  // A pooled 1×1 convolution is none of the pointwise kernel's.
  assert.equal(
    steps.map(({ kernel, overrides }) => [kernel, overrides.POOL]),
    [['conv', true]],
  );
  assert.equal(Object.keys(values), ['input', 'pool']);
});

test.run();
