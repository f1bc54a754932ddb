// The demo page as static files, in a sub-folder, under a strict policy, by clicks and keys: every state that a machine without a camera can reach.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { classes } from '../onnx/pictures.ts';
import { browserWith, closeBrowser, root } from './harness.ts';
import { type Server, serve } from './server.ts';

const FOLDER = '/some/folder/';
const WAIT = { timeout: 90_000 };
/** Pixels: a desk's, and the narrowest phone's. */
const [WIDE, NARROW] = [1280, 360];
/** Of layout shift in one state: a web page is called good up to 0.1. */
const MOST_SHIFT = 0.02;

declare const axe: {
  run(options: {
    preload: boolean;
  }): Promise<{ readonly violations: readonly { id: string; nodes: readonly { html: string }[] }[] }>;
};

const servers: Server[] = [];
test.after(async () => {
  for (const server of servers) server.close();
  await closeBrowser();
});

const axeSource = readFileSync(`${root}node_modules/axe-core/axe.min.js`, 'utf8');
execFileSync('npx', ['vite', 'build', '--config', 'demo/vite.config.ts', '--logLevel', 'error'], { cwd: root, stdio: 'inherit' });

interface Opened {
  readonly page: Page;
  /** Errors and warnings of the page, and requests beyond its own files. */
  readonly complaints: string[];
  readonly server: Server;
}

async function open(
  query = '',
  { webgpu = true, held = Promise.resolve() as Promise<unknown>, width = WIDE } = {},
): Promise<Opened> {
  const server = await serve(
    path => (path.startsWith(FOLDER) ? { file: `${root}out/demo/${path.slice(FOLDER.length) || 'index.html'}` } : undefined),
    { 'content-security-policy': "default-src 'self'" },
  );
  servers.push(server);
  const browser = await browserWith({ webgpu, flags: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] });
  const page = await browser.newPage({ viewport: { width, height: 900 } });
  page.setDefaultTimeout(WAIT.timeout);
  await page.addInitScript(watchShifts);
  await page.route('**/*.safetensors', route => held.then(() => route.continue()));
  const complaints: string[] = [];
  page.on('pageerror', error => complaints.push(String(error)));
  // The browser's own word for what the page explains.
  const own = (text: string): boolean => text === 'No available adapters.';
  page.on('console', message => {
    if (/^(error|warning)$/.test(message.type()) && !own(message.text())) complaints.push(message.text());
  });
  page.on('request', request => request.url().startsWith(server.origin + FOLDER) || complaints.push(`asked for ${request.url()}`));
  await page.goto(server.origin + FOLDER + query);
  return { page, complaints, server };
}

const textOf = (page: Page, selector: string): Promise<string> => page.innerText(selector);
const ready = (page: Page): Promise<unknown> =>
  page.waitForFunction(() => /^ready on /.test(document.getElementById('status')!.innerText), undefined, WAIT);
const says = (page: Page, words: string): Promise<unknown> =>
  page.waitForFunction(text => document.getElementById('status')!.innerText.includes(text), words, WAIT);
/** Waits until the note over the picture says it. */
const notes = (page: Page, words: string): Promise<unknown> => page.locator('#notice', { hasText: words }).waitFor(WAIT);
/** Waits until the number of that name has come, and gives it. */
async function number(page: Page, name: string): Promise<number> {
  const cell = page.locator('#numbers div', { has: page.locator(`dt:text-is("${name}")`) }).locator('dd', { hasText: /\d/ });
  await cell.waitFor(WAIT);
  return Number.parseFloat(await cell.innerText());
}

/** The page of the first three tests: each opening compiles for seconds. */
let first: Opened;

