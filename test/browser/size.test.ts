// What a page loads of our JavaScript for the commonest use, minified and gzipped: size is a feature.
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { closeBrowser, crop, openPage, root } from './harness.ts';

test.after(closeBrowser);

/** In bytes; the aim is 40,000. What a page needs only sometimes goes behind a dynamic import, and passes, kernels and operations that RegSeg has not are late by themselves (build-late.ts). */
const MOST = 40_560;
/** The same on a GPU, whose programs are others and more. */
const MOST_GPU = 47_200;
/** What the page's own thread has of a model in a worker. */
const MOST_WORKER = 7_700;

function gzipped(file: string): number {
  return gzipSync(readFileSync(root + file), { level: 9 }).length;
}

/** Files that a page fetches for the import alone, and with a model that is loaded, segments and draws. */
async function fetched(): Promise<readonly [first: readonly string[], all: readonly string[]]> {
  const page = await openPage();
  const pixels = await crop(32, 64);
  const before = page.server.requests.length;
  await page.evaluate(async pixels => {
    const model = await atrous.load('regseg-camvid');
    const result = await model.segment(pixels);
    await result.draw(new OffscreenCanvas(64, 32));
    await model.dispose();
  }, pixels);
  const files = (paths: readonly string[]): string[] => [
    ...new Set(paths.filter(path => path.startsWith('/atrous/dist/')).map(path => path.slice('/atrous/'.length))),
  ];
  return [files(page.server.requests.slice(0, before)), files(page.server.requests)];
}

const bytesOf = (files: readonly string[]): number => files.reduce((sum, file) => sum + gzipped(file), 0);

test('the JavaScript of load, segment and draw', async () => {
  const [first, all] = await fetched();
  // A GPU's page fetches programs with barriers, and what plans them, where a CPU adapter's fetches its own.
  const gpu = [
    ...all.filter(file => !file.includes('/shaders-cpu-')),
    ...['barriers-', 'shaders-gpu-'].map(name => `dist/${readdirSync(`${root}dist`).find(file => file.startsWith(name))!}`),
  ];
  assert.is(gpu.length, all.length + 1, all.join(' '));
  console.log(
    `JavaScript, gzipped: ${bytesOf(first)} bytes for the import, ${bytesOf(all)} with load, segment and draw (at most ${MOST}), ${bytesOf(gpu)} on a GPU (at most ${MOST_GPU})`,
  );
  assert.ok(bytesOf(first) > 10_000 && bytesOf(all) > bytesOf(first));
  for (const [files, most] of [
    [all, MOST],
    [gpu, MOST_GPU],
  ] as const)
    assert.ok(
      bytesOf(files) <= most,
      `${bytesOf(files)} bytes of JavaScript, at most ${most}: load what is not always needed by import(), or see build-late.ts`,
    );
});

test('the JavaScript of atrous/worker on its page', () => {
  const bytes = gzipped('dist/worker.js');
  console.log(`atrous/worker, gzipped: ${bytes} bytes for the page (at most ${MOST_WORKER}); the worker fetches what a page does`);
  assert.ok(bytes > 3000 && bytes <= MOST_WORKER, `${bytes} bytes: at most ${MOST_WORKER}`);
});

test.run();
