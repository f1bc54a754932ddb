// Weights that outlive a page: files of the origin, else its Cache API, else nothing; tabs that ask for one file at a time fetch it once; downloads that were
// broken off go on; what is damaged is fetched again. What is kept of files in general is test/weights/cache.test.ts's.
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Answer, give } from '../weights/server.ts';
import { browserWith, closeBrowser, openPage, root, servePackage, type TestPage } from './harness.ts';

test.after(closeBrowser);

const NAME = 'regseg-camvid';
const FILE = readFileSync(`${root}weights/${NAME}.safetensors`);
const PATH = '/mirror/regseg-camvid.safetensors';

interface Scene {
  readonly page: TestPage;
  /** What is done with the next requests. */
  readonly state: { answer: Answer };
  /** Ranges that were asked for, `whole` for none. */
  asked(): string[];
}

/** A page with the weights at PATH; `script` runs before its own. */
async function scene(script?: string): Promise<Scene> {
  const state: { answer: Answer } = { answer: {} };
  const ranges: string[] = [];
  const route = (request: IncomingMessage, response: ServerResponse): void => {
    ranges.push(request.headers.range ?? 'whole');
    give(FILE, request, response, state.answer);
  };
  const page = await openPage({ routes: { [PATH]: route } });
  if (script) {
    await page.addInitScript(script);
    await fresh(page);
  }
  return { page, state, asked: () => ranges.splice(0) };
}

async function fresh(page: Page): Promise<void> {
  await page.reload();
  await page.waitForFunction('globalThis.atrous');
}

/** Loads, and says how; resolves when what is written behind `load`'s back is written: then the lock is free. */
function load(page: Page, source = PATH, options: { cache?: boolean; baseUrl?: string } = {}): Promise<string> {
  return page.evaluate(
    async ([source, options]) => {
      let said = 'loaded';
      const progress: number[] = [];
      try {
        const model = await atrous.load(source, { ...options, selfTest: false, onProgress: ({ done }) => progress.push(done) });
        await model.dispose();
      } catch (error) {
        said = `${(error as { code: string }).code}: ${(error as Error).message}`;
      }
      for (let held = true; held; ) held = ((await navigator.locks.query()).held ?? []).length > 0;
      return said;
    },
    [source, options] as const,
  );
}

const list = (page: Page) => page.evaluate(() => atrous.cache.list());

/** Takes storage away, as private windows do. */
const FORBIDDEN = {
  files: "navigator.storage.getDirectory = () => Promise.reject(new DOMException('no', 'SecurityError'));",
  cache: "caches.open = () => Promise.reject(new DOMException('no', 'SecurityError'));",
};

for (const [where, script] of [
  ['files of the origin', undefined],
  ['the Cache API', FORBIDDEN.files],
] as const) {
  test(`kept in ${where}: names without a question, URLs after one; listed and cleared`, async () => {
    const { page, asked } = await scene(script);
    const url = `${page.server.origin}${PATH}`;
    assert.is(await load(page, NAME, { baseUrl: '/mirror' }), 'loaded');
    assert.equal(asked(), ['whole']);
    assert.equal(await list(page), [{ name: NAME, url, bytes: FILE.length, complete: true }]);
    await fresh(page);
    assert.is(await load(page, NAME, { baseUrl: '/mirror' }), 'loaded');
    assert.equal(asked(), []);
    assert.is(await load(page, NAME, { baseUrl: '/mirror', cache: false }), 'loaded');
    assert.equal(asked(), ['whole']);
    assert.equal(await page.evaluate(name => atrous.cache.clear(name), NAME), 1);
    assert.equal(await list(page), []);
    for (let times = 0; times < 2; times++) {
      assert.is(await load(page), 'loaded');
      assert.equal(asked(), ['whole']);
      assert.equal(await list(page), [{ name: url, url, bytes: FILE.length, complete: true }]);
    }
    assert.equal(await page.evaluate(() => atrous.cache.clear()), 1);
    assert.equal(await list(page), []);
    assert.type(await page.evaluate(() => atrous.cache.persist()), 'boolean');
  });
}

