// The networks as their papers and checkpoints have them, and what the planner promises of every plan.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Graph } from '../../src/graph/graph.ts';
import { producers } from '../../src/graph/graph.ts';
import { quads } from '../../src/graph/layout.ts';
import { infer, macs } from '../../src/graph/ops.ts';
import { select } from '../../src/graph/select.ts';
import { expectedTensors, findNetwork, networks, parameters } from '../../src/models/registry.ts';
import { fileLibrary } from '../../src/node/shader-files.ts';
import { fuse } from '../../src/passes/index.ts';
import { defaultFacts, targetOf } from '../../src/plan/choose.ts';
import { type LowerOptions, lower } from '../../src/plan/lower.ts';
import { type Plan, peakBytes, pipelines } from '../../src/plan/plan.ts';

const { facts: shaderFacts } = fileLibrary();
const options: LowerOptions = {
  ...{ precision: 'f32', facts: defaultFacts, variants: 'auto', stem: 'texture', shaderFacts },
  ...{ mean: [0, 0, 0], std: [1, 1, 1] },
};
const cityscapes = { classes: 19, h: 1024, w: 2048 };
const camvid = { classes: 11, h: 720, w: 960 };
const odd = { classes: 5, h: 33, w: 47 };

function planOf(name: string, size: typeof odd, rest: Partial<LowerOptions> = {}): Plan {
  return lower(fuse(findNetwork(name).build(size), targetOf({ ...options, ...rest })), { ...options, ...rest });
}

function cost(graph: Graph): number {
  const values = infer(graph);
  return graph.nodes.reduce((sum, node) => sum + macs(node, values.get(node.name)!.shape), 0);
}

/** Parameters, and billions of multiply-adds with two decimals; null where nobody has published them. */
const published: [string, typeof odd, number | null, string][] = [
  ['exp48_decoder26', cityscapes, 3334951, '38.35'],
  ['exp53_decoder29', cityscapes, 6131579, '86.46'],
  ['exp48_decoder14', cityscapes, 3368023, '35.20'],
  ['exp53_decoder14', cityscapes, 5752155, '58.64'],
  ['exp48_decoder26', camvid, 3334431, '12.62'],
  ['exp53_decoder29', camvid, 6130547, '28.45'],
  // The rates of the dilated branches change no cost.
  ['exp30_decoder26', cityscapes, 3334951, '38.35'],
  ['exp49_decoder14', cityscapes, 3368023, '35.20'],
];

for (const [name, size, count, billions] of published) {
  test(`${name} at ${size.h}×${size.w}, ${size.classes} classes: ${count} parameters, ${billions} G`, () => {
    const graph = findNetwork(name).build(size);
    assert.is(parameters(graph), count);
    assert.is((cost(graph) / 1e9).toFixed(2), billions);
    for (const barriers of [false, true]) assert.is(cost(fuse(graph, { barriers })), cost(graph), 'fusing changes no cost');
  });
}

/** Keys of the published state dict: the counters of batch norm, which nothing reads, are in no graph. */
const keys: [string, number, number][] = [
  ['exp48_decoder26', 470, 406],
  ['exp53_decoder29', 558, 482],
];

for (const [name, all, read] of keys) {
  test(`${name}: ${read} of ${all} keys`, () => {
    const expected = expectedTensors(findNetwork(name).build(cityscapes));
    assert.is(expected.size, read);
    assert.is(expected.size + [...expected.keys()].filter(key => key.endsWith('.running_mean')).length, all);
  });
}

