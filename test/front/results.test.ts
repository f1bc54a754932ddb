// What a result is and can do without a page, class maps that stay on the device, pictures that lie there already, and the caller's own encoder.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AtrousError, ErrorCode } from '../../src/errors.ts';
import { adapterName } from '../../src/gpu/device.ts';
import { BufferUsage, READ, TextureUsage } from '../../src/gpu/flags.ts';
import { decodeLabels } from '../../src/image/png.ts';
import { classShares } from '../../src/image/statistics.ts';
import * as front from '../../src/index.ts';
import { nodeDevice, shaderLibrary } from '../../src/node/engine.ts';
import { support } from '../../src/node/index.ts';
import { type Parts, type Pixels, Segmenter } from '../../src/segmenter.ts';
import { uniform } from '../../src/weights/seeded.ts';
import { watchMade } from './alive.ts';
import { largestChannel, parts } from './tiny.ts';

const library = await shaderLibrary();
const alive = new Map<object, string>();
const device = await nodeDevice().then(
  opened => opened.device,
  error => void console.log(`skipped: no adapter: ${error.message}`),
);
const gpu = device ? test : test.skip;
if (device) watchMade(device, alive);
test.after(() => device?.destroy());

/** On the caller's device. */
function create(changes: Partial<Parts> = {}): Promise<Segmenter> {
  return Segmenter.create({ ...parts, library, openDevice: async () => device!, borrowed: true, ...changes });
}

/** Noise in which no two channels of a pixel are equal. */
function picture(name: string, height: number, width: number): Pixels & { readonly data: Uint8Array<ArrayBuffer> } {
  const noise = uniform(name, height * width * 4);
  return { data: Uint8Array.from(noise, (value, n) => Math.floor(value * 85) * 3 + ((n % 4) % 3)), width, height };
}

function texture(
  { data, width, height }: ReturnType<typeof picture>,
  { format = 'rgba8unorm' as GPUTextureFormat, usage = TextureUsage.TEXTURE_BINDING as number, on = device! } = {},
): GPUTexture {
  const made = on.createTexture({ size: [width, height], format, usage: usage | TextureUsage.COPY_DST });
  const swapped = format === 'bgra8unorm' ? data.map((_, n) => data[n - (n % 4) + [2, 1, 0, 3][n % 4]]) : data;
  on.queue.writeTexture({ texture: made }, swapped, { bytesPerRow: width * 4 }, [width, height]);
  return made;
}

/** An r8uint texture in memory. */
async function readMap(map: GPUTexture): Promise<Uint8Array> {
  const bytesPerRow = Math.ceil(map.width / 256) * 256;
  const staging = device!.createBuffer({ size: bytesPerRow * map.height, usage: BufferUsage.MAP_READ | BufferUsage.COPY_DST });
  const encoder = device!.createCommandEncoder();
  encoder.copyTextureToBuffer({ texture: map }, { buffer: staging, bytesPerRow }, [map.width, map.height]);
  device!.queue.submit([encoder.finish()]);
  await staging.mapAsync(READ);
  const bytes = new Uint8Array(staging.getMappedRange());
  const found = Uint8Array.from({ length: map.width * map.height }, (_, n) => {
    return bytes[Math.floor(n / map.width) * bytesPerRow + (n % map.width)];
  });
  staging.destroy();
  return found;
}

async function fails(work: Promise<unknown> | (() => unknown), code: ErrorCode, ...parts: string[]): Promise<AtrousError> {
  const call = typeof work === 'function' ? (async () => work())() : work;
  const error = await call.then(
    () => assert.unreachable(`no ${code}`),
    thrown => thrown,
  );
  assert.is(error.code, code, error.stack);
  for (const part of parts) assert.ok(error.message.includes(part), `"${part}" is not in: ${error.message}`);
  assert.ok(error.message.length <= 300, error.message);
  return error;
}

gpu('a result clones, posts and prints: plain data, methods on the prototype', async () => {
  const model = await create();
  const result = await model.segment(picture('plain', 9, 13), { scores: true });
  const clone = structuredClone(result);
  const { port1, port2 } = new MessageChannel();
  const posted = new Promise<unknown>(resolve => {
    port2.onmessage = ({ data }) => resolve(data);
  });
  port1.postMessage(result);
  for (const copy of [clone, await posted] as (typeof result)[]) {
    assert.equal(copy.classes, result.classes);
    assert.equal([copy.width, copy.height, copy.info], [13, 9, result.info]);
    assert.equal(copy.scores, result.scores);
  }
  port1.close();
  assert.equal(Object.keys(result), ['classes', 'width', 'height', 'labels', 'palette', 'info', 'scores', 'matte', 'raw']);
  const printed = JSON.parse(JSON.stringify(result));
  assert.equal(printed.classes.slice(0, 1), [[result.classes[0], result.classes.findIndex(c => c !== result.classes[0])]]);
  assert.is(
    printed.classes.reduce((sum: number, [, run]: [number, number]) => sum + run, 0),
    9 * 13,
  );
  assert.is(printed.scores.data.length, result.scores!.data.length);
  assert.is(result.info.copy, 'pixels');
  await model.dispose();
});

