// What is kept of downloads: used again while it is what the server has, gone on with where it was broken off, and never trusted blindly; and a store that is
// full or forbidden costs nobody anything.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AtrousError } from '../../src/errors.ts';
import { type Store, through } from '../../src/weights/cache.ts';
import { sha256 } from '../../src/weights/digest.ts';
import type { DownloadOptions } from '../../src/weights/download.ts';
import { keptIn } from '../../src/weights/kept.ts';
import { uniform } from '../../src/weights/seeded.ts';
import { type Answer, type FileServer, fileServer, give } from './server.ts';

const FILE = Uint8Array.from(uniform('file', 100_000), value => value * 256);
const OTHER = FILE.map(byte => byte ^ 1);
const PART = 16_384;
const servers: FileServer[] = [];
test.after(async () => {
  for (const server of servers) await server.close().catch(() => {});
});

function memory(): Store & { readonly files: Map<string, Uint8Array<ArrayBuffer>> } {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  return {
    files,
    read: async name => files.get(name)?.slice() ?? null,
    write: async (name, bytes) => void files.set(name, bytes.slice()),
    names: async () => [...files.keys()],
    remove: async name => void files.delete(name),
  };
}

/** A server with one file, a cache, and what comes of asking. */
async function scene(store: Store = memory()) {
  const state: { file: Uint8Array; answer: Answer; status?: number } = { file: FILE, answer: {} };
  const server = await fileServer((request, response) => {
    if (state.status === undefined) return give(state.file, request, response, state.answer);
    response.writeHead(state.status);
    response.end();
  });
  servers.push(server);
  const fetch = through(store, PART);
  const progress: number[] = [];
  return {
    ...server,
    state,
    progress,
    async ask(options: DownloadOptions = {}): Promise<Uint8Array | string> {
      server.seen.splice(0);
      progress.splice(0);
      const onProgress = ({ done }: { done: number }): unknown => progress.push(done);
      const got = await fetch(server.url, { idle: 300, wait: 1, onProgress, ...options }).catch(
        (error: AtrousError) => `${error.code}: ${error.message}`,
      );
      // What is written behind the caller's back.
      await new Promise(resolve => setTimeout(resolve, 50));
      return got;
    },
    ranges: () => server.seen.map(({ range }) => range),
  };
}

test('a file is fetched once, asked for every time, and used without a server', async () => {
  const { ask, ranges, progress, state, close } = await scene();
  assert.equal(await ask(), FILE);
  assert.equal(await ask(), FILE);
  // One look at the head of the answer.
  assert.equal([ranges(), progress], [[undefined], [FILE.length]]);
  state.status = 503;
  assert.equal(await ask(), FILE);
  await close();
  assert.equal(await ask(), FILE);
  assert.equal(progress, [FILE.length]);
});

test('a file that changed on the server, or went away, is not used', async () => {
  const { ask, state, close } = await scene();
  await ask();
  Object.assign(state, { file: OTHER, answer: { tag: '"v2"' } });
  assert.equal(await ask(), OTHER);
  assert.equal(await ask(), OTHER);
  state.status = 404;
  assert.match(String(await ask()), /^NO_FILE: .*answered 404/);
  await close();
});

test('a file of a known hash is used without asking, and another version of it is not', async () => {
  const { ask, state, seen, close } = await scene();
  const pinned = { sha256: await sha256(FILE), bytes: FILE.length };
  assert.equal(await ask(pinned), FILE);
  assert.equal(await ask(pinned), FILE);
  assert.is(seen.length, 0);
  state.file = OTHER;
  const newer = { sha256: await sha256(OTHER), bytes: OTHER.length };
  assert.equal(await ask(newer), OTHER);
  assert.equal(await ask(newer), OTHER);
  assert.is(seen.length, 0);
  await close();
});

test('bytes of another hash than the known one are not kept', async () => {
  const store = memory();
  const { ask, close } = await scene(store);
  assert.equal(await ask({ sha256: await sha256(OTHER) }), FILE);
  assert.equal([...store.files.keys()], []);
  await close();
});