test('the sample is there at once, and is segmented without a word of the reader', async () => {
  let go = (): void => {};
  first = await open('', { held: new Promise<void>(resolve => (go = resolve)) });
  const { page, complaints, server } = first;
  assert.ok(await page.isVisible('#still-after'), 'the result that was made before');
  await look(page, 'first-paint');
  go();
  await ready(page);
  assert.not(await page.isVisible('#still-after'));
  assert.ok(await page.isVisible('#result'));
  assert.match(await textOf(page, '#summary'), /road \d+\s%/);
  assert.match(await textOf(page, '#badges'), /CPU: slow\s+f32\s+weights: network/);
  assert.is(await page.inputValue('#size'), '120x160');
  await look(page, 'sample');
  await page.emulateMedia({ colorScheme: 'dark' });
  await look(page, 'dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await page.hover('#picture', { position: { x: 300, y: 550 } });
  assert.match(await textOf(page, '#hover'), /^road \d+\s%$/);
  for (const tab of ['#tab-bench', '#tab-browser', '#tab-plan']) {
    await page.click(tab);
    if (tab !== '#tab-plan') await page.locator(`${tab.replace('tab-', '')} table`).waitFor(WAIT);
    await look(page, tab.slice(1));
  }
  for (const drawing of ['Score', 'Fields of view']) {
    await page.click(`#plan button:text-is("${drawing}")`);
    await page.locator('#plan svg').waitFor(WAIT);
    await look(page, drawing);
  }
  const weights = server.requests.filter(path => path.endsWith('.safetensors'));
  assert.is(weights.length, 1, 'the one small model');
  await page.reload();
  await ready(page);
  assert.match(await textOf(page, '#badges'), /weights: cache/);
  assert.is(server.requests.filter(path => path.endsWith('.safetensors')).length, 1);
  assert.equal(complaints, []);
});

test('the view by clicks and keys', async () => {
  const { page, complaints } = first;
  const pixels = async (): Promise<string> => (await page.locator('#picture').screenshot()).toString('base64');
  let last = await pixels();
  const changes = async (what: string, act: () => Promise<unknown>): Promise<void> => {
    await act();
    for (const start = Date.now(); Date.now() - start < 10_000; ) {
      const now = await pixels();
      if (now !== last) {
        last = now;
        return;
      }
    }
    assert.unreachable(`${what} changes nothing`);
  };
  await changes('opacity', () => page.fill('#opacity', '30'));
  await changes('outlines', () => page.check('#outlines'));
  await changes('the palette', () => page.selectOption('#palette', 'safe'));
  assert.match(await textOf(page, '#classes'), /road\s+\d+\s%/);
  await changes('a blurred background', () => page.selectOption('#background', 'blur'));
  await changes('a colour behind', () => page.selectOption('#background', 'colour'));
  await look(page, 'background');
  await changes('no background', () => page.selectOption('#background', ''));
  await changes('a class alone', () => page.click('#classes button:has-text("road")'));
  assert.is(await page.locator('#classes button[aria-pressed=true]').count(), 1);
  await page.locator('body').click({ position: { x: 2, y: 2 } });
  await changes('another by its key', () => page.keyboard.press('9'));
  await changes('all of them', () => page.keyboard.press('0'));
  await changes('opacity by its key', () => page.keyboard.press('o'));
  await page.keyboard.press('?');
  assert.ok(await page.isVisible('#keys'));
  await look(page, 'keys');
  const download = page.waitForEvent('download');
  await page.keyboard.press('s');
  assert.is((await download).suggestedFilename(), 'atrous.png');
  await page.focus('#split');
  await page.keyboard.press('ArrowRight');
  assert.is(await page.inputValue('#split'), '51');
  assert.equal(complaints, []);
});

test('a benchmark of one’s own', async () => {
  const { page, complaints } = first;
  await page.click('#tab-bench');
  const rows = await page.locator('#bench tbody tr').count();
  await page.click('#bench button >> nth=0');
  await says(page, 'timed');
  await page.waitForFunction(before => document.querySelectorAll('#bench tbody tr').length > before, rows, WAIT);
  assert.match(await textOf(page, '#bench tbody tr >> nth=0'), /\(here\)/);
  assert.equal(complaints, []);
  await page.close();
});

test('a drawn street drives on, with its accuracy', async () => {
  const { page, complaints } = await open('?src=street&size=60x80');
  await ready(page);
  assert.is(await page.inputValue('#size'), '60x80');
  assert.ok((await number(page, 'accuracy')) > 40, 'most pixels are right');
  assert.ok((await number(page, 'frames a second')) > 0);
  await look(page, 'street');
  await page.locator('body').click({ position: { x: 2, y: 2 } });
  await page.keyboard.press(' ');
  assert.is(await page.getAttribute('#pause', 'aria-pressed'), 'true');
  await page.click('[data-source=still]');
  await ready(page);
  assert.equal(complaints, []);
});

test('a camera, a photograph, a video, and what is none, on a phone', async () => {
  const { page, complaints } = await open('?size=60x80', { width: NARROW });
  await ready(page);
  await page.click('[data-source=camera]');
  await number(page, 'dropped');
  await look(page, 'camera');
  await give(page, 'photo', 'street.png', 'image/png', await page.evaluate(photograph));
  await ready(page);
  await look(page, 'photo');
  await give(page, 'video', 'street.webm', 'video/webm', await page.evaluate(recording));
  await number(page, 'dropped');
  assert.match(await page.evaluate(() => document.querySelector('video')!.src), /\/some\/folder\/opened\/1$/);
  await page.waitForFunction(() => document.querySelector('video')!.currentTime > 0, undefined, WAIT);
  await look(page, 'video');
  await give(page, 'video', 'broken.webm', 'video/webm', 'AAAA');
  await notes(page, 'broken.webm does not play in this browser');
  await look(page, 'broken');
  await give(page, 'photo', 'broken.png', 'image/png', 'AAAA');
  await notes(page, 'broken.png is no picture');
  await give(page, 'network', 'own.onnx', 'application/octet-stream', Buffer.from(classes()).toString('base64'));
  await ready(page);
  assert.match(await textOf(page, '#model'), /^own\.onnx: 3 classes; .*assumed/);
  assert.is(await number(page, 'dispatches'), 4);
  assert.match(await textOf(page, '#badges'), /weights: a file/);
  await look(page, 'network');
  await page.click('#remove');
  await page.waitForFunction(() => /^regseg-camvid/.test(document.getElementById('model')!.innerText), undefined, WAIT);
  await ready(page);
  await give(page, 'network', 'broken.onnx', 'application/octet-stream', 'AAAA');
  await notes(page, 'broken.onnx does not run here');
  assert.equal(complaints, []);
});

test('links name a model and a picture; other hosts wait for a click', async () => {
  const { page, complaints } = await open('?src=https://example.org/street.png&size=60x80');
  await page.locator('#notice button:text-is("Load from example.org")').waitFor(WAIT);
  assert.match(await textOf(page, '#notice'), /example\.org/);
  assert.equal(complaints, []);
  const name = readdirSync(`${root}out/demo/assets`).find(file => /^seed2_t0_480x360-.*png$/.test(file))!;
  const own = await open(`?src=${FOLDER}assets/${name}&size=60x80`);
  await ready(own.page);
  assert.equal(own.complaints, []);
});

test('without WebGPU it says what is missing, and shows what others measured', async () => {
  const { page, complaints } = await open('', { webgpu: false });
  await says(page, 'can’t compute here');
  assert.ok(await page.isVisible('#still-after'));
  await page.locator('#bench table').waitFor(WAIT);
  assert.ok((await page.locator('#bench tbody tr').count()) > 0);
  await look(page, 'no-webgpu');
  assert.equal(complaints, []);
});

test('its figures are those of README and of the table beside a peer', () => {
  const figures = [
    ...readFileSync(`${root}demo/index.html`, 'utf8').matchAll(
      /<dt>([^<]*)<\/dt><dd>of JavaScript|<dt>([^<]*)<\/dt><dd>(?:dispatches|as fast)/g,
    ),
  ];
  const [bytes, dispatches, times] = figures.map(([, first, other]) => first ?? other);
  const readme = readFileSync(`${root}README.md`, 'utf8');
  assert.ok(readme.includes(`${bytes} of JavaScript`), bytes);
  assert.is(/^\| `regseg-camvid`.*\| (\d+) \| [^|]* \|$/m.exec(readme)![1], dispatches);
  const [, table] = readFileSync(`${root}bench/browser/README.md`, 'utf8').split('### ');
  const frame = (engine: RegExp): number[] =>
    table!
      .split('\n')
      .filter(line => engine.test(line))
      .map(line => Number(/\| (\d+) ms \| \d+ ms \| \d+ ms \|/.exec(line)![1]));
  const [ours] = frame(/^\| atrous/);
  const theirs = frame(/^\| onnxruntime-web \S+ webgpu/).map(ms => Math.round(ms / ours!));
  assert.is(times, `${Math.min(...theirs)} to ${Math.max(...theirs)} ×`);
});

/** A picture made in the page, as base64. */
async function photograph(): Promise<string> {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width: 90, height: 60 });
  const context = canvas.getContext('2d')!;
  context.fillStyle = 'gray';
  context.fillRect(0, 30, 90, 30);
  return canvas.toDataURL('image/png').split(',')[1]!;
}

