// ONNX files in a page: from a File, a Map of files and a URL with weights beside it, to classes, mattes and canvases, as Node has them; README's page.
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { load } from '../../src/node/index.ts';
import { encodePng } from '../../src/node/photograph.ts';
import { classes, matte, outside, weights } from '../onnx/pictures.ts';
import { browserWith, closeBrowser, crop, openPage, packedFiles, root } from './harness.ts';
import { type Route, serve } from './server.ts';

test.after(closeBrowser);

const pixels = await crop(31, 66);
const options = { card: { preprocessing: { mean: [0.5, 0.4, 0.3], std: [0.25, 0.2, 0.3] } }, precision: 'f32' } as const;

const sent =
  (bytes: Uint8Array): Route =>
  (_request, response) =>
    void response.end(bytes);

test('a File: the matte and the picture cut out by it', async () => {
  const page = await openPage();
  const before = new Set(page.server.requests);
  const found = await page.evaluate(
    async ({ pixels, file, options }) => {
      const model = await atrous.load(new File([file as Uint8Array<ArrayBuffer>], 'portrait.onnx'), options);
      const source = new ImageData(new Uint8ClampedArray(pixels.data), pixels.width, pixels.height);
      const result = await model.segment(source, { matte: true });
      const canvas = new OffscreenCanvas(1, 1);
      await result.draw(canvas, { background: 'transparent' });
      const flat = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d')!;
      flat.drawImage(canvas, 0, 0);
      const { data } = flat.getImageData(0, 0, canvas.width, canvas.height);
      const { classes, matte, info } = result;
      const { assumed } = model;
      await model.dispose();
      return { classes, matte, name: info.model, assumed, data };
    },
    { pixels, file: matte(false), options },
  );
  const node = await load(matte(false), { ...options, adapter: 'software' });
  const expected = await node.segment(pixels, { matte: true });
  await node.dispose();
  assert.equal(found.classes, expected.classes);
  assert.ok(found.matte!.every((value, n) => Math.abs(value - expected.matte![n]) <= 1));
  assert.is(found.name, 'portrait');
  assert.match(found.assumed!, /the sigmoid of "y" to be a probability/);
  // Canvases multiply colours with their alpha, eight bits each.
  found.matte!.forEach((alpha, n) => {
    const [r, , , a] = found.data.slice(n * 4, n * 4 + 4);
    assert.ok(Math.abs(a - alpha) <= 1, `alpha ${a}, not ${alpha}`);
    assert.ok(a < 32 || Math.abs(r - pixels.data[n * 4]) <= 10, `red ${r}, not ${pixels.data[n * 4]}`);
  });
  // Its reader is no part of what every page loads.
  assert.ok(page.server.requests.filter(path => path.endsWith('.js') && !before.has(path)).length > 2);
});

test('a video: every frame is cut out by its own matte, on the page and in a worker', async () => {
  const page = await openPage();
  const found = await page.evaluate(
    async ({ pixels, file, options }) => {
      const flat = (canvas: HTMLCanvasElement, draw: (context: CanvasRenderingContext2D) => void) => {
        Object.assign(canvas, { width: pixels.width, height: pixels.height });
        const context = canvas.getContext('2d', { willReadFrequently: true })!;
        draw(context);
        return context.getImageData(0, 0, pixels.width, pixels.height).data;
      };
      const picture = document.createElement('canvas');
      flat(picture, context =>
        context.putImageData(new ImageData(new Uint8ClampedArray(pixels.data), pixels.width, pixels.height), 0, 0),
      );
      const all = [];
      for (const { load } of [atrous, (await import('/atrous/dist/worker.js' as string)) as typeof atrous]) {
        const model = await load(file, options);
        const canvas = document.createElement('canvas');
        const mattes: (Uint8Array | null)[] = [];
        let n = 0;
        const frames = new ReadableStream<VideoFrame>({
          pull: to => (n === 2 ? to.close() : to.enqueue(new VideoFrame(picture, { timestamp: 40_000 * n++ }))),
        });
        const onResult = ({ matte }: { matte: Uint8Array | null }) => void mattes.push(matte);
        const how = await model.stream(frames, canvas, { matte: true, background: 'transparent', smoothing: 100, onResult })
          .finished;
        const data = flat(document.createElement('canvas'), context => context.drawImage(canvas, 0, 0));
        const { matte } = await model.segment(picture, { matte: true });
        const wrong = await model.stream(frames, canvas, { background: 'transparent' }).finished.catch(error => error.message);
        await model.dispose();
        all.push({ how, mattes, alphas: data.filter((_, byte) => byte % 4 === 3), matte, wrong });
      }
      return all;
    },
    { pixels, file: matte(false), options },
  );
  for (const { how, mattes, alphas, matte, wrong } of found) {
    assert.equal([how, mattes.length], ['ended', 2]);
    for (const each of mattes) assert.ok(each!.every((value, n) => Math.abs(value - matte![n]) <= 1));
    assert.ok(alphas.every((value, n) => Math.abs(value - matte![n]) <= 1));
    assert.ok(new Set(matte).size > 20, 'its edges are soft');
    assert.match(wrong as string, /say which in classes.*or ask for a matte/);
  }
});

