// Tests in a real Chromium, WebGPU on SwiftShader, on the package as it is packed. To add one: a file `test/browser/<subject>.test.ts`,
//
//   import { test } from 'uvu';
//   import * as assert from 'uvu/assert';
//   import { closeBrowser, crop, model, nodeModel, openPage } from './harness.ts';
//
//   test.after(closeBrowser);
//   test('what it shows', async () => {
//     const page = await openPage();                        // a blank page, `atrous` (the front door) is a global
//     const found = await page.evaluate(async pixels => {   // runs in the page: what it uses from outside comes as an argument
//       const model = await atrous.load('regseg-camvid');
//       return (await model.segment(pixels)).classes;       // numbers, strings, typed arrays, plain objects go both ways
//     }, await crop(32, 64));
//     assert.equal(found, …);
//   });
//   test.run();
//
// and it runs with `npm run test:browser -- <subject>` (which builds first), or by itself (`npx tsx test/browser/<subject>.test.ts`) on the dist/
// that is there. The cores that compile shaders are the machine's own: keep frames at 32×64 or 64×128, and one model a page.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import type * as front from '../../src/index.ts';
import { load, type Pixels, readImage, type Segmenter } from '../../src/node/index.ts';
import { type BrowserOptions, launch } from './chromium.ts';
import { type Route, type Server, serve } from './server.ts';

declare global {
  /** The front door, in pages of `openPage`. */
  var atrous: typeof front;
}

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** With flags or without WebGPU the page gets a browser of another kind. */
export interface PageOptions extends BrowserOptions {
  /** Of every answer of the server: `content-security-policy`, … */
  readonly headers?: Record<string, string>;
  /** More paths, or other answers to known ones. The package lies under `/atrous/`. */
  readonly routes?: Readonly<Record<string, Route>>;
}

/** A page whose server tells what it was asked for. */
export type TestPage = Page & { readonly server: Server };

const browsers = new Map<string, Promise<Browser>>();
const servers: Server[] = [];

/** A blank page with the front door as `atrous`. What it logs as an error, or throws at nobody, is printed. */
export async function openPage({ headers, routes = {}, ...options }: PageOptions = {}): Promise<TestPage> {
  const server = await servePackage(routes, headers);
  const browser = await browserWith(options);
  const page = Object.assign(await browser.newPage(), { server });
  page.on('pageerror', error => console.log(`the page threw: ${error}`));
  page.on('console', message => message.type() === 'error' && console.log(`the page says: ${message.text()}`));
  // esbuild names functions by a helper that the page has not got.
  await page.addInitScript('globalThis.__name = f => f');
  await page.goto(server.origin);
  await page.waitForFunction('globalThis.atrous');
  return page;
}

/** A server with a blank page at `/`, the package's files under `/atrous/`, and what a test adds. */
export async function servePackage(
  routes: Readonly<Record<string, Route>> = {},
  headers?: Record<string, string>,
): Promise<Server> {
  const files = packedFiles();
  const known: Record<string, Route> = {
    '/': '<!doctype html><title>atrous</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>',
    '/page.js': "import * as atrous from '/atrous/dist/index.js'; globalThis.atrous = atrous;",
    ...routes,
  };
  const server = await serve(path => {
    if (path in known) return known[path];
    const file = path.replace(/^\/atrous\//, '');
    return file !== path && files.has(file) ? { file: root + file } : undefined;
  }, headers);
  servers.push(server);
  return server;
}

export function browserWith(options: BrowserOptions = {}): Promise<Browser> {
  const key = JSON.stringify(options);
  const known = browsers.get(key) ?? launch(options);
  browsers.set(key, known);
  return known;
}

/** For `test.after`: browsers, servers and models of Node end, and with them the process. */
export async function closeBrowser(): Promise<void> {
  for (const server of servers.splice(0)) server.close();
  const open = [...browsers.values()];
  browsers.clear();
  await Promise.all(open.map(async browser => (await browser).close()));
  await (await nodeSegmenter)?.dispose();
  nodeSegmenter = undefined;
}

let packed: ReadonlySet<string> | undefined;

/** What `npm pack` would take. */
export function packedFiles(): ReadonlySet<string> {
  if (packed) return packed;
  if (!existsSync(`${root}dist/index.js`)) throw new Error('there is no dist/: run npm run build');
  const listed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, encoding: 'utf8' });
  const [{ files }] = JSON.parse(listed) as [{ files: { path: string }[] }];
  packed = new Set(files.map(({ path }) => path));
  return packed;
}

let nodeSegmenter: Promise<Segmenter> | undefined;

/** `regseg-camvid` in Node on the same software adapter, f32: what a page's results are held to. */
export function nodeModel(): Promise<Segmenter> {
  nodeSegmenter ??= load('regseg-camvid', { adapter: 'software', precision: 'f32' });
  return nodeSegmenter;
}

/** Pixels from the middle of the sample picture, RGBA. */
export async function crop(height: number, width: number): Promise<Pixels> {
  const picture = await readImage(`${root}demo/seed2_t0_480x360.png`);
  const [top, left] = [(picture.height - height) >> 1, (picture.width - width) >> 1];
  const data = new Uint8Array(height * width * 4);
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * picture.width + left) * 4;
    data.set(picture.data.subarray(start, start + width * 4), y * width * 4);
  }
  return { data, width, height };
}

/** Share of equal elements. */
export function agreement(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} elements against ${b.length}`);
  let equal = 0;
  for (let i = 0; i < a.length; i++) if (a[i] === b[i]) equal++;
  return equal / a.length;
}