const shapes: Record<string, Record<string, string>> = {
  exp48_decoder26: {
    'stem.conv.weight': '32,3,3,3',
    'stem.bn.running_var': '32',
    'body.stage4.conv1.weight': '48,32,1,1',
    'body.stage4.conv2.weight': '48,16,3,3',
    'body.stage4.se.conv1.weight': '8,48,1,1',
    'body.stage4.se.conv1.bias': '8',
    'body.stage4.shortcut.conv.weight': '48,32,1,1',
    'body.stage4.shortcut.bn.weight': '48',
    'body.stage8.0.se.conv1.weight': '12,128,1,1',
    'body.stage8.2.se.conv2.weight': '128,32,1,1',
    'body.stage16.0.conv1.weight': '256,128,1,1',
    'body.stage16.1.conv2.weight': '256,16,3,3',
    'body.stage16.2.conv2.convs.0.weight': '128,16,3,3',
    'body.stage16.12.conv2.convs.1.weight': '128,16,3,3',
    'body.stage16.13.conv3.weight': '320,320,1,1',
    'body.stage16.13.conv2.convs.1.weight': '160,16,3,3',
    'body.stage16.13.se.conv1.weight': '64,320,1,1',
    'body.stage16.13.se.conv2.bias': '320',
    'body.stage16.13.shortcut.conv.weight': '320,256,1,1',
    'decoder.head16.conv.weight': '128,320,1,1',
    'decoder.head8.conv.weight': '128,128,1,1',
    'decoder.head4.conv.weight': '8,48,1,1',
    'decoder.conv8.conv.weight': '64,128,3,3',
    'decoder.conv4.conv.weight': '64,72,3,3',
    'decoder.conv4.bn.running_mean': '64',
    'decoder.classifier.weight': '19,64,1,1',
    'decoder.classifier.bias': '19',
  },
  exp53_decoder29: {
    'body.stage4.0.conv1.weight': '48,32,1,1',
    'body.stage4.1.se.conv1.weight': '12,48,1,1',
    'body.stage8.0.conv1.weight': '120,48,1,1',
    'body.stage8.5.se.conv1.weight': '30,120,1,1',
    'body.stage16.0.se.conv1.weight': '30,336,1,1',
    'body.stage16.1.conv2.weight': '336,24,3,3',
    'body.stage16.2.conv2.convs.0.weight': '168,24,3,3',
    'body.stage16.12.se.conv1.weight': '84,336,1,1',
    'body.stage16.13.conv2.convs.1.weight': '192,24,3,3',
    'body.stage16.13.shortcut.bn.bias': '384',
    'decoder.head16.conv.weight': '256,384,1,1',
    'decoder.head8.conv.weight': '256,120,1,1',
    'decoder.head4.conv.weight': '16,48,1,1',
    'decoder.conv8.conv.weight': '128,256,3,3',
    'decoder.conv4.conv.weight': '128,144,3,3',
    'decoder.classifier.weight': '19,128,1,1',
  },
  exp49_decoder14: {
    'body.stage16.13.conv2.convs.3.weight': '80,16,3,3',
    'decoder.conv.conv.weight': '128,128,3,3',
    'decoder.classifier.weight': '19,128,1,1',
  },
};

for (const [name, wanted] of Object.entries(shapes)) {
  test(`${name}: names and shapes of the state dict`, () => {
    const expected = expectedTensors(findNetwork(name).build(cityscapes));
    for (const [key, shape] of Object.entries(wanted)) assert.is(expected.get(key)?.join(), shape, key);
  });
}

/** Dispatches and pipelines, by whether barriers are cheap. A CPU adapter takes half a second for a pipeline: they are most of its first frame. */
const dispatches = [
  ['a GPU', defaultFacts, 58, 30],
  ['a CPU adapter', { ...defaultFacts, software: true, features: ['subgroups'] }, 81, 11],
] as const;

for (const [who, facts, most, distinct] of dispatches) {
  test(`exp48_decoder26 takes at most ${most} dispatches and ${distinct} pipelines on ${who}, in every precision`, () => {
    for (const [precision, megabytes] of [
      ['f32', 240],
      ['half', 120],
    ] as const) {
      const plan = planOf('exp48_decoder26', cityscapes, { precision, facts });
      assert.ok(plan.steps.length <= most, `${plan.steps.length} dispatches`);
      assert.ok(pipelines(plan).size <= distinct, `${pipelines(plan).size} pipelines`);
      assert.ok(peakBytes(plan) <= megabytes * 1e6, `${peakBytes(plan)} bytes of activations`);
    }
  });
}

/** uvu's own assertions pass through `assert.throws`. */
function must(condition: boolean, sentence: string): void {
  if (!condition) throw new Error(sentence);
}

/**
 * Replays a plan on names: every read must find in its slot what was last written for it, and no step may write a slot that it
 * reads. A join is whole when its channel range is covered by parts of its own map.
 */
function replay({ steps, values, outputs, slots }: Plan): void {
  const held = slots.map((): string[] => []);
  const range = (value: string): [number, number] => [values[value].offset, values[value].offset + quads(values[value].c)];
  const find = (value: string, where: string): void => {
    const { slot, stride, h, w } = values[value];
    const [from, to] = range(value);
    const kept = held[slot].filter(name => values[name].stride === stride && values[name].h === h && values[name].w === w);
    for (let quad = from; quad < to; quad++) {
      const whole = kept.some(name => range(name)[0] <= quad && quad < range(name)[1]);
      must(whole, `${where} reads "${value}", slot ${slot} holds ${held[slot].join(', ') || 'nothing'}`);
    }
    // Alone in its slot, the value itself must be there and not another of its shape.
    must(kept.includes(value) || kept.length > 1, `${where} reads "${value}", slot ${slot} holds ${kept}`);
  };
  for (const { node, reads, writes } of steps) {
    const read = Object.values(reads).filter(value => value !== null && value in values) as string[];
    const written = Object.values(writes).filter(value => value !== null) as string[];
    for (const value of read) find(value, node);
    for (const value of written) {
      const { slot, stride } = values[value];
      must(!read.some(other => values[other].slot === slot), `${node} writes slot ${slot}, which it reads`);
      const [from, to] = range(value);
      const apart = (name: string): boolean => values[name].stride === stride && (range(name)[1] <= from || to <= range(name)[0]);
      held[slot] = [...held[slot].filter(apart), value];
    }
  }
  for (const output of outputs) find(output, 'the caller');
}

