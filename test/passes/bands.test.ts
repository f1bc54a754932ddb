// A run of convolutions whose maps between are too large is made a band of rows at a time, its halo again.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Builder, builder } from '../../src/graph/build.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { BINDING, byteLength } from '../../src/graph/layout.ts';
import { infer, macs } from '../../src/graph/ops.ts';
import { select } from '../../src/graph/select.ts';
import { verify } from '../../src/graph/verify.ts';
import { findNetwork } from '../../src/models/registry.ts';
import { bands } from '../../src/passes/bands.ts';
import { fuseRelu } from '../../src/passes/fuse-relu.ts';
import { fuse } from '../../src/passes/index.ts';
import { poolEpilogue } from '../../src/passes/pool-epilogue.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { becomes, limited, type Planned, planOf, sameNumbers, stays } from './check.ts';

/** What a banded graph must keep to: no map beyond the limits, and bindings that begin where one may. Returns the plan. */
function fits(graph: Graph, target: Planned): Plan {
  const plan = planOf(graph, target);
  for (const bytes of plan.slots) assert.ok(bytes <= target.facts.limits.maxBufferSize, `a slot of ${bytes} bytes`);
  for (const [name, { start }] of Object.entries(plan.values)) assert.is(start % BINDING, 0, `${name} begins at ${start}`);
  return plan;
}

/** How many rows each band of a value has. */
function heights(graph: Graph, value: string): number[] {
  const values = infer(graph);
  const stack = graph.nodes.find(({ op, name }) => op === 'stack' && name === value)!;
  return Object.values(stack.inputs).map(part => values.get(part)!.shape.h);
}

interface Sizes {
  readonly h?: number;
  readonly w?: number;
  readonly c?: number;
}

function drawn(write: (b: Builder) => readonly string[], { h = 14, w = 20, c = 4 }: Sizes = {}): Graph {
  const b = builder('banded', { c, h, w });
  return poolEpilogue.apply(fuseRelu.apply(b.graph(write(b))));
}

/** A 3×3 convolution as VGG has them, with its bias and ReLU. */
function layer(b: Builder, name: string, x: string, from: number, to: number, dilation = 1): string {
  return b.relu(name, b.conv(`${name}.conv`, x, { in: from, out: to, kernel: 3, dilation, bias: true, tensors: name }));
}

/** 320 bytes a row, then 576, then 256 in float32: bands of whole bindings are four rows. */
const two = (sizes?: Sizes): Graph => drawn(b => [layer(b, 'second', layer(b, 'first', b.input, 4, 8), 8, 4)], sizes);

const rest = (conv: string): string =>
  `kernel=3 strides=1 dilations=1 pads=0 groups=1 activation=relu {weight ${conv}.weight; bias ${conv}.bias}`;

test('two convolutions: three bands, each with the rows above and below that it needs', () => {
  const after = becomes(
    bands,
    two(),
    `8×12×18 first = conv(input) ${rest('first')}
     4×10×16 second = conv(first) ${rest('second')}`,
    `4×8×20  input@first.0 = crop(input) top=0 rows=8
     8×6×18  first@0 = conv(input@first.0) ${rest('first')}
     4×4×16  second@0 = conv(first@0) ${rest('second')}
     4×8×20  input@first.1 = crop(input) top=4 rows=8
     8×6×18  first@1 = conv(input@first.1) ${rest('first')}
     4×4×16  second@1 = conv(first@1) ${rest('second')}
     4×6×20  input@first.2 = crop(input) top=8 rows=6
     8×4×18  first@2 = conv(input@first.2) ${rest('first')}
     4×2×16  second@2 = conv(first@2) ${rest('second')}
     4×10×16 second = stack(second@0, second@1, second@2)`,
    limited(4608),
  );
  const plan = fits(after, limited(4608));
  // Rows of what exists: nothing is copied.
  assert.equal(
    plan.steps.map(({ node }) => node),
    ['first@0', 'second@0', 'first@1', 'second@1', 'first@2', 'second@2'],
  );
  const { slot, start } = plan.values['input@first.2'];
  assert.equal([slot, start], [plan.values.input.slot, 8 * 320]);
  assert.equal([plan.values['second@2'].slot, plan.values['second@2'].start], [plan.values.second.slot, 8 * 256]);
  assert.equal(plan.values['first@2'].start, 0, 'a band between has a place of its own');
});

