// A file over HTTP whatever the server does: cut, stalled, packed, changed meanwhile, redirected, with lengths and ranges that are lies.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AtrousError } from '../../src/errors.ts';
import { download } from '../../src/weights/download.ts';
import { uniform } from '../../src/weights/seeded.ts';
import type { TransferOptions } from '../../src/weights/transfer.ts';
import { type Answer, type Behaviour, fileServer, give, type Seen } from './server.ts';

const FILE = Uint8Array.from(uniform('file', 100_000), value => value * 256);
const OTHER = FILE.map(byte => byte ^ 1);
const DATE = 'Mon, 02 Nov 2026 10:00:00 GMT';
const QUICK = { idle: 300, wait: 1 };

interface Row {
  readonly what: string;
  /** The file that lies there at the n-th request, and what is done with it; the last for all that follow. */
  readonly answers: readonly (Answer & { readonly file?: Uint8Array; readonly status?: number })[];
  readonly bytes?: number;
  /** The file that comes, or the error. */
  readonly gives: Uint8Array | RegExp;
  /** Ranges that are asked for. */
  readonly asks: readonly (string | undefined)[];
}

const whole = undefined;
const rows: readonly Row[] = [
  { what: 'as it should be', answers: [{}], gives: FILE, asks: [whole] },
  {
    what: 'cut twice',
    answers: [{ cut: 30_000 }, { cut: 20_000 }, {}],
    gives: FILE,
    asks: [whole, 'bytes=30000-', 'bytes=50000-'],
  },
  { what: 'stalled', answers: [{ stall: 40_000 }, {}], gives: FILE, asks: [whole, 'bytes=40000-'] },
  { what: 'silent from the start', answers: [{ stall: 0 }, {}], gives: FILE, asks: [whole, whole] },
  {
    what: 'cut, a date alone tells',
    answers: [
      { cut: 30_000, tag: null, date: DATE },
      { tag: null, date: DATE },
    ],
    gives: FILE,
    asks: [whole, 'bytes=30000-'],
  },
  {
    what: 'cut, and nothing tells what it is',
    answers: [{ cut: 30_000, tag: null }, { tag: null }],
    gives: FILE,
    asks: [whole, whole],
  },
  { what: 'cut, with a weak tag', answers: [{ cut: 30_000, tag: 'W/"v1"' }, { tag: 'W/"v1"' }], gives: FILE, asks: [whole, whole] },
  {
    what: 'cut, and then another file',
    answers: [{ cut: 30_000 }, { file: OTHER, tag: '"v2"' }],
    gives: OTHER,
    asks: [whole, 'bytes=30000-'],
  },
  {
    what: 'cut, and then whole all the same',
    answers: [{ cut: 30_000 }, { whole: true }],
    gives: FILE,
    asks: [whole, 'bytes=30000-'],
  },
  {
    what: 'cut, and then another part than the one asked for',
    answers: [{ cut: 30_000 }, { shift: 7 }, {}],
    gives: FILE,
    asks: [whole, 'bytes=30000-', whole],
  },
  {
    what: 'cut, and then shorter than what came',
    answers: [{ cut: 30_000 }, { file: FILE.subarray(0, 20_000) }, { file: OTHER }],
    gives: OTHER,
    asks: [whole, 'bytes=30000-', whole],
  },
  { what: 'packed', answers: [{ gzip: true }], gives: FILE, asks: [whole] },
  { what: 'packed and cut', answers: [{ gzip: true, cut: 50_000 }, { gzip: true }], gives: FILE, asks: [whole, whole] },
  {
    what: 'announced as longer',
    answers: [{ announce: 100_010, cut: 100_000 }],
    gives: /^NO_FILE: .*; 4 attempts were made$/,
    asks: [whole, 'bytes=100000-', whole, 'bytes=100000-'],
  },
  { what: 'announced as shorter', answers: [{ announce: 90_000 }], gives: FILE.subarray(0, 90_000), asks: [whole] },
  { what: 'longer than asked for', answers: [{}], bytes: 99_999, gives: /^BAD_WEIGHTS: .*more than 99999 bytes/, asks: [whole] },
  { what: 'busy for a while', answers: [{ status: 503 }, { status: 429 }, {}], gives: FILE, asks: [whole, whole, whole] },
  {
    what: 'busy for ever',
    answers: [{ status: 502 }],
    gives: /^NO_FILE: .*answered 502 Bad Gateway; 4 attempts/,
    asks: [whole, whole, whole, whole],
  },
  { what: 'not there', answers: [{ status: 404 }], gives: /^NO_FILE: .*answered 404 Not Found$/, asks: [whole] },
  {
    what: 'silent for ever',
    answers: [{ stall: 0 }],
    gives: /^NO_FILE: .*no byte came for 0.3 s; 4 attempts/,
    asks: [whole, whole, whole, whole],
  },
];

async function outcome(url: string, options: TransferOptions = {}): Promise<Uint8Array | string> {
  return download(url, { ...QUICK, ...options }).catch((error: AtrousError) => `${error.code}: ${error.message}`);
}

for (const { what, answers, bytes, gives, asks } of rows) {
  test(what, async () => {
    const server = await fileServer((request, response, n) => {
      const { file = FILE, status, ...answer } = answers.at(n) ?? answers.at(-1)!;
      if (status === undefined) return give(file, request, response, answer);
      response.writeHead(status);
      response.end();
    });
    try {
      const found = await outcome(server.url, { bytes });
      if (gives instanceof RegExp) assert.match(String(found).slice(0, 300), gives);
      else assert.ok(found instanceof Uint8Array && Buffer.compare(found, gives) === 0, String(found).slice(0, 300));
      assert.equal(
        server.seen.map(({ range }: Seen) => range),
        asks,
      );
    } finally {
      await server.close();
    }
  });
}

/** A server for one test. */
async function withServer(behave: Behaviour, work: (url: string, seen: Seen[]) => Promise<void>): Promise<void> {
  const server = await fileServer(behave);
  try {
    await work(server.url, server.seen);
  } finally {
    await server.close();
  }
}

test('behind redirects', () =>
  withServer(
    (request, response) => {
      if (!request.url!.endsWith('?there')) return void response.writeHead(302, { location: '?there' }).end();
      give(FILE, request, response);
    },
    async url => assert.equal(await outcome(url), FILE),
  ));

test('redirected in a circle', () =>
  withServer(
    (_, response) => void response.writeHead(302, { location: '?' }).end(),
    async url => assert.match(String(await outcome(url)), /^NO_FILE: .*redirect/),
  ));

test('a signal ends it at once: the connection too, and no further attempt is made', () =>
  withServer(
    (request, response) => give(FILE, request, response, { stall: 1000 }),
    async (url, seen) => {
      const controller = new AbortController();
      let heard = 0;
      const onProgress = (): void => {
        heard++;
        controller.abort();
      };
      assert.match(String(await outcome(url, { signal: controller.signal, onProgress })), /^ABORTED: /);
      await new Promise(resolve => setTimeout(resolve, 50));
      assert.equal([heard, seen.length], [1, 1]);
    },
  ));

test('who asks for one file at a time shares it, and one who leaves takes nobody along', () =>
  withServer(
    (request, response) => void setTimeout(() => give(FILE, request, response), 30),
    async (url, seen) => {
      const controller = new AbortController();
      const calls = [outcome(url, { signal: controller.signal }), outcome(url), outcome(url)];
      controller.abort();
      assert.match(String(await calls[0]), /^ABORTED: /);
      for (const call of calls.slice(1)) assert.equal(await call, FILE);
      assert.is(seen.length, 1);
    },
  ));

test.run();
