// A convolution whose weights are larger than a binding becomes several, each a range of the output channels of one map.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Builder, builder } from '../../src/graph/build.ts';
import { shapeOf } from '../../src/graph/constant.ts';
import type { Graph, NodeOf } from '../../src/graph/graph.ts';
import { weightBytes, weightStore } from '../../src/graph/layout.ts';
import { infer } from '../../src/graph/ops.ts';
import { kernelFor } from '../../src/kernels/index.ts';
import { bands } from '../../src/passes/bands.ts';
import { foldBatchnorm } from '../../src/passes/fold-batchnorm.ts';
import { fuseRelu } from '../../src/passes/fuse-relu.ts';
import type { Pass } from '../../src/passes/pass.ts';
import { poolEpilogue } from '../../src/passes/pool-epilogue.ts';
import { residualEpilogue } from '../../src/passes/residual-epilogue.ts';
import { splitWeights } from '../../src/passes/split-weights.ts';
import { squeezeExcite } from '../../src/passes/squeeze-excite.ts';
import type { WeightStore } from '../../src/shader/source.ts';
import { count } from '../../src/weights/tensor.ts';
import { becomes, limited, planOf, sameNumbers, stays } from './check.ts';

function drawn(write: (b: Builder) => readonly string[], { h = 5, w = 6, c = 8 } = {}): Graph {
  const b = builder('split', { c, h, w });
  return poolEpilogue.apply(fuseRelu.apply(foldBatchnorm.apply(b.graph(write(b)))));
}

function weights(graph: Graph, store: WeightStore = 'f32'): number[] {
  return graph.nodes.filter(({ op }) => op === 'conv').map(({ constants }) => weightBytes(shapeOf(constants.weight), store));
}

/** 8×8 weights take 256 bytes, their biases 32. */
const pointwise = drawn(b => [b.conv('y', b.input, { in: 8, out: 40, bias: true })]);

test('a 1×1 convolution, its biases along', () => {
  const conv = 'conv(input) kernel=1 strides=1 dilations=1 pads=0 groups=1';
  const after = becomes(
    splitWeights,
    pointwise,
    `40×5×6 y = ${conv} {weight y.weight; bias y.bias}`,
    `16×5×6 y[0:16] = ${conv} {weight y.weight[0:16]; bias y.bias[0:16]}
     16×5×6 y[16:32] = ${conv} {weight y.weight[16:32]; bias y.bias[16:32]}
     8×5×6 y[32:40] = ${conv} {weight y.weight[32:40]; bias y.bias[32:40]}
     40×5×6 y = join(y[0:16], y[16:32], y[32:40])`,
    limited(600),
  );
  const { values } = planOf(after, limited(2 ** 20));
  const places = ['y', 'y[0:16]', 'y[16:32]', 'y[32:40]'].map(name => values[name]);
  assert.equal(
    places.map(({ slot, offset, stride }) => [slot, offset, stride]),
    [0, 0, 4, 8].map(offset => [values.y.slot, offset, 10]),
    'written in place',
  );
});

test('channels that are no multiple of eight, rate, padding and ReLU', () => {
  const conv = 'conv(input) kernel=3 strides=2 dilations=2 pads=2 groups=1 activation=relu';
  becomes(
    splitWeights,
    drawn(b => [b.relu('y', b.conv('y.conv', b.input, { in: 8, out: 21, kernel: 3, stride: 2, dilation: 2, pad: 2 }))]),
    `21×3×3 y = ${conv} {weight y.conv.weight}`,
    `8×3×3 y[0:8] = ${conv} {weight y.conv.weight[0:8]}
     8×3×3 y[8:16] = ${conv} {weight y.conv.weight[8:16]}
     5×3×3 y[16:21] = ${conv} {weight y.conv.weight[16:21]}
     21×3×3 y = join(y[0:8], y[8:16], y[16:21])`,
    limited(9 * 256 + 32),
  );
});

test('a pooled convolution', () => {
  const conv = 'conv(input) kernel=3 strides=1 dilations=1 pads=0 groups=1 activation=relu pooled=3×4';
  becomes(
    splitWeights,
    drawn(b => [b.maxpool('pool', b.relu('relu', b.conv('conv', b.input, { in: 8, out: 12, kernel: 3, bias: true })))]),
    `12×2×2 pool = ${conv} {weight conv.weight; bias conv.bias}`,
    `8×2×2 pool[0:8] = ${conv} {weight conv.weight[0:8]; bias conv.bias[0:8]}
     4×2×2 pool[8:12] = ${conv} {weight conv.weight[8:12]; bias conv.bias[8:12]}
     12×2×2 pool = join(pool[0:8], pool[8:12])`,
    limited(9 * 256 + 32),
  );
});