test('bands are as few as must be, and of even height', () => {
  const tall = { h: 34 };
  // 30 rows of the result; a band of n rows takes (n + 2) · 576 bytes between.
  for (const [limit, wanted] of [
    [17280, [16, 14]],
    [12672, [16, 14]],
    [10944, [16, 14]],
    [10367, [12, 12, 6]],
  ] as const)
    assert.equal(heights(bands.apply(two(tall), limited(limit)), 'second'), wanted, `${limit} bytes`);
  const large = limited(11520);
  sameNumbers(two(tall), bands.apply(two(tall), large));
  fits(bands.apply(two(tall), large), large);
});

test('a pooled end with an odd last row', () => {
  const graph = drawn(
    b => {
      const first = layer(b, 'first', b.input, 4, 8);
      return [b.maxpool('pool', layer(b, 'second', first, 8, 8))];
    },
    { h: 19, w: 20 },
  );
  const after = becomes(
    bands,
    graph,
    `8×17×18 first = conv(input) ${rest('first')}
     8×8×8   pool = conv(first) ${rest('second').replace('relu', 'relu pooled=15×16')}`,
    `4×12×20 input@first.0 = crop(input) top=0 rows=12
     8×10×18 first@0 = conv(input@first.0) ${rest('first')}
     8×4×8   pool@0 = conv(first@0) ${rest('second').replace('relu', 'relu pooled=8×16')}
     4×11×20 input@first.1 = crop(input) top=8 rows=11
     8×9×18  first@1 = conv(input@first.1) ${rest('first')}
     8×4×8   pool@1 = conv(first@1) ${rest('second').replace('relu', 'relu pooled=7×16')}
     8×8×8   pool = stack(pool@0, pool@1)`,
    limited(6400),
  );
  fits(after, limited(6400));
});

test('strides, rates, kernels and a pool in the middle', () => {
  const graph = drawn(
    b => {
      const first = layer(b, 'first', b.input, 4, 8, 3);
      const strided = b.conv('strided', first, { in: 8, out: 24, kernel: 5, stride: 2 });
      const pooled = b.maxpool('pool', layer(b, 'third', strided, 24, 32));
      return [b.conv('last', pooled, { in: 32, out: 4 })];
    },
    { h: 63, w: 60 },
  );
  // The input just fits: 57×54 of 8 channels and 27×25 of 24 do not, 13×12 of 32 do. Seven rows of those need 35 of the first.
  const target = limited(63 * 60 * 16);
  const after = bands.apply(graph, target);
  assert.equal(heights(after, 'pool'), [7, 6]);
  assert.is(
    after.nodes.some(({ name }) => name === 'last@0'),
    false,
    'what fits is not banded',
  );
  sameNumbers(graph, verify(after));
  fits(after, target);
});

test('bands begin at multiples of 256 bytes, in the source and in the result', () => {
  // Width of the result → rows of the smallest band: 16 bytes a pixel of both, four columns more in the source.
  for (const [w, grain] of [
    [16, 4],
    [12, 4],
    [14, 8],
    [13, 16],
    [60, 4],
  ]) {
    const graph = two({ w: w + 4, h: 40 });
    // The smallest band that there can be has `grain` rows.
    const target = limited(Math.max(40 * (w + 4) * 16, (grain + 2) * (w + 2) * 32));
    const rows = heights(bands.apply(graph, target), 'second');
    for (const each of rows.slice(0, -1)) assert.is(each % grain, 0, `${w} wide: ${rows}`);
    assert.ok(rows.length > 1, `${w} wide: ${rows}`);
    sameNumbers(graph, bands.apply(graph, target));
    fits(bands.apply(graph, target), target);
  }
});

test('half precision: rows of pixels with whole 16 bytes', () => {
  const graph = drawn(b => [layer(b, 'second', layer(b, 'first', b.input, 4, 16), 16, 4)]);
  const target = limited(4608, 'half');
  // Sixteen channels in half take what eight take in float32.
  assert.equal(heights(bands.apply(graph, target), 'second'), [4, 4, 2]);
  fits(bands.apply(graph, target), target);
  stays(bands, two(), target);
});