for (const name of networks()) {
  test(`${name}: no slot is overwritten while it is needed`, () => {
    for (const size of [odd, cityscapes]) replay(planOf(name, size));
    replay(planOf(name, odd, { precision: 'half' }));
    const graph = findNetwork(name).build(odd);
    const taps = ['stem', 'body.stage4', 'body.stage16.2.se'];
    // Not every body has branches, nor every decoder this head.
    const made = producers(graph);
    for (const value of ['body.stage16.3.conv2.convs.0', 'decoder.head8']) if (made.has(value)) taps.push(value);
    replay(lower(fuse(select(graph, ['logits', ...taps]), targetOf(options)), options));
  });
}

test('the replay sees a slot that is taken too early', () => {
  const plan = planOf('exp48_decoder26', odd);
  const sharing = (value: string, other: string): Plan => {
    const { slot } = plan.values[other];
    return { ...plan, values: { ...plan.values, [value]: { ...plan.values[value], slot } } };
  };
  const [early, late] = ['body.stage8.1.act1', 'body.stage8.1.act2'];
  assert.throws(() => replay(sharing(early, 'body.stage8.0')), /stage8.1.act1 writes slot \d+, which it reads/);
  assert.throws(() => replay(sharing(late, 'body.stage8.0')), /stage8.1 reads "body.stage8.0", slot \d+ holds body.stage8.1.act2/);
});

test('the hash is stable, is that of no stem, and tells precisions and sizes apart', () => {
  const { hash } = planOf('exp48_decoder26', odd);
  assert.match(hash, /^[0-9a-f]{16}$/);
  assert.is(planOf('exp48_decoder26', odd).hash, hash);
  assert.is(planOf('regseg', odd).hash, hash, 'another name of the same network');
  assert.is(planOf('exp48_decoder26', odd, { stem: 'tensor' }).hash, hash);
  assert.is(planOf('exp48_decoder26', odd, { frame: { h: 33, w: 47 } }).hash, hash);
  const resized = planOf('exp48_decoder26', odd, { frame: { h: 100, w: 200 } });
  assert.is(
    resized.steps.length,
    planOf('exp48_decoder26', odd).steps.length + 2,
    'a frame that is resized takes a step of its own, and the first convolution none of the next',
  );
  const others = [
    resized,
    planOf('exp48_decoder26', odd, { precision: 'half' }),
    planOf('exp48_decoder26', { ...odd, w: 48 }),
    planOf('exp48_decoder26', { ...odd, classes: 6 }),
    planOf('exp49_decoder26', odd),
    planOf('exp48_decoder26', odd, { variants: 'plain' }),
  ].map(plan => plan.hash);
  assert.is(new Set([hash, ...others]).size, 1 + others.length, `${[hash, ...others]}`);
});

test('any input size from one pixel on makes a plan', () => {
  for (const [h, w] of [
    [1, 1],
    [1, 2048],
    [1024, 1],
    [2, 3],
    [31, 33],
    [720, 960],
  ])
    replay(planOf('exp48_decoder26', { classes: 2, h, w }));
});

const unknown: [string, RegExp][] = [
  ['resnet', /^model "resnet" is not known: .*regseg.*<body>_<decoder>/],
  ['exp48_decoder99', /^model "exp48_decoder99": no decoder "decoder99"; exp48 goes with .*decoder26/],
  ['exp99_decoder26', /^model "exp99_decoder26": no body "exp99"; decoder26 goes with .*exp48/],
  ['', /^model "" is not known/],
  ['exp48_', /no decoder ""/],
];

for (const [name, message] of unknown) {
  test(`unknown model "${name}"`, () => {
    assert.throws(
      () => findNetwork(name),
      (error: { code: string; message: string }) => error.code === 'BAD_USAGE' && message.test(error.message),
    );
  });
}

test('an unknown value is named with its neighbours', () => {
  const graph = findNetwork('regseg').build(odd);
  assert.throws(
    () => select(graph, ['body.stage4.conv9']),
    /exp48_decoder26 has no value "body.stage4.conv9"; there are body\.stage4\./,
  );
});

test('a map beyond the adapter is refused with both numbers', () => {
  assert.throws(() => planOf('regseg', { classes: 19, h: 4096, w: 4096 }), /takes \d+ bytes, the adapter binds at most 134217728/);
});

test.run();
