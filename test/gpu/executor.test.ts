// The executor: nothing is made twice, nothing is made in a frame, and a frame's result depends on its input alone.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createEngine, destroyEngine, prepare } from '../../src/gpu/executor.ts';
import { encodeSteps, timer } from '../../src/gpu/timing.ts';
import { constantReader } from '../../src/graph/constant.ts';
import { select } from '../../src/graph/select.ts';
import { findNetwork } from '../../src/models/registry.ts';
import { fileLibrary, readShaders } from '../../src/node/shader-files.ts';
import { fuse } from '../../src/passes/index.ts';
import { targetOf } from '../../src/plan/choose.ts';
import { pipelines } from '../../src/plan/plan.ts';
import { field } from '../../src/reference/field.ts';
import { run as runReference } from '../../src/reference/run.ts';
import { toFloat64 } from '../../src/weights/tensor.ts';
import { relativeError } from '../goldens/pytorch.ts';
import { compilerJudge, deviceJudge } from '../judges.ts';
import { fixtureInput, fixtureWeights, prepareGraph } from '../models/device.ts';
import { sat } from '../record.ts';

const run = suite('executor');
const device = await deviceJudge();
const library = fileLibrary();
const network = findNetwork('exp48_decoder14');
const small = network.build({ classes: 3, h: 32, w: 48 });
const other = network.build({ classes: 3, h: 33, w: 17 });

/** Counts the calls of a device's methods that begin so. */
function counted(gpu: GPUDevice, prefix: string): { device: GPUDevice; calls: string[] } {
  const calls: string[] = [];
  const proxy = new Proxy(gpu, {
    get(target, key) {
      const value = Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (String(key).startsWith(prefix)) calls.push(String(key));
        return value.apply(target, args);
      };
    },
  });
  return { device: proxy, calls };
}

if (device) {
  const { device: spied, calls } = counted(device.device, 'create');
  const engine = createEngine(spied, library);

  run('a distinct pipeline is compiled once, for all sizes; weights are uploaded once', async () => {
    const first = await prepareGraph(engine, device, small, 'f32');
    const compiled = calls.filter(call => call === 'createComputePipelineAsync').length;
    assert.is(compiled, pipelines(first.plan).size);
    const uploaded = engine.weights.size;
    const second = await prepareGraph(engine, device, other, 'f32');
    assert.is(engine.pipelines.size, new Set([...pipelines(first.plan), ...pipelines(second.plan)]).size);
    assert.is(engine.weights.size, uploaded);
    first.destroy();
    second.destroy();
  });

  run('a frame makes no buffer, texture, bind group or pipeline', async () => {
    const { program, destroy } = await prepareGraph(engine, device, small, 'f32');
    const encoder = device.device.createCommandEncoder();
    const before = calls.length;
    program.encode(encoder);
    assert.is(calls.length, before, calls.slice(before).join(', '));
    device.device.queue.submit([encoder.finish()]);
    destroy();
  });

  run('a second run equals the first bit for bit, and two sizes do not disturb each other', async () => {
    const [a, b] = [await prepareGraph(engine, device, small, 'f32'), await prepareGraph(engine, device, other, 'f32')];
    const [a1, b1, a2, b2] = [await a.run(), await b.run(), await a.run(), await b.run()];
    assert.equal(a2, a1);
    assert.equal(b2, b1);
    assert.is.not(a1.get('classes')!.length, b1.get('classes')!.length);
    a.destroy();
    b.destroy();
    sat('device', device.who);
  });

  run('a pass a step, timed: the same result', async () => {
    const { plan, program, run: frame, destroy } = await prepareGraph(engine, device, select(small, ['decoder']), 'f32');
    const clock = timer(device.device, plan.steps.length);
    if (!clock) return console.log('skipped: a pass a step, because this adapter has no timestamps');
    const whole = await frame();
    const apart = await frame(encoder => {
      encodeSteps(program, encoder, clock.writes);
      clock.resolve(encoder);
    });
    assert.equal(apart, whole);
    const times = await clock.read();
    assert.is(times.length, plan.steps.length);
    assert.not(times.some(time => time < 0));
    clock.destroy();
    destroy();
  });

  run('tapped values of every kind equal the reference', async () => {
    const taps = [
      'stem',
      'body.stage4.se.avg',
      'body.stage4.se.conv1',
      'body.stage4.shortcut.avg',
      'body.stage8.1.se',
      'body.stage8.2.se.act2',
    ];
    const more = [
      'body.stage8.2.bn2',
      'body.stage16.2.conv2.split.1',
      'body.stage16.2.conv2.convs.0',
      'body.stage16.13.add',
      'decoder.up16',
    ];
    const graph = select(other, ['logits', ...taps, ...more]);
    const { h, w } = graph.input;
    const input = fixtureInput({ h, w });
    const wanted = runReference(
      graph,
      field({ c: 3, h, w }, Float64Array.from(input)),
      constantReader(fixtureWeights(graph), toFloat64),
    );
    const { run: frame, destroy } = await prepareGraph(engine, device, graph, 'f32');
    const got = await frame();
    for (const [name, { data }] of wanted) {
      const error = relativeError(got.get(name)!, data);
      assert.ok(error <= 2e-5, `${name}: relative error ${error.toExponential(2)}`);
    }
    destroy();
    sat('device', device.who);
  });

  run('a caller who gives up gets ABORTED', async () => {
    const { plan, program, destroy } = await prepareGraph(engine, device, small, 'f32');
    const frame = program.buffer('classes');
    const signal = AbortSignal.abort(new Error('enough'));
    const read = constantReader(fixtureWeights(small), toFloat64);
    await fails(
      prepare(engine, fuse(small, targetOf({ precision: 'f32', facts: device.facts, variants: 'auto' })), plan, read, frame, {
        signal,
      }),
      'ABORTED',
      /enough/,
    );
    destroy();
  });

  run.after(() => {
    destroyEngine(engine);
    device.close();
  });
} else run.skip('executor on a device');