test('two runs, one from the result of the other', () => {
  const graph = drawn(
    b => {
      const pool1 = b.maxpool('pool1', layer(b, 'conv1_2', layer(b, 'conv1_1', b.input, 4, 8), 8, 8));
      return [b.maxpool('pool2', layer(b, 'conv2_2', layer(b, 'conv2_1', pool1, 8, 32), 32, 8))];
    },
    { h: 45, w: 36 },
  );
  const target = limited(45 * 36 * 16);
  const after = verify(bands.apply(graph, target));
  assert.ok(heights(after, 'pool1').length > 1);
  assert.ok(heights(after, 'pool2').length > 1);
  assert.ok(after.nodes.some(({ name }) => name === 'pool1@conv2_1.1'));
  sameNumbers(graph, after);
  fits(after, target);
});

test('only halos are made twice', () => {
  const target = limited(4608);
  const cost = (graph: Graph, name: RegExp): number => {
    const values = infer(graph);
    const nodes = graph.nodes.filter(node => name.test(node.name));
    return nodes.reduce((sum, node) => sum + macs(node, values.get(node.name)!.shape), 0);
  };
  const [before, after] = [two(), bands.apply(two(), target)];
  assert.is(cost(after, /^second/), cost(before, /^second/));
  // Three bands have two seams, of two rows each.
  assert.is(cost(after, /^first/), (cost(before, /^first/) * 16) / 12);
});

test('nothing to do', () => {
  stays(bands, two());
  stays(bands, two(), limited(12 * 18 * 32));
  stays(bands, two(), limited(2 ** 30));
});

test('as large as an adapter may bind them, maps of 96 MiB are banded: the peak is lower', () => {
  const graph = drawn(b => [layer(b, 'second', layer(b, 'first', b.input, 3, 64), 64, 4)], { c: 3, h: 700, w: 604 });
  const bytes = byteLength({ c: 64, h: 698, w: 602 }, 'map', 'f32');
  assert.ok(bytes > 96 * 2 ** 20 && bytes < 128 * 2 ** 20);
  const after = bands.apply(graph, limited(2 ** 30));
  assert.ok(heights(after, 'second').length > 1);
  const values = infer(after);
  const between = [...values].filter(([name]) => name.startsWith('first@')).map(([, { shape }]) => byteLength(shape, 'map', 'f32'));
  for (const each of between) assert.ok(each <= 32 * 2 ** 20, `a band of ${each} bytes`);
  stays(bands, graph, limited(2 ** 30, 'half'));
});

/** Multiply-adds of the bands over those of the whole maps. */
function ratio(before: Graph, after: Graph): number {
  const [whole, banded] = [before, after].map(graph => {
    const values = infer(graph);
    return graph.nodes.reduce((sum, node) => sum + macs(node, values.get(node.name)!.shape), 0);
  });
  return banded / whole;
}

const stacks = (graph: Graph): string[] => graph.nodes.filter(({ op }) => op === 'stack').map(({ name }) => name);

/** Maps of 412, 308 and 102 MB, each beyond 96 MiB, then one of 25 MB whose rows need 48 more of the first. */
const falling = drawn(
  b => {
    const second = layer(b, 'second', layer(b, 'first', b.input, 4, 64), 64, 48);
    const third = layer(b, 'third', second, 48, 16);
    return [layer(b, 'last', third, 16, 4, 22)];
  },
  { h: 1274, w: 1274 },
);

test('a run whose halos are dear gives way to a shorter one, of which a larger map is kept', () => {
  const roomy = limited(2 ** 29);
  const after = verify(bands.apply(falling, roomy));
  assert.equal(stacks(after), ['third']);
  assert.ok(ratio(falling, after) <= 1.1);
  fits(after, roomy);
  // What binds 128 MiB can keep that map, what binds 96 can not: the whole run is made, whatever its halos cost.
  assert.equal(stacks(bands.apply(falling, limited(2 ** 27))), ['third']);
  const tight = verify(bands.apply(falling, limited(96 * 2 ** 20)));
  assert.equal(stacks(tight), ['last']);
  assert.ok(ratio(falling, tight) > 1.1, String(ratio(falling, tight)));
});