/** A second of video that a canvas makes, as base64. */
async function recording(): Promise<string> {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width: 90, height: 60 });
  const context = canvas.getContext('2d')!;
  const recorder = new MediaRecorder(canvas.captureStream(), { mimeType: 'video/webm;codecs=vp8' });
  const parts: Blob[] = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const stopped = new Promise(resolve => (recorder.onstop = resolve));
  recorder.start();
  for (let n = 0; n < 10; n++) {
    context.fillStyle = `hsl(${n * 36} 50% 50%)`;
    context.fillRect(0, 0, 90, 60);
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  recorder.stop();
  await stopped;
  let text = '';
  for (const byte of new Uint8Array(await new Blob(parts).arrayBuffer())) text += String.fromCharCode(byte);
  return btoa(text);
}

/** Chooses a file by a source's button. */
async function give(page: Page, source: string, name: string, mimeType: string, base64: string): Promise<void> {
  const chooser = page.waitForEvent('filechooser');
  await page.click(`[data-source=${source}]`);
  await (await chooser).setFiles({ name, mimeType, buffer: Buffer.from(base64, 'base64') });
}

/** With `--pictures` (`npx tsx test/browser/demo.test.ts --pictures`) every state is photographed into out/screenshots. */
const pictures = process.argv.includes('--pictures');

