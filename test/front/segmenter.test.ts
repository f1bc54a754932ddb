// The front door's promises about results, sizes, parallel calls, signals, disposal and lost devices, on a network of one convolution.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AtrousError, type ErrorCode } from '../../src/errors.ts';
import { nodeDevice, shaderLibrary } from '../../src/node/engine.ts';
import { type Loss, type Parts, type Pixels, type Progress, Segmenter } from '../../src/segmenter.ts';
import { uniform } from '../../src/weights/seeded.ts';
import { watchMade } from './alive.ts';
import { largestChannel, parts } from './tiny.ts';

const library = await shaderLibrary();
const devices: GPUDevice[] = [];

/** A device that counts what is compiled on it. */
async function openDevice(): Promise<GPUDevice> {
  const { device } = await nodeDevice();
  devices.push(device);
  const compile = device.createComputePipelineAsync.bind(device);
  device.createComputePipelineAsync = descriptor => {
    compiled++;
    return compile(descriptor);
  };
  watchMade(device, alive);
  return device;
}
let compiled = 0;

/** Labels of the buffers and textures that were made and not destroyed. */
const alive = new Map<object, string>();

const adapter = await openDevice().then(
  () => true,
  error => console.log(`skipped: no adapter: ${error.message}`),
);
const gpu = adapter ? test : test.skip;
test.after.each(() => {
  alive.clear();
  for (const device of devices.splice(0)) device.destroy();
});

function create(changes: Partial<Parts> = {}): Promise<Segmenter> {
  return Segmenter.create({ ...parts, library, openDevice, ...changes });
}

/** Noise in which no two channels of a pixel are equal. */
function picture(name: string, height: number, width: number, channels = 4): Pixels {
  const noise = uniform(name, height * width * channels);
  const data = Uint8Array.from(noise, (value, n) => Math.floor(value * 85) * 3 + ((n % channels) % 3));
  return { data, width, height };
}

async function fails(work: Promise<unknown>, code: ErrorCode, ...parts: string[]): Promise<AtrousError> {
  const error = await work.then(
    () => assert.unreachable(`no ${code}`),
    thrown => thrown,
  );
  assert.is(error.code, code, error.stack);
  for (const part of parts) assert.ok(error.message.includes(part), `"${part}" is not in: ${error.message}`);
  return error;
}

gpu('a result: classes, shares, at, labels, palette, info', async () => {
  const model = await create();
  const source = picture('a', 9, 13);
  const result = await model.segment(source);
  const expected = largestChannel(source);
  assert.equal(result.classes, expected);
  assert.equal([result.height, result.width], [9, 13]);
  assert.equal([result.labels, result.palette], [parts.card.classes, parts.card.palette]);
  const shares = Object.entries(result.shares());
  assert.ok(Math.abs(shares.reduce((sum, [, share]) => sum + share, 0) - 1) < 1e-12);
  for (const [label, share] of shares)
    assert.is(share, expected.filter(value => value === parts.card.classes.indexOf(label)).length / 117);
  assert.equal(result.at(12, 8), { index: expected[116], label: parts.card.classes[expected[116]] });
  assert.equal(result.at(3.9, 2.2).index, expected[2 * 13 + 3]);
  for (const [x, y] of [
    [13, 0],
    [0, 9],
    [-1, 0],
    [Number.NaN, 0],
  ])
    assert.throws(() => result.at(x, y), /outside the picture, 13 wide and 9 high/);
  const { model: name, precision, height, width, ms } = result.info;
  assert.equal([name, precision, height, width], ['tiny', 'f32', 9, 13]);
  assert.ok(ms > 0);
  assert.equal([model.labels, model.palette, model.card], [parts.card.classes, parts.card.palette, parts.card]);
  await model.dispose();
});