test('a folded batch norm goes along', () => {
  becomes(
    splitWeights,
    drawn(b => [b.batchnorm('bn', b.conv('conv', b.input, { in: 8, out: 16, bias: true }), 16)]),
    '16×5×6 bn = conv(input) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight conv.weight·bn; bias shift(bn, conv.bias)}',
    `8×5×6 bn[0:8] = conv(input) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight conv.weight·bn[0:8]; bias shift(bn, conv.bias)[0:8]}
     8×5×6 bn[8:16] = conv(input) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight conv.weight·bn[8:16]; bias shift(bn, conv.bias)[8:16]}
     16×5×6 bn = join(bn[0:8], bn[8:16])`,
    limited(300),
  );
});

test('a tapped convolution too: its value is still made; eight channels that are too many stay together', () => {
  const tapped = drawn(b => {
    const y = b.conv('y', b.input, { in: 8, out: 16 });
    return [b.conv('z', y, { in: 16, out: 8 }), y];
  });
  const after = splitWeights.apply(tapped, limited(300));
  assert.equal(
    after.nodes.map(({ name }) => name),
    ['y[0:8]', 'y[8:16]', 'y', 'z'],
  );
  sameNumbers(tapped, after);
});

/** Both passes that have a target. */
const large: Pass = { name: 'large', why: '', apply: (graph, target) => splitWeights.apply(bands.apply(graph, target), target) };

test('in every band the same ranges of the same weights', () => {
  const layer = (b: Builder, name: string, x: string, from: number, to: number): string =>
    b.relu(name, b.conv(`${name}.conv`, x, { in: from, out: to, kernel: 3, tensors: name }));
  const graph = drawn(b => [layer(b, 'second', layer(b, 'first', b.input, 4, 16), 16, 12)], { h: 14, w: 20, c: 4 });
  const conv = 'kernel=3 strides=1 dilations=1 pads=0 groups=1 activation=relu';
  const band = (n: number, top: number, rows: number): string =>
    `4×${rows}×20 input@first.${n} = crop(input) top=${top} rows=${rows}
     16×${rows - 2}×18 first@${n} = conv(input@first.${n}) ${conv} {weight first.weight}
     8×${rows - 4}×16 second@${n}[0:8] = conv(first@${n}) ${conv} {weight second.weight[0:8]}
     4×${rows - 4}×16 second@${n}[8:12] = conv(first@${n}) ${conv} {weight second.weight[8:12]}
     12×${rows - 4}×16 second@${n} = join(second@${n}[0:8], second@${n}[8:12])`;
  const target = limited(8192);
  const after = becomes(
    large,
    graph,
    `16×12×18 first = conv(input) ${conv} {weight first.weight}
     12×10×16 second = conv(first) ${conv} {weight second.weight}`,
    `${band(0, 0, 8)}
     ${band(1, 4, 8)}
     ${band(2, 8, 6)}
     12×10×16 second = stack(second@0, second@1, second@2)`,
    target,
  );
  const { steps, values } = planOf(after, target);
  assert.is(new Set(steps.map(step => step.weights)).size, 3, 'bands share their weights');
  const { slot, offset, start, stride } = values['second@2[8:12]'];
  assert.equal([slot, offset, start, stride], [values.second.slot, 2, 8 * 16 * 3 * 16, 3]);
});

test('a split in the middle of a band', () => {
  const graph = drawn(
    b => [b.conv('third', b.conv('second', b.conv('first', b.input, { in: 4, out: 40 }), { in: 40, out: 56 }), { in: 56, out: 4 })],
    { h: 32, w: 16, c: 4 },
  );
  const target = limited(8192);
  const after = large.apply(graph, target);
  const names = after.nodes.map(({ name }) => name);
  for (const name of ['second@1[0:32]', 'second@1[32:56]', 'second@1', 'third@1']) assert.ok(names.includes(name), name);
  assert.ok(planOf(after, target).slots.every(bytes => bytes <= 8192));
  sameNumbers(graph, after);
});

test('whatever the limits are, no part is beyond them', () => {
  const wide = drawn(b => [b.conv('y', b.input, { in: 8, out: 140, kernel: 3, bias: true })]);
  const all = weights(wide)[0];
  for (let limit = 9 * 256 + 32; limit < all; limit += 97) {
    const after = splitWeights.apply(wide, limited(limit));
    for (const bytes of weights(after)) assert.ok(bytes <= limit, `${bytes} bytes, allowed are ${limit}`);
    assert.is(infer(after).get('y')!.shape.c, 140);
  }
  // Halves, until the parts are so small that they are stored as float32.
  for (const out of [4096, 4088]) {
    const fc7 = drawn(b => [b.conv('y', b.input, { in: 4096, out, bias: true })], { h: 1, w: 1, c: 4096 });
    for (let limit = 2 ** 20; limit < 2 ** 26; limit += 999_999) {
      const { steps, values } = planOf(splitWeights.apply(fc7, limited(limit, 'half')), limited(2 ** 30, 'half'));
      for (const { store, node } of steps) {
        const bytes = weightBytes([values[node].c, 4096, 1, 1], store);
        assert.ok(bytes <= limit, `${node} in ${store}: ${bytes} bytes, allowed are ${limit}`);
      }
      assert.is(
        steps.reduce((sum, { node }) => sum + values[node].c, 0),
        out,
      );
    }
  }
});

