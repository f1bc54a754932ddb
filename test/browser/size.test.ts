// What a page loads of our JavaScript for the commonest use, minified and gzipped: size is a feature.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { closeBrowser, crop, openPage, root } from './harness.ts';

test.after(closeBrowser);

/** In bytes. The aim is 40,000: this holds what is reached, and goes down with it. */
const MOST = 46_100;

test('the JavaScript of load, segment and draw', async () => {
  const page = await openPage();
  const pixels = await crop(32, 64);
  const before = page.server.requests.length;
  await page.evaluate(async pixels => {
    const model = await atrous.load('regseg-camvid');
    const result = await model.segment(pixels);
    await result.draw(new OffscreenCanvas(64, 32));
    await model.dispose();
  }, pixels);
  const size = (paths: readonly string[]): number => {
    const files = [...new Set(paths)].filter(path => path.startsWith('/atrous/dist/'));
    return files.reduce((sum, path) => sum + gzipSync(readFileSync(root + path.slice('/atrous/'.length)), { level: 9 }).length, 0);
  };
  const [first, all] = [size(page.server.requests.slice(0, before)), size(page.server.requests)];
  console.log(`JavaScript, gzipped: ${first} bytes for the import, ${all} with load, segment and draw (at most ${MOST})`);
  assert.ok(first > 10_000 && all > first);
  assert.ok(all <= MOST, `${all} bytes of JavaScript: at most ${MOST}`);
});

test.run();