test('where every run is dear, maps that can be bound stay', () => {
  const dear = drawn(b => [layer(b, 'second', layer(b, 'first', b.input, 4, 64), 64, 4, 30)], { h: 1274, w: 1274 });
  stays(bands, dear, limited(2 ** 29));
  const tight = verify(bands.apply(dear, limited(2 ** 28)));
  assert.equal(stacks(tight), ['second']);
  fits(tight, limited(2 ** 28));
});

test('DilatedNet takes large pictures as one tile', () => {
  const network = findNetwork('dilation8_camvid');
  const margin = 2 * network.tile!.margin;
  for (const [h, w, most] of [
    [1504, 2000, 1.02],
    [2000, 3000, 1.1],
    [4000, 6000, 1.1],
  ]) {
    const graph = select(network.build({ classes: 11, h: h + margin, w: w + margin }), [network.grid!.value]);
    const after = verify(bands.apply(poolEpilogue.apply(fuseRelu.apply(graph)), limited(2 ** 30)));
    const cost = ratio(graph, after);
    assert.ok(cost <= most, `${h}×${w}: ${cost} times the multiply-adds`);
    for (const [name, { shape, kind }] of infer(after)) assert.ok(byteLength(shape, kind, 'f32') <= 2 ** 30, `${h}×${w}: ${name}`);
  }
});

const left: [string, Graph][] = [
  [
    'a run that meets padding',
    drawn(b => [b.conv('second', layer(b, 'first', b.input, 4, 8), { in: 8, out: 4, kernel: 3, pad: 1 })]),
  ],
  ['a first layer with padding', drawn(b => [layer(b, 'second', b.conv('first', b.input, { in: 4, out: 8, pad: 1 }), 8, 4)])],
  [
    'a second reader',
    drawn(b => {
      const first = layer(b, 'first', b.input, 4, 8);
      return [layer(b, 'second', first, 8, 4), layer(b, 'third', first, 8, 4)];
    }),
  ],
  [
    'an output in the middle',
    drawn(b => {
      const first = layer(b, 'first', b.input, 4, 8);
      return [layer(b, 'second', first, 8, 4), 'first'];
    }),
  ],
  ['a reader that is no convolution', drawn(b => [b.resize('small', layer(b, 'first', b.input, 4, 8), { h: 4, w: 4 })])],
  ['a large map that no convolution makes', drawn(b => [layer(b, 'second', b.resize('large', b.input, { h: 24, w: 20 }), 4, 4)])],
  [
    'a sum on the way',
    fuse(
      drawn(b => {
        const first = layer(b, 'first', b.input, 4, 8);
        const pointwise = b.conv('pointwise', first, { in: 8, out: 8 });
        return [layer(b, 'second', b.add('sum', pointwise, first), 8, 4)];
      }),
      { barriers: false },
    ),
  ],
  ['no end that fits', drawn(b => [layer(b, 'second', layer(b, 'first', b.input, 4, 8), 8, 16)])],
];

for (const [name, graph] of left) {
  test(`${name} stays, and the plan is refused with both numbers`, () => {
    const target = limited(4608);
    stays(bands, graph, target);
    assert.throws(
      () => planOf(fuse(graph, target), target),
      (error: { code: string; message: string }) =>
        error.code === 'LIMIT' &&
        /^value "\w+" \(\d+×\d+×\d+\) takes \d+ bytes, the adapter binds at most 4608 \(a small adapter\); use a smaller/.test(
          error.message,
        ),
    );
  });
}

test('a map of which not even the smallest band fits stays', () => {
  // Rows of 16·23 and 16·27 bytes: sixteen of them make whole bindings, and eighteen of the map between take 14400 bytes.
  const graph = two({ h: 40, w: 27 });
  stays(bands, graph, limited(14399));
  assert.equal(heights(bands.apply(graph, limited(17280)), 'second'), [16, 16, 4]);
  assert.throws(
    () => planOf(graph, limited(17280)),
    /value "first" \(8×38×25\) takes 30400 bytes, the adapter binds at most 17280/,
  );
});

test.run();
