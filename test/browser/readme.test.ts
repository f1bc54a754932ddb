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

test('its camera, its background and its worker', async () => {
  const blocks = [...readFileSync(`${root}README.md`, 'utf8').matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code);
  const [camera, focus, inWorker] = ['getUserMedia', 'background', 'atrous/worker'].map(
    word => blocks.find(code => code.includes(word))!,
  );
  const pixels = await crop(32, 64);
  const picture = await encodePng(pixels.data as Uint8Array, pixels.width, pixels.height);
  const files = new Set(packedFiles());
  const atrous = './node_modules/atrous/dist/';
  const map = JSON.stringify({ imports: { atrous: `${atrous}index.js`, 'atrous/worker': `${atrous}worker.js` } });
  // Small frames, where a machine has a camera or none.
  const stand = `const painted = Object.assign(document.createElement('canvas'), { width: 64, height: 32 });
navigator.mediaDevices.getUserMedia = async () => painted.captureStream(30);
setInterval(() => painted.getContext('2d').drawImage(document.querySelector('img'), 0, 0), 20);`;
  const shown =
    'await new Promise(resolve => { const timer = setInterval(() => STREAM.stats.frames > 1 && resolve(clearInterval(timer)), 20); });';
  const programs: Record<string, string> = {
    // Each is awaited, for the next begins with an end.
    '/camera.js': `${stand}\n${camera}\n${shown.replace('STREAM', 'live')}\n${focus}\n${shown.replace('STREAM', 'focus')}\nconsole.log(focus.stats);`,
    '/worker.js': `${inWorker}\nconsole.log(result.shares());`,
  };
  const server = await serve(path => {
    if (path in programs) return programs[path];
    if (path.endsWith('.html'))
      return `<!doctype html><script type="importmap">${map}</script><link rel="icon" href="data:,"><img src="street.jpg"><canvas></canvas><script type="module" src="${path.replace('html', 'js')}"></script>`;
    if (path === '/street.jpg') return (_request, response) => void response.setHeader('content-type', 'image/png').end(picture);
    const file = path.replace('/node_modules/atrous/', '');
    return files.has(file) ? { file: root + file } : undefined;
  });
  const said = async (path: string): Promise<object> => {
    const page = await (await browserWith()).newPage();
    const thrown = new Promise<never>((_, reject) => page.on('pageerror', reject));
    const word = page.waitForEvent('console', { predicate: message => message.type() === 'log', timeout: 240_000 });
    word.catch(() => {});
    await page.goto(server.origin + path);
    const value = (await (await Promise.race([word, thrown])).args()[0].jsonValue()) as object;
    await page.close();
    return value;
  };
  try {
    const stats = await said('/camera.html');
    assert.equal(Object.keys(stats), ['fps', 'p50', 'p95', 'copy', 'gpuMs', 'dropped', 'frames']);
    const expected = (await (await nodeModel()).segment(pixels)).shares();
    assert.equal(Object.keys(await said('/worker.html')), Object.keys(expected));
  } finally {
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
