// What a page loads of our JavaScript for the commonest use, minified and gzipped: size is a feature.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LoadOptions } from '../../src/index.ts';
import { closeBrowser, crop, openPage, root } from './harness.ts';

test.after(closeBrowser);

/** In bytes; the aim is 40,000. What a page needs only sometimes goes behind a dynamic import, and passes, kernels and operations that RegSeg has not are late by themselves (build-late.ts). */
const MOST = 46_500;
/** What the page's own thread has of a model in a worker. */
const MOST_WORKER = 7_700;

function gzipped(file: string): number {
  return gzipSync(readFileSync(root + file), { level: 9 }).length;
}

/** Bytes that a page fetches for the import alone, and with a model that is loaded, segments and draws. */
async function fetched(options: LoadOptions): Promise<readonly [first: number, all: number]> {
  const page = await openPage();
  const pixels = await crop(32, 64);
  const before = page.server.requests.length;
  await page.evaluate(
    async ([pixels, options]) => {
      const model = await atrous.load('regseg-camvid', options);
      const result = await model.segment(pixels);
      await result.draw(new OffscreenCanvas(64, 32));
      await model.dispose();
    },
    [pixels, options] as const,
  );
  const size = (paths: readonly string[]): number => {
    const files = [...new Set(paths)].filter(path => path.startsWith('/atrous/dist/'));
    return files.reduce((sum, path) => sum + gzipped(path.slice('/atrous/'.length)), 0);
  };
  return [size(page.server.requests.slice(0, before)), size(page.server.requests)];
}

test('the JavaScript of load, segment and draw', async () => {
  const [first, all] = await fetched({});
  const [, plain] = await fetched({ cache: false, selfTest: false });
  console.log(
    `JavaScript, gzipped: ${first} bytes for the import, ${all} with load, segment and draw (at most ${MOST}), ${plain} of it without cache and self-test`,
  );
  assert.ok(first > 10_000 && plain > first && all > plain);
  assert.ok(
    all <= MOST,
    `${all} bytes of JavaScript, at most ${MOST}: load what is not always needed by import(), or see build-late.ts`,
  );
});

test('the JavaScript of atrous/worker on its page', () => {
  const bytes = gzipped('dist/worker.js');
  console.log(`atrous/worker, gzipped: ${bytes} bytes for the page (at most ${MOST_WORKER}); the worker fetches what a page does`);
  assert.ok(bytes > 3000 && bytes <= MOST_WORKER, `${bytes} bytes: at most ${MOST_WORKER}`);
});

test.run();
