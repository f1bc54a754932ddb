// `load` of atrous/node: every kind of source, downloads and their signals, and real photographs against PyTorch's class maps.
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openDevice } from '../../src/gpu/device.ts';
import { decodeLabels } from '../../src/image/png.ts';
import { openAdapter } from '../../src/node/dawn.ts';
import { type ErrorCode, load, type Progress, readImage, type Source, writePng } from '../../src/node/index.ts';
import { readSafetensors, writeSafetensors } from '../../src/weights/safetensors.ts';
import { at, pixels, repository, save, seeded, WEIGHTS } from '../cli/harness.ts';
import { keepIn, shareDevice } from '../cli/one-device.ts';
import { shared } from '../shared.ts';

const bytes = new Uint8Array(readFileSync(WEIGHTS));
const { tensors, metadata } = readSafetensors(bytes, WEIGHTS);
const card = JSON.parse(metadata.get('atrous')!);
const seededPicture = { data: new Uint8Array(32 * 64 * 4).fill(90), height: 32, width: 64 };
const done = await shareDevice();
const gpu = done ? test : test.skip;
// What is fetched is kept there.
await keepIn(at('cache'));
const servers: Server[] = [];
test.after(() => {
  done?.();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

async function fails(work: Promise<unknown>, code: ErrorCode, ...parts: string[]): Promise<void> {
  const error = await work.then(
    () => assert.unreachable(`no ${code}`),
    thrown => thrown,
  );
  assert.is(error.code, code, error.stack);
  for (const part of parts) assert.ok(error.message.includes(part), `"${part}" is not in: ${error.message}`);
  assert.not.match(error.message, '\n');
}

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

gpu('every kind of source is the same model', async () => {
  const sources: Record<string, [Source, object?]> = {
    name: ['regseg-camvid'],
    path: [WEIGHTS],
    'relative path': [relative(process.cwd(), WEIGHTS)],
    'file URL': [pathToFileURL(WEIGHTS)],
    'file URL as text': [pathToFileURL(WEIGHTS).href],
    ArrayBuffer: [bytes.buffer],
    'part of a larger Uint8Array': [Buffer.concat([Buffer.alloc(5), bytes]).subarray(5)],
    Blob: [new Blob([bytes])],
    File: [new File([bytes], 'weights.safetensors')],
    tensors: [tensors, { card }],
    'tensors without a card': [tensors, { model: 'regseg' }],
    'tensors in a dict': [new Map([...tensors].map(([name, tensor]) => [`a.ema.module.${name}`, tensor])), { card, key: 'a.ema' }],
    'name, elsewhere': ['regseg-camvid', { baseUrl: pathToFileURL(`${repository}weights/`) }],
  };
  for (const [kind, [source, options]] of Object.entries(sources)) {
    const model = await load(source, options);
    assert.is(model.labels.length, 11, kind);
    if (kind !== 'tensors without a card') assert.equal([...model.labels], card.classes, kind);
    await model.dispose();
  }
});

gpu('what is loaded segments, whatever it came from, and saves its classes', async () => {
  const source = pixels('front', 24, 32);
  const [named, mapped] = [await load('regseg-camvid'), await load(tensors, { card })];
  const phases: Progress[] = [];
  const result = await named.segment(source, { onProgress: progress => phases.push(progress) });
  assert.equal((await mapped.segment(source)).classes, result.classes);
  assert.ok(phases.length > 0 && phases.every(({ phase, done, total }) => phase === 'compile' && done <= total));
  assert.is(result.info.model, 'regseg-camvid');
  await writePng(at('saved.png'), result);
  const { data, palette } = await decodeLabels(readFileSync(at('saved.png')), 'saved');
  assert.equal([data, palette], [new Uint8Array(result.classes), card.palette]);
  await Promise.all([named.dispose(), mapped.dispose()]);
});

gpu('tensors alone tell the network', async () => {
  const model = await load(seeded('exp49_decoder14', 5));
  assert.equal([model.card.model, model.labels], ['exp49_decoder14', ['0', '1', '2', '3', '4']]);
  assert.is(model.assumed, null);
  await model.dispose();
  const averaged = [...seeded('exp49_decoder14', 5)].flatMap(([name, tensor]) => [
    [`ema.${name}`, tensor] as const,
    [`net.${name}`, tensor] as const,
  ]);
  const one = await load(new Map(averaged));
  assert.match(one.assumed!, /"ema" fits too: "net" is taken/);
  await one.dispose();
  const streets = await load(seeded('exp49_decoder14', 19));
  assert.equal([streets.labels[0], streets.palette[0]], ['road', [128, 64, 128]], '19 classes are taken for Cityscapes’');
  await streets.dispose();
});

gpu('mistakes have a code and say what', async () => {
  await fails(load('nowhere.safetensors'), 'NO_FILE', 'nowhere.safetensors', 'no such file');
  await fails(load(new URL('file:///nowhere/x.pth')), 'NO_FILE', '/nowhere/x.pth');
  await fails(load(bytes.subarray(0, 1e6)), 'BAD_WEIGHTS', 'cut off');
  await fails(load(new File([new Uint8Array(20)], 'zeros.pth')), 'BAD_WEIGHTS', 'zeros.pth');
  await fails(load(new Map()), 'BAD_WEIGHTS', 'no known network');
  await fails(load(tensors, { card, key: 'ema' }), 'BAD_USAGE', 'key "ema"');
  await fails(load(seeded('exp49_decoder14', 300), { model: 'exp49_decoder14' }), 'BAD_WEIGHTS', '300 classes', '256');
  await fails(load(tensors, { model: 'unet' }), 'BAD_USAGE', '"unet"');
  await fails(load(tensors, { model: 'regseg-large' }), 'BAD_WEIGHTS', 'do not fit');
  await fails(load('regseg-camvid', { baseUrl: 'weights' }), 'BAD_USAGE', 'baseUrl "weights"');
  await fails(load('regseg-camvid', { precision: 'fp16' as 'f16' }), 'BAD_USAGE', '"fp16"', 'half');
  await fails(load('regseg-camvid', { variants: ['fast'] }), 'BAD_USAGE', '"fast"');
  await fails(load('regseg-camvid', { adapter: 'no such adapter' }), 'NO_ADAPTER', 'no such adapter');
  await fails(load(tensors, { card: { ...card, classes: ['a'], palette: [[0, 0, 0]] } }), 'BAD_WEIGHTS', '11 classes', 'names 1');
});

gpu('downloads: progress, then compiling; what servers do wrong', async () => {
  const base = await serve((request, response) => {
    if (request.url === '/404') return response.writeHead(404).end('<html>');
    if (request.url === '/short') {
      response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 1000), () => response.destroy());
      return;
    }
    if (request.url === '/slow')
      return void response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 1000));
    response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
  });
  const seen: Progress[] = [];
  const model = await load(`${base}/weights.safetensors`, { onProgress: progress => seen.push(progress) });
  assert.ok(seen.every(({ phase }) => phase === 'download'));
  assert.equal(seen.at(-1), { phase: 'download', done: bytes.length, total: bytes.length });
  assert.ok(seen.every(({ done }, n) => n === 0 || done > seen[n - 1].done));
  await model.dispose();
  const named = await load('regseg-camvid', { baseUrl: `${base}/` });
  await named.dispose();

  await fails(load(`${base}/404`), 'NO_FILE', `${base}/404`, '404');
  await fails(load(`${base}/short`), 'NO_FILE', `${base}/short`);
  await fails(load('http://127.0.0.1:1/x'), 'NO_FILE', 'http://127.0.0.1:1/x');
  const controller = new AbortController();
  const stopped = load(`${base}/slow`, { signal: controller.signal, onProgress: () => controller.abort('enough') });
  await fails(stopped, 'ABORTED', 'enough');
});

