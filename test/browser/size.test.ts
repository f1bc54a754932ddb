// What a page loads of our JavaScript for the commonest use, minified and gzipped: size is a feature.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LoadOptions } from '../../src/index.ts';
import { closeBrowser, crop, openPage, root } from './harness.ts';

test.after(closeBrowser);

/** In bytes. The aim is 40,000: this holds what is reached, and goes down with it. */
const MOST = 47_000;
/** On top of it: what keeps weights for the next time, and the self-test. */
const MOST_BESIDE = 4_100;

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
    return files.reduce((sum, path) => sum + gzipSync(readFileSync(root + path.slice('/atrous/'.length)), { level: 9 }).length, 0);
  };
  return [size(page.server.requests.slice(0, before)), size(page.server.requests)];
}

test('the JavaScript of load, segment and draw', async () => {
  const [first, all] = await fetched({ cache: false, selfTest: false });
  const [, whole] = await fetched({});
  console.log(
    `JavaScript, gzipped: ${first} bytes for the import, ${all} with load, segment and draw (at most ${MOST}), and ${whole - all} beside it`,
  );
  assert.ok(first > 10_000 && all > first && whole > all);
  assert.ok(all <= MOST, `${all} bytes of JavaScript: at most ${MOST}`);
  assert.ok(whole - all <= MOST_BESIDE, `${whole - all} bytes beside it: at most ${MOST_BESIDE}`);
});

test.run();