const compiler = await compilerJudge();
if (compiler) {
  const broken = (names: string[], from: string | RegExp, to: string): Promise<unknown> => {
    const texts = new Map(readShaders());
    for (const name of names) {
      const text = texts.get(name)!;
      texts.set(name, text.replace(from, to));
      assert.is.not(texts.get(name), text, `${name}.wgsl has nothing to break: ${from}`);
    }
    const engine = createEngine(compiler.device, fileLibrary(texts));
    // Plain rows: what a CPU adapter gets.
    const plain = { ...compiler, facts: { ...compiler.facts, software: true } };
    return prepareGraph(engine, plain, small, 'f32').finally(() => destroyEngine(engine));
  };
  const faults: [string, string[], string | RegExp, string, RegExp][] = [
    [
      'a parameter that the kernel does not know',
      ['lib/conv.io'],
      /\bpad\b/g,
      'padding',
      /conv\.wgsl: missing \[padding\], unknown \[pad\]/,
    ],
    [
      'an override that the kernel does not set',
      ['lib/pointwise.io'],
      'override GATE',
      'override EXTRA: bool = false;\noverride GATE',
      /disagree about EXTRA/,
    ],
    [
      'a binding that the kernel does not have',
      ['lib/classify.io', 'classify'],
      /\bx(?=[:[])/g,
      'operand',
      /disagree about x, operand/,
    ],
    [
      'a program that does not compile',
      ['grouped'],
      'var even_sum = vec4f();',
      'var even_sum = vec4u();',
      /the device refused|grouped/,
    ],
  ];
  for (const [title, names, from, to, message] of faults)
    run(`${title} is refused`, async () => {
      await fails(broken(names, from, to), 'BAD_SHADER', message);
      sat('compiler', compiler.who);
    });

  run('weights that fit but for their padding are refused by what they take', async () => {
    const limits = { maxBufferSize: 4096, maxStorageBufferBindingSize: 4096 };
    const binds = (target: GPUDevice, key: string | symbol): unknown => {
      const value = Reflect.get(target, key);
      return key === 'limits' ? limits : typeof value === 'function' ? value.bind(target) : value;
    };
    const engine = createEngine(new Proxy(compiler.device, { get: binds }), fileLibrary());
    await fails(
      prepareGraph(engine, compiler, small, 'f32').finally(() => destroyEngine(engine)),
      'LIMIT',
      /^step "[\w.]+" has \d+ bytes of weights, the adapter binds at most 4096 /,
    );
    sat('compiler', compiler.who);
  });
  run.after(() => compiler.close());
} else run.skip('refused shaders');

async function fails(work: Promise<unknown>, code: string, message: RegExp): Promise<void> {
  const error = await work.then(
    () => assert.unreachable('no error'),
    thrown => thrown,
  );
  assert.is(error.code, code, error.stack);
  assert.match(error.message, message);
}

run.run();