gpu('a result as pictures: palette colours, an index PNG; what needs a page says so', async () => {
  const model = await create();
  const result = await model.segment(picture('pictures', 5, 7));
  const { data, width, height } = result.toImageData();
  assert.equal([width, height], [7, 5]);
  for (const [n, index] of result.classes.entries())
    assert.equal([...data.subarray(4 * n, 4 * n + 4)], [...parts.card.palette[index], 255]);
  const blob = await result.toBlob();
  assert.is(blob.type, 'image/png');
  const decoded = await decodeLabels(new Uint8Array(await blob.arrayBuffer()), 'blob');
  assert.equal(decoded.data, result.classes);
  await fails(result.toImageBitmap(), 'BAD_USAGE', 'needs a browser');
  await fails(result.draw({} as OffscreenCanvas), 'BAD_USAGE', 'needs a canvas');
  await model.dispose();
});

gpu('output: the class map as a texture, in memory, or both', async () => {
  const model = await create();
  const source = picture('output', 10, 37);
  const expected = largestChannel(source);
  const both = await model.segment(source, { output: 'both' });
  assert.equal(both.classes, expected);
  assert.equal(await readMap(both.texture), expected);
  const { format, usage }: { format: string; usage: number } = both.texture;
  assert.equal([format, usage & 5], ['r8uint', 5], 'TEXTURE_BINDING and COPY_SRC');
  const only = await model.segment(source, { output: 'texture' });
  assert.is(only.classes, null);
  assert.is(only.texture, both.texture, 'one for all frames of a size');
  assert.equal(await readMap(only.texture), expected);
  assert.equal(await only.shares(), classShares(expected, model.labels));
  assert.equal(structuredClone(only).info, only.info);
  await fails(() => only.at(0, 0), 'BAD_USAGE', "'both'");
  await fails(only.toBlob(), 'BAD_USAGE', "'both'");
  const withScores = await model.segment(source, { output: 'texture', scores: true });
  assert.is(withScores.classes, null);
  assert.is(withScores.scores!.data.length, 3 * 370);
  await fails(model.segment(source, { output: 'matte' as 'both' }), 'BAD_USAGE', 'matte', 'texture');
  await model.dispose();
  assert.equal(
    [...alive.values()].filter(label => label !== ''),
    [],
    'nothing is left on the device',
  );
});

gpu('a texture of the model’s device is read in place', async () => {
  const model = await create();
  const source = picture('texture', 9, 14);
  for (const format of ['rgba8unorm', 'bgra8unorm'] as const) {
    const { classes, info } = await model.segment(texture(source, { format }));
    assert.equal(classes, largestChannel(source), format);
    assert.is(info.copy, 'texture');
  }
  const again = texture(source);
  for (let n = 0; n < 3; n++) assert.equal((await model.segment(again)).classes, largestChannel(source));
  await model.dispose();
});

gpu('a texture that can’t be read is refused, and leaves nothing', async () => {
  const model = await create();
  const source = picture('refused', 6, 6);
  await fails(model.segment(texture(source, { usage: TextureUsage.COPY_SRC })), 'BAD_IMAGE', 'TEXTURE_BINDING');
  await fails(model.segment(texture(source, { format: 'rgba8unorm-srgb' })), 'BAD_IMAGE', 'rgba8unorm-srgb', 'bgra8unorm');
  const layers = device!.createTexture({ size: [6, 6, 2], format: 'rgba8unorm', usage: TextureUsage.TEXTURE_BINDING });
  await fails(model.segment(layers), 'BAD_IMAGE', '2 layers');
  const gone = texture(source);
  gone.destroy();
  await fails(model.segment(gone), 'BAD_IMAGE', 'not destroyed');
  const other = await nodeDevice();
  await fails(model.segment(texture(source, { on: other.device })), 'BAD_IMAGE', 'of the device that was passed to load()');
  other.device.destroy();
  assert.equal((await model.segment(source)).classes, largestChannel(source), 'and goes on');
  await model.dispose();
});