test('the smaller of the two limits counts', () => {
  const { precision, limits } = limited(600);
  for (const [key, other] of [
    ['maxBufferSize', 'maxStorageBufferBindingSize'],
    ['maxStorageBufferBindingSize', 'maxBufferSize'],
  ]) {
    const target = { precision, barriers: false, limits: { ...limits, [key]: 600, [other]: 2 ** 20 } };
    assert.is(splitWeights.apply(pointwise, target).nodes.length, 4);
  }
});

test('half precision: small weights stay float32, those of 32 MiB and more are halves and need half as many parts', () => {
  assert.is(splitWeights.apply(pointwise, limited(600, 'half')).nodes.length, 4);
  const fc6 = drawn(b => [b.conv('fc6', b.input, { in: 512, out: 4096, kernel: 7, dilation: 4, bias: true })], {
    h: 25,
    w: 25,
    c: 512,
  });
  // WebGPU's default: 128 MiB a binding; fc6 has 411 MB of weights.
  const parts = (precision: 'f32' | 'half' | 'f16') => splitWeights.apply(fc6, limited(2 ** 27, precision));
  const channels = (graph: Graph): number[] =>
    graph.nodes.filter(({ op }) => op === 'conv').map(({ constants }) => shapeOf(constants.weight)[0]);
  assert.equal(channels(parts('f32')), [1024, 1024, 1024, 1024]);
  assert.equal(weights(parts('f32')), Array(4).fill(102764544));
  assert.equal(channels(parts('half')), [2048, 2048]);
  assert.equal(weights(parts('half'), 'half'), Array(2).fill(102768640));
  assert.equal(channels(parts('f16')), channels(parts('half')));
  for (const { node, store } of planOf(parts('half'), limited(2 ** 27, 'half')).steps) assert.is(store, 'half', node);
});

test('bytes of weights are what the kernels pack', () => {
  const convs: [number, number, number][] = [
    [1, 1, 1],
    [8, 8, 1],
    [12, 5, 1],
    [21, 40, 3],
    [4, 3, 7],
  ];
  for (const [out, inputs, kernel] of convs) {
    const { nodes } = drawn(b => [b.conv('y', b.input, { in: inputs, out, kernel, bias: true })], { h: 7, w: 7, c: inputs });
    const [node] = nodes as NodeOf<'conv'>[];
    for (const store of ['f32', 'half'] as const) {
      const packed = kernelFor(node).pack!(node, constant => new Float64Array(count(shapeOf(constant))), store);
      assert.is(weightBytes(shapeOf(node.constants.weight), store), packed.byteLength, `${out}×${inputs}×${kernel}² in ${store}`);
    }
  }
  assert.is(weightStore([2048, 4096, 1, 1], 'half'), 'half');
  assert.is(weightStore([2047, 4096, 1, 1], 'half'), 'f32');
  assert.is(weightStore([4096, 4096, 1, 1], 'f32'), 'f32');
});

test('nothing to do', () => {
  stays(splitWeights, pointwise);
  stays(splitWeights, pointwise, limited(5 * 288));
});

const residual = residualEpilogue.apply(
  drawn(b => [b.add('sum', b.conv('conv', b.input, { in: 16, out: 16 }), b.input)], { h: 5, w: 6, c: 16 }),
);
const grouped = { in: 16, out: 16, kernel: 3, pad: 1, groups: 2 } as const;
const squeezed = (() => {
  const b = builder('squeezed', { c: 16, h: 5, w: 6 });
  const conv = b.conv('conv', b.input, grouped);
  const first = b.relu('relu', b.conv('first', b.mean('mean', conv), { in: 16, out: 4, bias: true }));
  const gate = b.sigmoid('gate', b.conv('second', first, { in: 4, out: 16, bias: true }));
  return squeezeExcite.apply(fuseRelu.apply(b.graph([b.mul('y', conv, gate)])));
})();

/** With the bytes that eight of its channels take, and no more may. */
const left: [string, Graph, number][] = [
  ['a convolution with a residual', residual, 4 * 128 + 32],
  ['a grouped convolution', drawn(b => [b.conv('y', b.input, grouped)], { h: 5, w: 6, c: 16 }), 9 * 256 + 32],
  ['a grouped convolution that leaves the sums of a squeeze', squeezed, 9 * 256 + 32],
];

for (const [name, graph, limit] of left) {
  test(`${name} stays`, () => {
    assert.ok(weights(graph)[0] > limit);
    stays(splitWeights, graph, limited(limit));
  });
}

test.run();