/** In the page: what moves by itself, not within half a second of what the reader does. */
function watchShifts(): void {
  interface Shift extends PerformanceEntry {
    readonly value: number;
    readonly hadRecentInput: boolean;
    readonly sources: readonly { readonly node: Element | null }[];
  }
  const shifts: { value: number; moved: string }[] = [];
  Object.assign(globalThis, { shifts });
  new PerformanceObserver(list => {
    for (const { value, hadRecentInput, sources } of list.getEntries() as Shift[])
      if (!hadRecentInput) shifts.push({ value, moved: sources.map(({ node }) => node?.id || node?.nodeName).join(' ') });
  }).observe({ type: 'layout-shift', buffered: true });
}

declare const shifts: { value: number; moved: string }[];

/** What a reader sees: nothing has jumped on the way here; at both widths nothing sticks out sideways, nothing is cut; axe-core finds no fault. */
async function look(page: Page, name: string): Promise<void> {
  const own = page.viewportSize()!;
  // Shifts are told behind the frame that shows them.
  const settle = (): Promise<unknown> =>
    page.evaluate(async () => {
      for (let n = 0; n < 3; n++) await new Promise(requestAnimationFrame);
    });
  await settle();
  const moved = await page.evaluate(() => shifts.splice(0));
  const sum = moved.reduce((sum, { value }) => sum + value, 0);
  if (pictures) console.log(`${name}: layout shift ${sum.toFixed(4)} at ${own.width}`);
  assert.ok(sum <= MOST_SHIFT, `${name} at ${own.width}: layout shift ${sum}: ${JSON.stringify(moved)}`);
  for (const width of [WIDE, NARROW]) {
    await page.setViewportSize({ width, height: 900 });
    await settle();
    if (pictures) await page.screenshot({ path: `${root}out/screenshots/${name}-${width}.png`, fullPage: true });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.is(wide, 0, `${name} at ${width}: ${wide} pixels stick out`);
    const cut = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>('button, label, dd, dt, legend, li, span')]
        .filter(({ offsetParent, scrollWidth, clientWidth }) => offsetParent && scrollWidth > clientWidth + 1 && clientWidth > 0)
        .map(element => element.innerText),
    );
    assert.equal(cut, [], `${name} at ${width}: texts are cut`);
  }
  await page.evaluate(axeSource);
  const faults = await page.evaluate(async () => {
    // Copies of style sheets, which it would make to preload them, break the page's policy.
    const { violations } = await axe.run({ preload: false });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' ')}`);
  });
  assert.equal(faults, [], `axe-core on ${name}`);
  await page.setViewportSize(own);
  await settle();
  await page.evaluate(() => shifts.splice(0));
}

test.run();
