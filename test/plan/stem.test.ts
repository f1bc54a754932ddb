// The first convolution takes the preprocessing before it, unless somebody else reads the picture.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { builder, type ConvOptions } from '../../src/graph/build.ts';
import { chains } from '../../src/graph/chain.ts';
import { constantReader } from '../../src/graph/constant.ts';
import { FRAME, type Graph, INPUT, type NodeOf } from '../../src/graph/graph.ts';
import { printNode } from '../../src/graph/print.ts';
import { expectedTensors } from '../../src/models/registry.ts';
import { fuseRelu } from '../../src/passes/fuse-relu.ts';
import { shortcutOperand } from '../../src/passes/shortcut-operand.ts';
import { stemFrame } from '../../src/plan/stem.ts';
import { preprocess } from '../../src/reference/preprocess.ts';
import { run } from '../../src/reference/run.ts';
import { stem } from '../../src/reference/stem.ts';
import { seededTensor, uniform } from '../../src/weights/seeded.ts';
import { toFloat64 } from '../../src/weights/tensor.ts';
import { relativeError } from '../goldens/pytorch.ts';
import { sat } from '../record.ts';

const SIZE = { h: 5, w: 7 };
const normalisation = { mean: [0.5, 0.25, 0.75], std: [0.5, 0.25, 0.125], channels: 'rgb' } as const;
const before: NodeOf<'preprocess'> = {
  op: 'preprocess',
  name: INPUT,
  inputs: { x: FRAME },
  attributes: { form: 'texture', ...SIZE, ...normalisation, tile: null },
  constants: {},
};

function first(options: Partial<ConvOptions> = {}, again = false, c = 3): Graph {
  const b = builder('first', { c, ...SIZE });
  const y = b.relu('y', b.conv('conv', b.input, { in: c, out: 4, kernel: 3, stride: 2, pad: 1, bias: true, ...options }));
  return fuseRelu.apply(b.graph([b.pool('z', y), ...(again ? [b.pool('picture', b.input)] : [])]));
}

const lines = (graph: Graph): string => stemFrame(graph, before).map(printNode).join('\n');
const picture = 'h=5 w=7 mean=0.5,0.25,0.75 std=0.5,0.25,0.125';

test('the convolution reads the frame', () => {
  const graph = first();
  assert.snapshot(
    [before, ...graph.nodes].map(printNode).join('\n'),
    [
      `input = preprocess(frame) form=texture ${picture} channels=rgb`,
      'y = conv(input) kernel=3 strides=2 dilations=1 pads=1 groups=1 activation=relu {weight conv.weight; bias conv.bias}',
      'z = pool(y)',
    ].join('\n'),
  );
  assert.snapshot(
    lines(graph),
    [
      `y = stem(frame) form=texture ${picture} channels=rgb kernel=3 strides=2 dilations=1 pads=1 groups=1 activation=relu {weight conv.weight; bias conv.bias}`,
      'z = pool(y)',
    ].join('\n'),
  );
});

test('both make the same numbers', () => {
  const graph = first();
  const [made] = stemFrame(graph, before) as readonly [NodeOf<'stem'>];
  const read = constantReader(
    new Map([...expectedTensors(graph)].map(([name, shape]) => [name, seededTensor(name, shape)])),
    toFloat64,
  );
  const pixels = { data: Uint8Array.from(uniform('picture', 4 * SIZE.h * SIZE.w), u => u * 256), width: SIZE.w, height: SIZE.h };
  const wanted = run(graph, preprocess(pixels, SIZE, normalisation), read, { taps: ['y'] }).get('y')!;
  const { weight, bias } = made.constants;
  const got = stem(pixels, made.attributes, {
    ...{ geometry: made.attributes.geometry, ...made.attributes.fused },
    ...{ weight: read(weight), bias: read(bias), out: 4 },
  });
  sat('reference', 'graphs before and after passes');
  assert.equal([got.c, got.h, got.w], [wanted.c, wanted.h, wanted.w]);
  assert.is(relativeError(got.data, wanted.data), 0);
});

/** The convolution with a 1×1 behind it, and a shortcut that reads its map pooled. */
function block({ out = 8, tapped = false, plain = false } = {}): Graph {
  const b = builder('block', { c: 3, ...SIZE });
  const x = b.relu('x', b.conv('stem', b.input, { in: 3, out, kernel: 3, stride: 2, pad: 1, bias: true }));
  const y = b.relu('y', b.conv('conv1', x, { in: out, out: 12, bias: true }));
  const s = b.conv('beside', plain ? x : b.pool('low', x), { in: out, out: 12 });
  const low = plain ? y : b.conv('conv2', y, { in: 12, out: 12, kernel: 3, stride: 2, pad: 1 });
  const conv3 = b.conv('conv3', low, { in: 12, out: 12 });
  const z = b.relu('z', b.add('sum', conv3, s));
  return shortcutOperand.apply(fuseRelu.apply(b.graph([z, ...(tapped ? [x] : [])])));
}
const chained = (graph: Graph): string =>
  chains
    .apply({ ...graph, nodes: stemFrame(graph, before) })
    .nodes.map(printNode)
    .join('\n');

test('the 1×1 behind it joins it, and of its map the means alone are left', () => {
  assert.snapshot(
    chained(block())
      .split('\n')
      .filter(line => !line.startsWith('conv2'))
      .join('\n'),
    [
      `y = stem(frame) form=texture ${picture} channels=rgb kernel=3 strides=2 dilations=1 pads=1 groups=1 activation=relu projected=relu halved=x.halved \
{weight stem.weight; bias stem.bias; project conv1.weight; projectBias conv1.bias}`.replace(/\\\n/, ''),
      'z = conv(conv2, shortcut x.halved) kernel=1 strides=1 dilations=1 pads=0 groups=1 shortcut=same activation=relu {weight conv3.weight; shortcut beside.weight}',
    ].join('\n'),
  );
});

for (const [why, options] of [
  ['a map that somebody taps', { tapped: true }],
  ['a map that a shortcut reads as it is', { plain: true }],
  ['more channels than a workgroup keeps', { out: 40 }],
  ['channels that are no pairs of quads', { out: 12 }],
] as const) {
  test(`${why} stands alone`, () => {
    const graph = block(options);
    assert.equal(chained(graph), lines(graph));
  });
}

for (const [why, graph] of [
  ['a picture that something else reads, too', first({}, true)],
  ['a convolution of groups', first({ groups: 3, out: 6 })],
  ['a picture of four channels', first({}, false, 4)],
] as const) {
  test(`${why} keeps its preprocessing`, () => {
    assert.equal(lines(graph), [before, ...graph.nodes].map(printNode).join('\n'));
  });
}

test.run();