gpu('a built-in name’s bytes are its file’s, whoever serves them', async () => {
  const asked: string[] = [];
  const base = await serve((request, response) => {
    asked.push(request.url!);
    const [, kind] = request.url!.split('/');
    if (kind === 'zeros') return response.end(bytes.map((byte, n) => (n < bytes.length - 200_000 ? byte : 0)));
    if (kind === 'cut') return response.end(bytes.subarray(0, 1000));
    if (kind === 'gzip') return response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(bytes, { level: 1 }));
    if (kind !== 'endless') return response.end(bytes);
    const more = (): unknown => !response.destroyed && response.write(bytes, more);
    more();
  });
  await fails(load('regseg-camvid', { baseUrl: `${base}/zeros` }), 'BAD_WEIGHTS', '/zeros/regseg-camvid', 'sha256');
  await fails(load('regseg-camvid', { baseUrl: `${base}/cut` }), 'BAD_WEIGHTS', '1000 bytes', '6880012');
  await fails(load('regseg-camvid', { baseUrl: `${base}/endless` }), 'BAD_WEIGHTS', 'more than 6880012');
  const seen: Progress[] = [];
  const packed = await load('regseg-camvid', { baseUrl: `${base}/gzip`, onProgress: progress => seen.push(progress) });
  await packed.dispose();
  assert.ok(seen.every(({ done, total }) => total === bytes.length && done <= total));
  // Without the manifest a compressed length says nothing.
  seen.length = 0;
  const unnamed = await load(`${base}/gzip/x`, { onProgress: progress => seen.push(progress) });
  await unnamed.dispose();
  assert.ok(seen.length > 0 && seen.every(({ total }) => total === 0));
  assert.is(asked.length, 5);
});