test('a page that is left in the middle goes on where it was', async () => {
  const { page, state, asked } = await scene();
  state.answer = { stall: 3_000_000 };
  const gone = await page.evaluate(async path => {
    const controller = new AbortController();
    const failure = atrous.load(path, {
      signal: controller.signal,
      onProgress: ({ done }) => done >= 3_000_000 && controller.abort(),
    });
    return failure.then(
      () => 'loaded',
      error => (error as { code: string }).code,
    );
  }, PATH);
  assert.is(gone, 'ABORTED');
  await page.waitForFunction(async () => (await atrous.cache.list()).length > 0);
  state.answer = {};
  await fresh(page);
  assert.is(await load(page), 'loaded');
  const [whole, rest, ...more] = asked();
  assert.equal([whole, more], ['whole', []]);
  // A browser whose own cache holds the beginning too writes the range in its own way.
  assert.match(rest, /^bytes=3000000-/);
});

test('two tabs that load at once fetch once, and both have it', async () => {
  const { page, asked } = await scene();
  // The pages of a context are tabs of one browser; `page` has a context of its own.
  const context = await (await browserWith()).newContext();
  const tabs = await Promise.all([0, 1].map(() => context.newPage()));
  for (const tab of tabs) {
    await tab.addInitScript('globalThis.__name = f => f');
    await tab.goto(page.server.origin);
    await tab.waitForFunction('globalThis.atrous');
  }
  assert.equal(await Promise.all(tabs.map(tab => load(tab, NAME, { baseUrl: '/mirror' }))), ['loaded', 'loaded']);
  assert.equal(asked(), ['whole']);
  await context.close();
});

test('a damaged file is found and fetched again', async () => {
  const { page, asked } = await scene();
  await load(page, NAME, { baseUrl: '/mirror' });
  await page.evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('atrous');
    for await (const [name, handle] of folder.entries()) {
      if (!name.endsWith('.0')) continue;
      const file = await (handle as FileSystemFileHandle).createWritable({ keepExistingData: true });
      await file.write({ type: 'write', position: 5_000_000, data: new Uint8Array(4) });
      await file.close();
    }
  });
  asked();
  for (const expected of [['whole'], []]) {
    assert.is(await load(page, NAME, { baseUrl: '/mirror' }), 'loaded');
    assert.equal(asked(), expected);
  }
});

test('storage that is forbidden, or full, costs nobody anything', async () => {
  const forbidden = await scene(FORBIDDEN.files + FORBIDDEN.cache);
  for (let times = 0; times < 2; times++) assert.is(await load(forbidden.page), 'loaded');
  assert.equal([forbidden.asked(), await list(forbidden.page)], [['whole', 'whole'], []]);
  const full = await scene();
  const session = await full.page.context().newCDPSession(full.page);
  await session.send('Storage.overrideQuotaForOrigin', { origin: full.page.server.origin, quotaSize: 1_000_000 });
  for (let times = 0; times < 2; times++) assert.is(await load(full.page), 'loaded');
  assert.equal([full.asked(), await list(full.page)], [['whole', 'whole'], []]);
});

test('another origin: what it allows is kept, and a part is asked for as far as it lets', async () => {
  const state: { answer: Answer } = { answer: {} };
  const ranges: string[] = [];
  let preflight = false;
  const other = await servePackage({
    [PATH]: (request, response) => {
      response.setHeader('access-control-allow-origin', '*');
      // Chromium's own cache would go on with what it has.
      response.setHeader('cache-control', 'no-store');
      if (request.method === 'OPTIONS') {
        if (preflight) response.setHeader('access-control-allow-headers', 'range, if-range');
        return void response.end();
      }
      ranges.push(request.headers.range ?? 'whole');
      give(FILE, request, response, { date: 'Mon, 02 Nov 2026 10:00:00 GMT', ...state.answer });
      state.answer = {};
    },
  });
  const { page } = await scene();
  for (preflight of [false, true]) {
    state.answer = { cut: 3_000_000 };
    assert.is(await load(page, `${other.origin}${PATH}?${preflight}`), 'loaded');
    const [first, ...rest] = ranges.splice(0);
    assert.equal([first, ...rest.map(range => range.replace(/\d+/, 'n'))], ['whole', preflight ? 'bytes=n-' : 'whole']);
  }
  assert.is((await list(page)).length, 2);
});

test.run();