gpu('sources: RGBA, RGB, clamped, part of a larger buffer', async () => {
  const model = await create();
  const rgba = picture('s', 5, 7);
  const rgb = { ...rgba, data: rgba.data.filter((_, n) => n % 4 < 3) };
  const large = new Uint8Array(rgba.data.length + 8);
  large.set(rgba.data, 3);
  const sources: Pixels[] = [
    rgba,
    rgb,
    { ...rgba, data: new Uint8ClampedArray(rgba.data) },
    { ...rgba, data: Buffer.from(rgba.data) },
    { ...rgba, data: large.subarray(3, 3 + rgba.data.length) },
  ];
  for (const source of sources) assert.equal((await model.segment(source)).classes, largestChannel(rgba));
  const wrong = (changes: object): Pixels => ({ ...rgba, ...changes }) as Pixels;
  await fails(model.segment(wrong({ width: 8 })), 'BAD_IMAGE', '140 bytes', '8×5', '160', '120');
  await fails(model.segment(wrong({ width: 0 })), 'BAD_IMAGE', '0 wide and 5 high');
  await fails(model.segment(wrong({ height: 2.5 })), 'BAD_IMAGE', '2.5 high');
  await fails(model.segment(wrong({ data: new Float32Array(140) })), 'BAD_IMAGE', 'Uint8Array');
  await fails(model.segment(wrong({ data: [...rgba.data] })), 'BAD_IMAGE', 'Uint8Array');
  await fails(model.segment(wrong({ data: undefined })), 'BAD_IMAGE');
  await fails(model.segment(undefined as unknown as Pixels), 'BAD_IMAGE');
  await model.dispose();
});

gpu('the pixels are those of the call, whatever becomes of the buffer', async () => {
  const model = await create();
  const source = picture('camera', 8, 9);
  const expected = largestChannel(source);
  for (const when of ['compiling', 'ready']) {
    const camera = { ...source, data: source.data.slice() };
    const result = model.segment(camera);
    camera.data.reverse();
    assert.equal((await result).classes, expected, when);
  }
  await model.dispose();
});

gpu('sizes: the picture’s own, the caller’s, and the card’s largest area', async () => {
  const model = await create();
  const source = picture('z', 12, 20);
  const sized = await model.segment(source, { size: { height: 30, width: 50 } });
  assert.equal([sized.height, sized.width, sized.info.height, sized.info.width], [12, 20, 30, 50]);
  const { info, height, width } = await model.segment(picture('area', 100, 400));
  assert.equal([height, width, info.height, info.width], [100, 400, 50, 200]);
  for (const size of [
    { height: 0, width: 5 },
    { height: 5, width: 1.5 },
    { height: 5, width: Number.NaN },
  ]) {
    const wrong = size.height === 0 ? 'size.height is 0' : `size.width is ${size.width}`;
    await fails(model.segment(source, { size }), 'BAD_USAGE', wrong, 'whole number');
    await fails(model.prepare(size), 'BAD_USAGE', wrong, 'whole number');
  }
  const error = await fails(model.segment(source, { size: { height: 100_000, width: 100_000 } }), 'LIMIT', '100000');
  assert.match(error.message, /takes 160000000000 bytes.* at most \d+/);
  await fails(model.segment(picture('wide', 1, 20_000)), 'LIMIT', '1×20000');
  assert.equal((await model.segment(source)).classes, largestChannel(source), 'and goes on');
  await model.dispose();
});

gpu('a picture wider than a texture is shrunk before it is uploaded, and its classes are at its own size', async () => {
  const model = await create();
  const { limits } = await model.facts();
  const [height, width] = [4, limits.maxTextureDimension2D + 104];
  // Three bands, of which each pixel of the network's size holds one.
  const band = (x: number): number => Math.floor((3 * x) / width);
  const data = Uint8Array.from({ length: height * width * 3 }, (_, n) => (band(Math.floor(n / 3) % width) === n % 3 ? 250 : 5));
  const source = { data, width, height };
  const { classes, info } = await model.segment(source, { size: { height: 4, width: 96 } });
  assert.equal([classes.length, info.height, info.width], [height * width, 4, 96]);
  const wrong = [...classes.keys()].filter(n => classes[n] !== band(n % width));
  // Where bands meet the scores are interpolated over a pixel of the network's.
  for (const n of wrong) {
    const edge = Math.min(...[1, 2].map(part => Math.abs((n % width) - (part * width) / 3)));
    assert.ok(edge <= width / 96, `column ${n % width} is ${classes[n]}`);
  }
  await fails(model.segment(source, { size: { height: 4, width } }), 'LIMIT', `${height}×${width}`, '--size');
  await model.dispose();
});