gpu('encode: the caller’s encoder, and nothing without prepare', async () => {
  const errors: string[] = [];
  device!.onuncapturederror = ({ error }) => errors.push(error.message);
  const model = await create();
  const sources = ['one', 'two'].map(name => picture(name, 8, 21));
  const encoder = device!.createCommandEncoder();
  await fails(() => model.encode(encoder, texture(sources[0])), 'NOT_PREPARED', '8×21', 'prepare({ height: 8, width: 21 })');
  await model.prepare({ height: 8, width: 21 });
  // Two frames in one submission, the first into a texture of the caller's.
  const usage = TextureUsage.COPY_DST | TextureUsage.COPY_SRC;
  const into = device!.createTexture({ size: [21, 8], format: 'r8uint', usage });
  assert.is(model.encode(encoder, texture(sources[0]), into), into);
  const own = model.encode(encoder, texture(sources[1]));
  device!.queue.submit([encoder.finish()]);
  assert.equal(await readMap(into), largestChannel(sources[0]));
  assert.equal(await readMap(own), largestChannel(sources[1]));
  const make = (changes: Partial<GPUTextureDescriptor>): GPUTexture =>
    device!.createTexture({ size: [21, 8], format: 'r8uint', usage, ...changes });
  const wrong: [Partial<GPUTextureDescriptor>, string][] = [
    [{ size: [21, 9] }, 'r8uint, 9×21'],
    [{ format: 'r8unorm' }, 'r8unorm'],
    [{ usage: TextureUsage.COPY_SRC }, 'COPY_DST'],
  ];
  for (const [changes, said] of wrong)
    await fails(() => model.encode(device!.createCommandEncoder(), texture(sources[0]), make(changes)), 'BAD_IMAGE', said);
  const mine = await create({ borrowed: false, openDevice: async () => (await nodeDevice()).device });
  await mine.prepare({ height: 8, width: 21 });
  await fails(() => mine.encode(device!.createCommandEncoder(), texture(sources[0])), 'BAD_USAGE', '{ device }');
  await mine.dispose();
  await model.dispose();
  await fails(() => model.encode(device!.createCommandEncoder(), texture(sources[0])), 'DISPOSED');
  assert.equal(errors, []);
});

gpu('profile: every step with its costs, beside the one pass; it prints', async () => {
  const model = await create();
  const found = await model.profile(picture('profile', 16, 24));
  const { steps, sumUs, passUs, limits } = found;
  assert.equal(
    steps.map(({ node, kernel, macs }) => [node, kernel, macs]),
    model.plan.steps.map(({ node, kernel, macs }) => [node, kernel, macs]),
  );
  assert.equal([found.model, found.height, found.width, found.tiles], ['tiny', 16, 24, 1]);
  assert.ok(limits.multiply_add_gflops > 0 && limits.copy_gb_per_s > 0);
  if (device!.features.has('timestamp-query')) {
    assert.ok(steps.every(({ us, share }) => us! > 0 && share! >= 0 && share! < 1.5));
    assert.ok(Math.abs(steps.reduce((sum, { us }) => sum + us!, 0) - sumUs!) < 1e-6 && passUs! > 0);
  } else assert.equal([sumUs, passUs, steps[0].us, steps[0].share], [null, null, null, null]);
  const lines = String(found).split('\n');
  assert.is(lines.length, steps.length + 3);
  assert.match(lines[0], /^tiny 16×24, f32, on /);
  assert.equal(
    (await model.segment(picture('profile', 16, 24))).classes,
    largestChannel(picture('profile', 16, 24)),
    'and goes on',
  );
  await model.dispose();
});

test('support: what this machine has, without loading anything', async () => {
  const found = await support();
  assert.is(found.ok, device !== undefined);
  if (found.ok) {
    assert.equal([found.reason, found.hint], [null, null]);
    assert.equal(found.precisions.slice(0, 2), ['f32', 'half']);
    assert.is(found.adapter, adapterName(device!.adapterInfo));
  } else assert.ok(found.reason === 'no-adapter' && found.hint);
  const page = await front.support();
  assert.equal([page.ok, page.reason, page.adapter], [false, 'no-webgpu', null]);
  assert.ok(page.hint);
});

test('pixels: display-p3 and half floats become 8-bit sRGB, arrays of another realm count', async () => {
  const { readPixels, rgbaOf } = await import('../../src/front/pixels.ts');
  const { fromDisplayP3 } = await import('../../src/front/display-p3.ts');
  const rgba = (given: unknown): number[] => [...rgbaOf(readPixels(given))!];
  const half = class Float16Array extends Float32Array {
    override get [Symbol.toStringTag](): 'Float32Array' {
      return 'Float16Array' as 'Float32Array';
    }
  };
  const colours = half.from([0, 0.5, 1, 1, -0.25, 1.5, 0.2, 0.4]);
  assert.equal(rgba({ data: colours, width: 2, height: 1 }), [0, 128, 255, 255, 0, 255, 51, 102]);
  // Display P3 red is beyond sRGB's; its grey is sRGB's; the third is what the two spaces' primaries and white give.
  const p3 = Uint8ClampedArray.of(255, 0, 0, 255, 120, 120, 120, 255, 100, 150, 200, 9);
  const found = fromDisplayP3(rgbaOf(readPixels({ data: p3, width: 3, height: 1, colorSpace: 'display-p3' }))!);
  assert.equal([...found], [255, 0, 0, 255, 120, 120, 120, 255, 83, 152, 205, 9]);
});

test.run();