test('what was broken off is gone on with, by another call', async () => {
  const { ask, ranges, state, close } = await scene();
  state.answer = { stall: 40_000 };
  const controller = new AbortController();
  const onProgress = ({ done }: { done: number }): unknown => done >= 40_000 && controller.abort();
  assert.match(String(await ask({ signal: controller.signal, onProgress })), /^ABORTED: /);
  state.answer = {};
  assert.equal(await ask(), FILE);
  assert.equal(ranges(), ['bytes=40000-']);
  assert.equal(await ask(), FILE);
  await close();
});

test('what was broken off and is another file meanwhile begins anew', async () => {
  const store = memory();
  const { ask, state, url, close } = await scene(store);
  const controller = new AbortController();
  state.answer = { stall: 70_000 };
  await ask({ signal: controller.signal, onProgress: ({ done }) => done >= 70_000 && controller.abort() });
  const { list, clear } = keptIn(async () => store);
  assert.equal(await list(), [{ name: url, url, bytes: 70_000, complete: false }]);
  Object.assign(state, { file: OTHER.subarray(0, 30_000), answer: { tag: '"v2"' } });
  assert.equal(await ask(), OTHER.subarray(0, 30_000));
  assert.equal(await ask(), OTHER.subarray(0, 30_000));
  assert.equal(await list(), [{ name: url, url, bytes: 30_000, complete: true }]);
  const parts = [...store.files].filter(([name]) => !name.endsWith('.json'));
  assert.is(
    parts.reduce((sum, [, { length }]) => sum + length, 0),
    30_000,
    'nothing of the first file is left',
  );
  assert.equal([await clear('other'), await clear(url), [...store.files.keys()]], [0, 1, []]);
  await close();
});

for (const [what, damage] of [
  ['a part is damaged', (files: Map<string, Uint8Array>, part: string) => void (files.get(part)![5] ^= 1)],
  ['a part is shorter', (files, part) => void files.set(part, files.get(part)!.subarray(1))],
  ['a part is missing', (files, part) => void files.delete(part)],
  ['the note is damaged', (files, _, note) => void files.set(note, new TextEncoder().encode('{'))],
  ['the note is something else', (files, _, note) => void files.set(note, new TextEncoder().encode('[1]'))],
] as readonly [string, (files: Map<string, Uint8Array>, part: string, note: string) => void][]) {
  test(`${what}: fetched again, and right again`, async () => {
    const store = memory();
    const { ask, ranges, close } = await scene(store);
    await ask();
    const [part, note] = ['.1', '.json'].map(end => [...store.files.keys()].find(name => name.endsWith(end))!);
    damage(store.files, part, note);
    assert.equal(await ask(), FILE);
    assert.equal(ranges(), [undefined]);
    await close();
    assert.equal(await ask(), FILE);
  });
}

for (const [what, broken] of [
  ['is full from the start', { write: () => Promise.reject(new Error('quota')) }],
  ['can not be read', { read: () => Promise.reject(new Error('forbidden')), names: () => Promise.reject(new Error('forbidden')) }],
] as readonly [string, Partial<Store>][]) {
  test(`a store that ${what} costs nobody anything`, async () => {
    const { ask, close } = await scene({ ...memory(), ...broken });
    assert.equal(await ask(), FILE);
    assert.equal(await ask(), FILE);
    await close();
  });
}

test('a store that is full in the middle keeps nothing of the file', async () => {
  const store = memory();
  let room = 3;
  const { ask, ranges, close } = await scene({
    ...store,
    write: async (name, bytes) => {
      if (room-- <= 0) throw new Error('quota');
      return store.write(name, bytes);
    },
  });
  assert.equal(await ask(), FILE);
  assert.equal([...store.files.keys()], []);
  assert.equal(await ask(), FILE);
  assert.equal(ranges(), [undefined]);
  await close();
});

test('a file of which a server says nothing is not kept', async () => {
  const store = memory();
  const { ask, state, close } = await scene(store);
  state.answer = { tag: null };
  assert.equal(await ask(), FILE);
  assert.equal([...store.files.keys()], []);
  await close();
});

test.run();
