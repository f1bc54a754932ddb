// The self-test beside the first call: an adapter that computes wrongly, be it from the second frame on, is refused with what differed; what passed is
// remembered by all that it depends on.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AtrousError } from '../../src/errors.ts';
import { nodeDevice, shaderLibrary } from '../../src/node/engine.ts';
import { type Parts, Segmenter } from '../../src/segmenter.ts';
import type { Memory } from '../../src/self-test.ts';
import type { Card } from '../../src/weights/card.ts';
import { encodeRuns } from '../../src/weights/runs.ts';
import { uniform } from '../../src/weights/seeded.ts';
import { fromFloat32 } from '../../src/weights/tensor.ts';
import { largestChannel, parts } from './tiny.ts';

const [H, W] = [12, 20];
const library = await shaderLibrary();
const planes = uniform('check', 3 * H * W);
const expected = Uint8Array.from({ length: H * W }, (_, at) => {
  const [red, green, blue] = [0, 1, 2].map(c => planes[c * H * W + at]);
  return red > green && red > blue ? 0 : green > blue ? 1 : 2;
});
const card: Card = {
  ...parts.card,
  check: { seed: 'check', height: H, width: W, classes: encodeRuns(expected), agreement: 0.999 },
};
const picture = { data: Uint8Array.from({ length: 5 * 7 * 4 }, (_, n) => ((n * 37) % 80) * 3 + (n % 4)), width: 7, height: 5 };
const devices: GPUDevice[] = [];
/** Self-tests that were run. */
let tests = 0;
/** From this frame on the devices compute wrongly. */
let wrongFrom = Number.POSITIVE_INFINITY;

async function openDevice(): Promise<GPUDevice> {
  const { device } = await nodeDevice();
  devices.push(device);
  const weights: GPUBuffer[] = [];
  let frames = 0;
  const [create, submit] = [device.createBuffer.bind(device), device.queue.submit.bind(device.queue)];
  const createTexture = device.createTexture.bind(device);
  device.createTexture = descriptor => {
    if (descriptor.label === 'self-test') tests++;
    return createTexture(descriptor);
  };
  device.createBuffer = descriptor => {
    const buffer = create(descriptor);
    if (descriptor.label?.startsWith('weights')) weights.push(buffer);
    return buffer;
  };
  device.queue.submit = commands => {
    if (++frames >= wrongFrom) for (const buffer of weights) device.queue.writeBuffer(buffer, 0, new Uint8Array(buffer.size));
    submit(commands);
  };
  return device;
}

const adapter = await openDevice().then(
  () => true,
  error => console.log(`skipped: no adapter: ${error.message}`),
);
const gpu = adapter ? test : test.skip;
test.before.each(() => {
  [tests, wrongFrom] = [0, Number.POSITIVE_INFINITY];
});
test.after.each(() => {
  for (const device of devices.splice(0)) device.destroy();
});

function remembering(): Memory & { readonly keys: Set<string> } {
  const keys = new Set<string>();
  return { keys, recall: async key => keys.has(key), keep: async key => void keys.add(key) };
}

function create(changes: Partial<Parts> = {}): Promise<Segmenter> {
  return Segmenter.create({ ...parts, card, library, openDevice, selfTest: 'once', ...changes });
}

/** Of a model that is made, segments and ends. */
async function outcome(changes: Partial<Parts> = {}): Promise<AtrousError | null> {
  const model = await create(changes);
  try {
    assert.equal((await model.segment(picture)).classes, largestChannel(picture));
    return null;
  } catch (error) {
    return error as AtrousError;
  } finally {
    await model.dispose();
  }
}

gpu('what passed is remembered; always and another memory test again', async () => {
  const kept = remembering();
  const memory = async (): Promise<Memory> => kept;
  assert.is(await outcome({ memory }), null);
  assert.equal([tests, kept.keys.size], [1, 1]);
  assert.is(await outcome({ memory }), null);
  assert.is(tests, 1);
  assert.is(await outcome({ memory, selfTest: 'always' }), null);
  assert.is(await outcome({ memory: async () => null }), null);
  assert.is(tests, 3);
  assert.is(await outcome({ selfTest: false }), null);
  assert.is(await outcome({ card: parts.card }), null);
  assert.equal([tests, kept.keys.size], [3, 1]);
});

gpu('other weights, precisions, drivers and shaders are other cases', async () => {
  const kept = remembering();
  const memory = async (): Promise<Memory> => kept;
  const scaled = fromFloat32([3, 3, 1, 1], Float32Array.of(2, 0, 0, 0, 2, 0, 0, 0, 2));
  const cases: Partial<Parts>[] = [
    {},
    { tensors: new Map([...parts.tensors, ['classifier.weight', scaled]]) },
    { precision: 'half' },
    { driver: async () => 'newer' },
    { library: { ...library, text: (...call) => `${library.text(...call)}\n` } },
  ];
  for (const changes of cases) assert.is(await outcome({ memory, ...changes }), null);
  assert.equal([tests, kept.keys.size], [cases.length, cases.length]);
});

for (const [frame, from] of [
  ['first', 1],
  ['third', 3],
] as const) {
  gpu(`wrong from the ${frame} frame on: refused, and not remembered`, async () => {
    wrongFrom = from;
    const kept = remembering();
    const memory = async (): Promise<Memory> => kept;
    const model = await create({ memory });
    for (const call of [() => model.prepare(picture), () => model.segment(picture), () => model.profile(picture)]) {
      const error = (await (call() as Promise<unknown>).then(
        () => assert.unreachable('wrong, and nobody says so'),
        thrown => thrown,
      )) as AtrousError;
      assert.is(error.code, 'BAD_ADAPTER', error.stack);
      const red = (100 * expected.filter(value => value === 0).length) / expected.length;
      assert.match(
        error.message,
        new RegExp(`tiny's self-test in f32: .*${red.toFixed(2)} % of the classes .*frame ${from}, 99.90 %`),
      );
      assert.match(error.message, /; \(\d+, \d+\) is "red", not "(green|blue)": update the driver .* selfTest: false goes on$/);
      assert.ok(error.message.length <= 280, `${error.message.length} characters`);
    }
    await model.dispose();
    assert.equal([tests, kept.keys.size], [1, 0]);
  });
}

gpu('a device that is lost under the self-test is replaced like any other', async () => {
  const model = await create();
  const result = model.segment(picture);
  devices.at(-1)!.destroy();
  assert.equal((await result).classes, largestChannel(picture));
  assert.is(devices.length, 2);
  await model.dispose();
});

test.run();