gpu('calls of one URL at a time fetch it once, and none stops it for the others', async () => {
  let asked = 0;
  let closed = 0;
  let finish = (): void => {};
  const base = await serve((_request, response) => {
    asked++;
    response.writeHead(200, { 'content-length': bytes.length });
    // A few bytes at a time, so that a call whose device takes longer to open hears of some too.
    let sent = 0;
    const trickle = setInterval(() => response.write(bytes.subarray(sent, (sent += 8))), 10);
    finish = () => {
      clearInterval(trickle);
      response.end(bytes.subarray(sent));
    };
    response.on('close', () => {
      clearInterval(trickle);
      closed++;
    });
  });
  const url = `${base}/weights.safetensors`;
  const controller = new AbortController();
  const hearing = () => {
    let onProgress = (): void => {};
    const heard = new Promise<void>(resolve => {
      onProgress = resolve;
    });
    return { heard, onProgress };
  };
  const all = [hearing(), hearing(), hearing()];
  const [quits, ...stay] = all;
  const given = fails(load(url, { signal: controller.signal, onProgress: quits.onProgress }), 'ABORTED', 'enough');
  const others = Promise.all(stay.map(({ onProgress }) => load(url, { onProgress })));
  const thrown = new Error('mine');
  const failing = load(url, {
    onProgress: () => {
      throw thrown;
    },
  }).catch(error => error);
  await Promise.all(all.map(({ heard }) => heard));
  controller.abort('enough');
  await given;
  finish();
  for (const model of await others) await model.dispose();
  assert.is(await failing, thrown);
  assert.is(asked, 1);
  // When all give up the connection ends.
  const last = new AbortController();
  await fails(load(url, { signal: last.signal, onProgress: () => last.abort('never mind') }), 'ABORTED', 'never mind');
  for (let tries = 0; closed < 2 && tries < 100; tries++) await new Promise(resolve => setTimeout(resolve, 20));
  assert.is(closed, 2);
});

gpu('a response is a source, once', async () => {
  const base = await serve((request, response) => {
    if (request.url === '/404') return response.writeHead(404).end();
    response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
  });
  const response = await fetch(`${base}/weights`);
  const seen: Progress[] = [];
  const model = await load(response, { onProgress: progress => seen.push(progress) });
  assert.equal(seen.at(-1), { phase: 'download', done: bytes.length, total: bytes.length });
  await model.dispose();
  await fails(load(response), 'NO_FILE', `${base}/weights`, 'read before');
  await fails(load(await fetch(`${base}/404`)), 'NO_FILE', `${base}/404`, '404');
});

gpu('a signal that has fired stops every source', async () => {
  const signal = AbortSignal.abort('too late');
  for (const source of ['regseg-camvid', 'http://127.0.0.1:1/x', bytes, new Blob([bytes]), tensors])
    await fails(load(source, { signal }), 'ABORTED', 'too late');
});

gpu('a device that is passed in is used and left alone', async () => {
  const opened = await openAdapter();
  const device = await openDevice(opened.adapter);
  const model = await load('regseg-camvid', { device });
  await model.prepare({ height: 24, width: 32 });
  await model.dispose();
  const buffer = device.createBuffer({ size: 4, usage: 8 });
  device.queue.writeBuffer(buffer, 0, new Uint8Array(4));
  await device.queue.onSubmittedWorkDone();
  assert.is(await Promise.race([device.lost.then(() => 'lost'), Promise.resolve('alive')]), 'alive');
  device.destroy();
  opened.release();
});

gpu('photographs: PyTorch’s class maps', async () => {
  const images = shared('data/camvid/images', 'no photographs are compared with PyTorch, only the sample');
  const weights = shared('weights', 'nor by the checkpoint that PyTorch wrote');
  if (!images || !weights) return;
  const model = await load(join(weights, 'regseg_camvid.pth'), { card });
  for (const name of readdirSync(images).sort().slice(7, 9)) {
    const { classes, height, width } = await model.segment(await readImage(join(images, name)));
    const file = join(weights, 'regseg_camvid_expected', name);
    const { data } = await decodeLabels(readFileSync(file), file);
    assert.is(data.length, height * width);
    const equal = classes.reduce((sum, value, n) => sum + Number(value === data[n]), 0) / data.length;
    assert.ok(equal >= 0.999, `${name}: ${equal} of the pixels agree`);
  }
  await model.dispose();
});

gpu(
  'a size is prepared before load is done, and one that does not fit ends it; programs read of options, not of flags',
  async () => {
    const phases = new Set<string>();
    const size = { height: 32, width: 64 };
    const model = await load('regseg-camvid', { size, precision: 'f32', onProgress: ({ phase }) => phases.add(phase) });
    assert.equal([...phases], ['download', 'compile']);
    assert.equal(model.plan.size, [32, 64]);
    await model.segment(seededPicture, { onProgress: () => assert.unreachable('compiled again') });
    await model.dispose();
    const huge = load('regseg-camvid', {
      size: { height: 60_000, width: 60_000 },
      precision: 'f32',
      card: { ...card, preprocessing: { ...card.preprocessing, max_area: null } },
    });
    const error = await huge.then(
      () => assert.unreachable('no LIMIT'),
      thrown => thrown,
    );
    assert.is(error.code, 'LIMIT');
    assert.match(error.message, /\bsize\b/);
    assert.not.match(error.message, /--/);
  },
);

test('a weights file of another kind is refused before an adapter is asked for', async () => {
  const file = save('other.safetensors', writeSafetensors([['x', { dtype: 'U8', shape: [1], bytes: new Uint8Array(1) }]]));
  await fails(load(file, { adapter: 'no such adapter' }), 'BAD_WEIGHTS', file);
});

test.run();