gpu('a callback’s error is its caller’s alone, and the first is the last that it hears', async () => {
  const model = await create();
  const source = picture('thrown', 5, 6);
  let calls = 0;
  const thrown = new Error('mine');
  const onProgress = (): void => {
    calls++;
    throw thrown;
  };
  const heard: Progress[] = [];
  // The first caller's call makes the size that the others wait for.
  const [mine, ...others] = await Promise.allSettled([
    model.segment(source, { onProgress }),
    model.segment(source),
    model.segment(source, { onProgress: progress => heard.push(progress) }),
    model.prepare({ height: 5, width: 6 }),
  ]);
  assert.equal([mine.status, (mine as PromiseRejectedResult).reason, calls], ['rejected', thrown, 1]);
  assert.equal(
    others.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'fulfilled'],
  );
  assert.ok(heard.length > 0, 'who comes later hears of the progress too');
  assert.equal((await model.segment(source)).classes, largestChannel(source));
  await model.dispose();
});

gpu('what a caller hands over is read once', async () => {
  const model = await create();
  const source = picture('once', 5, 6);
  const reads: string[] = [];
  const counted = <T extends object>(what: string, object: T): T =>
    Object.defineProperties(
      {},
      Object.fromEntries(
        Object.entries(object).map(([name, value]) => [
          name,
          {
            enumerable: true,
            get() {
              reads.push(`${what}.${name}`);
              return value;
            },
          },
        ]),
      ),
    ) as T;
  const size = counted('size', { height: 5, width: 6 });
  const options = counted('options', {
    size,
    output: 'classes' as const,
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  const { classes } = await model.segment(counted('picture', source), options);
  assert.equal(classes, largestChannel(source));
  const names = ['options.onProgress', 'options.output', 'options.signal', 'options.size', 'picture.data', 'picture.height'];
  assert.equal(reads.sort(), [...names, 'picture.width', 'size.height', 'size.width']);
  await model.dispose();
});

gpu('prepare: compiles once, and segment then compiles nothing', async () => {
  const model = await create();
  assert.throws(() => model.plan, /prepare/);
  const seen: Progress[] = [];
  await model.prepare({ height: 6, width: 8 }, { onProgress: progress => seen.push(progress) });
  assert.equal([model.plan.model, model.plan.size], ['tiny', [6, 8]]);
  assert.ok(seen.length > 0 && seen.every(({ phase, done, total }) => phase === 'compile' && done <= total));
  assert.is(seen.at(-1)!.done, seen.at(-1)!.total);
  const before = compiled;
  await model.prepare({ height: 6, width: 8 }, { onProgress: () => assert.unreachable('compiled again') });
  await model.segment(picture('p', 6, 8));
  await model.prepare({ height: 7, width: 9 }); // another size of the same pipelines
  assert.is(compiled, before);
  await model.dispose();
});

const SIZES = [
  [9, 13],
  [4, 4],
  [1, 1],
  [17, 5],
] as const;

gpu('four sizes, of which three are kept, in turns and all at once', async () => {
  const model = await create();
  const sources = Array.from({ length: 24 }, (_, n) => picture(`n${n}`, SIZES[n % 4][0], SIZES[n % 4][1]));
  const expected = sources.map(largestChannel);
  for (const [n, source] of sources.entries()) assert.equal((await model.segment(source)).classes, expected[n], `${n}`);
  const together = await Promise.all([...sources, ...sources].map(source => model.segment(source)));
  for (const [n, { classes }] of together.entries()) assert.equal(classes, expected[n % 24], `${n}, parallel`);
  const kept = new Map<string, number>();
  for (const label of alive.values()) kept.set(label, (kept.get(label) ?? 0) + 1);
  assert.is(kept.get('frame'), 3, 'textures of three sizes');
  await model.dispose();
  assert.equal([...alive.values()], [], 'nothing is left on the device');
});

gpu('a size that fails while others are made takes none of them along', async () => {
  const model = await create();
  const huge = { size: { height: 100_000, width: 100_000 } };
  const results = await Promise.allSettled([
    model.segment(picture('x', 3, 3), huge),
    ...SIZES.map(([h, w]) => model.segment(picture('y', h, w))),
    model.segment(picture('x', 3, 3), huge),
  ]);
  assert.equal(
    results.map(({ status }) => status),
    ['rejected', ...SIZES.map(() => 'fulfilled'), 'rejected'],
  );
  await model.dispose();
});

gpu('signals: before, while compiling, and only for the caller who gave them', async () => {
  const model = await create();
  const source = picture('s', 6, 6);
  const fired = AbortSignal.abort('enough');
  const { name } = await fails(model.segment(source, { signal: fired }), 'ABORTED', 'enough');
  assert.is(name, 'AbortError');
  await fails(model.prepare({ height: 6, width: 6 }, { signal: fired }), 'ABORTED');

  const controller = new AbortController();
  const stopped = model.segment(source, { signal: controller.signal });
  const patient = model.segment(source);
  const waiting = model.segment(source, { signal: new AbortController().signal });
  controller.abort();
  await fails(stopped, 'ABORTED');
  for (const { classes } of [await patient, await waiting]) assert.equal(classes, largestChannel(source));

  const other = new AbortController();
  const progress: Progress[] = [];
  const second = await create();
  const early = second.prepare({ height: 8, width: 8 }, { signal: other.signal, onProgress: seen => progress.push(seen) });
  other.abort();
  await fails(early, 'ABORTED');
  assert.equal(progress, [], 'no progress after the end');
  await second.prepare({ height: 8, width: 8 });
  await second.dispose();
  await model.dispose();
});

gpu('dispose: twice, with calls under way, and then nothing works', async () => {
  const model = await create();
  const source = picture('d', 6, 6);
  const going = model.segment(source);
  const first = model.dispose();
  assert.is(model.dispose(), first);
  assert.equal((await going).classes, largestChannel(source), 'a call under way ends well');
  await first;
  await model.dispose();
  await fails(model.segment(source), 'DISPOSED', 'load');
  await fails(model.prepare({ height: 6, width: 6 }), 'DISPOSED');
  assert.is(devices.length, 1, 'no device was opened again');
  assert.is((await devices[0].lost).reason, 'destroyed');
  const other = await create();
  await other[Symbol.asyncDispose]();
  await fails(other.segment(source), 'DISPOSED');
});

gpu('a device of the caller is left as it was', async () => {
  const device = await openDevice();
  const errors: string[] = [];
  device.onuncapturederror = ({ error }) => errors.push(error.message);
  const model = await create({ openDevice: async () => device, borrowed: true });
  const source = picture('b', 6, 6);
  const going = model.segment(source);
  await model.dispose();
  assert.equal((await going).classes, largestChannel(source));
  const again = await create({ openDevice: async () => device, borrowed: true });
  assert.equal((await again.segment(source)).classes, largestChannel(source), 'the device still works');
  await again.dispose();
  await device.queue.onSubmittedWorkDone();
  assert.equal(errors, []);

  const third = await create({ openDevice: async () => device, borrowed: true });
  device.destroy();
  await device.lost;
  await fails(third.segment(source), 'DEVICE_LOST', 'passed in');
  await fails(third.prepare({ height: 6, width: 6 }), 'DEVICE_LOST');
  await third.dispose();
});

gpu('an own device that is lost is replaced, once for all calls', async () => {
  const model = await create();
  const source = picture('l', 9, 13);
  await model.segment(source);
  devices[0].destroy();
  assert.equal((await model.segment(source)).classes, largestChannel(source));
  assert.is(devices.length, 2);

  devices[1].destroy();
  await devices[1].lost;
  const sources = SIZES.map(([h, w]) => picture('l', h, w));
  const results = await Promise.all(sources.map(each => model.segment(each)));
  for (const [n, { classes }] of results.entries()) assert.equal(classes, largestChannel(sources[n]));
  assert.is(devices.length, 3);

  const under = sources.map(each => model.segment(each)); // lost in the middle of the work
  await new Promise(resolve => setTimeout(resolve));
  devices[2].destroy();
  for (const [n, { classes }] of (await Promise.all(under)).entries()) assert.equal(classes, largestChannel(sources[n]));
  assert.ok(devices.length <= 4);
  await model.dispose();
});

gpu('no new device, or one that is lost at once: told with a code, and the next call tries again', async () => {
  let mode: 'works' | 'throws' | 'breaks' = 'works';
  const model = await create({
    openDevice: async () => {
      if (mode === 'throws') throw new Error('no adapter today');
      const device = await openDevice();
      if (mode === 'breaks') device.destroy();
      return device;
    },
  });
  const source = picture('r', 6, 6);
  devices[0].destroy();
  await devices[0].lost;
  mode = 'throws';
  const error = await model.segment(source).catch(thrown => thrown);
  assert.is(error.message, 'no adapter today');
  mode = 'breaks';
  await fails(model.segment(source), 'DEVICE_LOST');
  mode = 'works';
  assert.equal((await model.segment(source)).classes, largestChannel(source));
  devices.at(-1)!.destroy();
  mode = 'throws';
  await model.segment(source).catch(() => {});
  await model.dispose();
});

gpu('a loss is told once, as it happens; the model’s own end is none', async () => {
  const losses: Loss[] = [];
  const model = await create({ onLost: loss => losses.push(loss) });
  const source = picture('told', 6, 6);
  await model.segment(source);
  devices[0].destroy();
  await devices[0].lost;
  assert.equal(
    losses.map(({ reason, recovers }) => ({ reason, recovers })),
    [{ reason: 'destroyed', recovers: true }],
  );
  await model.segment(source);
  await model.dispose();
  await devices[1].lost;
  assert.is(losses.length, 1);
  const device = await openDevice();
  const lender = await create({ openDevice: async () => device, borrowed: true, onLost: loss => losses.push(loss) });
  device.destroy();
  await device.lost;
  assert.is(losses[1]?.recovers, false);
  await lender.dispose();
});

gpu('an adapter that takes a while to come back is waited for', async () => {
  let missing = 0;
  const model = await create({
    openDevice: async () => {
      if (missing-- > 0) throw new AtrousError('NO_ADAPTER', 'none yet');
      return openDevice();
    },
  });
  const source = picture('while', 6, 6);
  devices[0].destroy();
  await devices[0].lost;
  missing = 2;
  assert.equal((await model.segment(source)).classes, largestChannel(source));
  assert.is(devices.length, 2);
  await model.dispose();
});

gpu('a device without memory: told with what to do, nothing is left of it, and smaller sizes go on', async () => {
  let room = Number.POSITIVE_INFINITY;
  const model = await create({
    openDevice: async () => {
      const device = await openDevice();
      // As a device tells it: in the error scope that is open when too much is asked for.
      const scopes: { readonly filter: GPUErrorFilter; full: boolean }[] = [];
      const [push, pop, make] = (['pushErrorScope', 'popErrorScope', 'createBuffer'] as const).map(name =>
        device[name].bind(device),
      ) as [GPUDevice['pushErrorScope'], GPUDevice['popErrorScope'], GPUDevice['createBuffer']];
      return Object.assign(device, {
        pushErrorScope(filter: GPUErrorFilter) {
          scopes.push({ filter, full: false });
          push(filter);
        },
        async popErrorScope() {
          const { full } = scopes.pop()!;
          const error = await pop();
          return full ? ({ message: 'full' } as GPUError) : error;
        },
        createBuffer(descriptor: GPUBufferDescriptor) {
          const scope = scopes.findLast(({ filter }) => filter === 'out-of-memory');
          if (scope && descriptor.size > room) scope.full = true;
          return make(descriptor);
        },
      });
    },
  });
  const [small, large] = [picture('small', 6, 6), picture('large', 60, 90)];
  await model.segment(small);
  const before = alive.size;
  room = 5000;
  for (let times = 0; times < 2; times++) {
    await fails(model.segment(large), 'LIMIT', 'tiny at 60×90', 'out of memory', 'smaller size');
    assert.is(alive.size, before);
  }
  assert.equal((await model.segment(small)).classes, largestChannel(small));
  room = Number.POSITIVE_INFINITY;
  assert.equal((await model.segment(large)).classes, largestChannel(large));
  assert.is(devices.length, 1);
  await model.dispose();
});

gpu('names of variants are checked before a device is opened', async () => {
  const opened = devices.length;
  await fails(create({ variants: ['fast'] }), 'BAD_USAGE', '"fast"', 'plain');
  assert.is(devices.length, opened);
});

test.run();