test('weights beside the file: in a Map of files, and fetched beside a URL', async () => {
  const page = await openPage({ routes: { '/nets/net.onnx': sent(outside), '/nets/w.bin': sent(weights) } });
  const found = await page.evaluate(
    async ({ pixels, outside, weights, options }) => {
      const classesOf = async (source: Parameters<typeof atrous.load>[0]) => {
        const model = await atrous.load(source, options);
        const { classes } = await model.segment(pixels);
        await model.dispose();
        return classes!;
      };
      const files = new Map<string, Uint8Array | Blob>([
        ['net.onnx', outside],
        ['w.bin', new Blob([weights as Uint8Array<ArrayBuffer>])],
      ]);
      return [await classesOf(files), await classesOf('/nets/net.onnx'), await classesOf(new URL('nets/net.onnx', location.href))];
    },
    { pixels, outside, weights, options },
  );
  const node = await load(classes(), { ...options, adapter: 'software' });
  const { classes: expected } = await node.segment(pixels);
  await node.dispose();
  for (const each of found) assert.equal(each, expected);
});

test('what can’t be made, and weights that are missing, are said', async () => {
  const bad = classes({
    nodes: [
      { op: 'NonZero', inputs: ['x'], outputs: ['a'], name: 'one' },
      { op: 'Loop', inputs: ['a'], outputs: ['y'], name: 'two' },
    ],
  });
  const page = await openPage({ routes: { '/alone.onnx': sent(outside) } });
  const said = await page.evaluate(async bad => {
    const messages: string[] = [];
    for (const source of [bad, '/alone.onnx'])
      await atrous.load(source).catch(error => messages.push(`${error.code} ${error.message}`));
    return messages;
  }, bad);
  assert.match(said[0], /^BAD_GRAPH .*2 nodes can't be made: NonZero "one".*Loop "two"/);
  assert.match(said[1], /^NO_FILE .*w\.bin.*404/);
});

test('the page of the README', async () => {
  const section = /## Bring your own network\n(.*?)\n## /s.exec(readFileSync(`${root}README.md`, 'utf8'))![1];
  const [, html] = /```html\n(.*?)```/s.exec(section)!;
  assert.ok(html.trim().split('\n').length <= 10, 'ten lines');
  const picture = await encodePng(pixels.data as Uint8Array, pixels.width, pixels.height);
  const files = new Set(packedFiles());
  const server = await serve(path => {
    if (path === '/') return html;
    if (path === '/person.jpg') return (_request, response) => void response.setHeader('content-type', 'image/png').end(picture);
    if (path === '/modnet.onnx') return sent(matte(true));
    const file = path.replace('/node_modules/atrous/', '');
    return files.has(file) ? { file: root + file } : undefined;
  });
  const page = await (await browserWith()).newPage();
  try {
    await page.goto(server.origin);
    // The canvas has the picture's size before anything is on it.
    const drawn = await page.waitForFunction(
      () => {
        const canvas = document.querySelector('canvas')!;
        const flat = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d')!;
        flat.drawImage(canvas, 0, 0);
        const alphas = [...flat.getImageData(0, 0, canvas.width, canvas.height).data].filter((_, n) => n % 4 === 3);
        return canvas.width === 66 && alphas.some(alpha => alpha > 0) && alphas;
      },
      undefined,
      { timeout: 120_000 },
    );
    const alphas = (await drawn.jsonValue()) as number[];
    const node = await load(matte(true), { adapter: 'software' });
    const { matte: expected } = await node.segment(pixels, { matte: true });
    await node.dispose();
    assert.is(alphas.length, expected!.length);
    const worst = Math.max(...alphas.map((alpha, n) => Math.abs(alpha - expected![n])));
    assert.ok(worst <= 2, `an alpha is ${worst} off`);
  } finally {
    await page.close();
    server.close();
  }
});

test.run();
