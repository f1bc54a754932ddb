// What a page loads of our JavaScript for the commonest use, minified and gzipped: size is a feature.
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type * as front from '../../src/index.ts';
import { closeBrowser, crop, openPage, root } from './harness.ts';

test.after(closeBrowser);

/** In bytes. What a page needs only sometimes goes behind a dynamic import, and passes, kernels and operations that RegSeg has not are late by themselves (build-late.ts). */
const MOST = 40_000;
/** The same on a GPU, whose programs are others and more. */
const MOST_GPU = 46_700;
/** With RegSeg's weights given by URL, on a GPU too: a hundredth of what onnxruntime-web's WebGPU fetches before a model (bench/browser/README.md). */
const MOST_URL = 66_600;
/** What the page's own thread has of a model in a worker. */
const MOST_WORKER = 7_700;

function gzipped(file: string): number {
  return gzipSync(readFileSync(root + file), { level: 9 }).length;
}

/** Files that a page fetches for the import alone, and with a model that is loaded, segments and draws. */
async function fetched(
  source: string,
  options?: front.LoadOptions,
): Promise<readonly [first: readonly string[], all: readonly string[]]> {
  const page = await openPage();
  const pixels = await crop(32, 64);
  const before = page.server.requests.length;
  await page.evaluate(
    async ([source, options, pixels]) => {
      const model = await atrous.load(source, options);
      const result = await model.segment(pixels);
      await result.draw(new OffscreenCanvas(64, 32));
      await model.dispose();
    },
    [source, options, pixels] as const,
  );
  const files = (paths: readonly string[]): string[] => [
    ...new Set(paths.filter(path => path.startsWith('/atrous/dist/')).map(path => path.slice('/atrous/'.length))),
  ];
  return [files(page.server.requests.slice(0, before)), files(page.server.requests)];
}

const bytesOf = (files: readonly string[]): number => files.reduce((sum, file) => sum + gzipped(file), 0);

/** A GPU's page fetches programs with barriers, and what plans them, where a CPU adapter's fetches its own. */
function onGpu(files: readonly string[]): readonly string[] {
  const gpu = [
    ...files.filter(file => !file.includes('/shaders-cpu-')),
    ...['barriers-', 'shaders-gpu-'].map(name => `dist/${readdirSync(`${root}dist`).find(file => file.startsWith(name))!}`),
  ];
  assert.is(gpu.length, files.length + 1, files.join(' '));
  return gpu;
}

function checkSize(files: readonly string[], most: number): void {
  assert.ok(
    bytesOf(files) <= most,
    `${bytesOf(files)} bytes of JavaScript, at most ${most}: load what is not always needed by import(), or see build-late.ts; ${files.join(' ')}`,
  );
}

test('the JavaScript of load, segment and draw', async () => {
  const [first, all] = await fetched('regseg-camvid');
  const gpu = onGpu(all);
  console.log(
    `JavaScript, gzipped: ${bytesOf(first)} bytes for the import, ${bytesOf(all)} with load, segment and draw (at most ${MOST}), ${bytesOf(gpu)} on a GPU (at most ${MOST_GPU})`,
  );
  assert.ok(bytesOf(first) > 10_000 && bytesOf(all) > bytesOf(first));
  checkSize(all, MOST);
  checkSize(gpu, MOST_GPU);
});

test('the JavaScript of the same with weights from a URL', async () => {
  const options = { model: 'regseg', precision: 'f32', cache: false, selfTest: false } as const;
  const [first, all] = await fetched('/atrous/weights/regseg-camvid.safetensors', options);
  const gpu = onGpu(all);
  console.log(`with weights from a URL: ${bytesOf(all)} bytes, ${bytesOf(gpu)} on a GPU (at most ${MOST_URL})`);
  assert.ok(all.length > first.length && bytesOf(all) > MOST);
  checkSize(gpu, MOST_URL);
});

test('the JavaScript of atrous/worker on its page', () => {
  const bytes = gzipped('dist/worker.js');
  console.log(`atrous/worker, gzipped: ${bytes} bytes for the page (at most ${MOST_WORKER}); the worker fetches what a page does`);
  assert.ok(bytes > 3000 && bytes <= MOST_WORKER, `${bytes} bytes: at most ${MOST_WORKER}`);
});

test.run();
