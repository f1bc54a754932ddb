// README's page for the browser, as it stands there, and a policy that forbids all but the page's own files.
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodePng } from '../../src/node/photograph.ts';
import { agreement, browserWith, closeBrowser, crop, nodeModel, openPage, packedFiles, root } from './harness.ts';
import { serve } from './server.ts';

test.after(closeBrowser);

test('the quick start of the README', async () => {
  const [, html] = /```html\n(.*?)```/s.exec(readFileSync(`${root}README.md`, 'utf8'))!;
  assert.ok(html.trim().split('\n').length <= 10, 'ten lines');
  const pixels = await crop(32, 64);
  const picture = await encodePng(pixels.data as Uint8Array, pixels.width, pixels.height);
  const files = new Set(packedFiles());
  const server = await serve(path => {
    if (path === '/') return html;
    if (path === '/street.jpg') return (_request, response) => void response.setHeader('content-type', 'image/png').end(picture);
    const file = path.replace('/node_modules/atrous/', '');
    return files.has(file) ? { file: root + file } : undefined;
  });
  const page = await (await browserWith()).newPage();
  try {
    const said = page.waitForEvent('console', { predicate: message => message.type() === 'log', timeout: 120_000 });
    await page.goto(server.origin);
    const shares = await (await said).args()[0].jsonValue();
    const expected = (await (await nodeModel()).segment(pixels)).shares();
    assert.equal(Object.keys(shares as object), Object.keys(expected));
    const canvas = await page.evaluate(() => {
      const { width, height } = document.querySelector('canvas')!;
      return { width, height };
    });
    assert.equal(canvas, { width: 64, height: 32 });
  } finally {
    await page.close();
    server.close();
  }
});

test("a page under default-src 'self'", async () => {
  const pixels = await crop(32, 64);
  const page = await openPage({ headers: { 'content-security-policy': "default-src 'self'" } });
  const classes = await page.evaluate(async pixels => {
    const model = await atrous.load('regseg-camvid');
    const { classes } = await model.segment(pixels);
    await model.dispose();
    return classes;
  }, pixels);
  const { classes: expected } = await (await nodeModel()).segment(pixels);
  assert.ok(agreement(classes!, expected!) >= 0.999);
});

test.run();
