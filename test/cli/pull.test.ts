// `pull` against servers that cut, stall, lie and change their minds: each ends in the right file or in a clear error, never in half a file.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Command, parse } from '../../src/cli/command.ts';
import { models } from '../../src/cli/models.ts';
import { output } from '../../src/cli/output.ts';
import { pull, pullCheckpoint } from '../../src/cli/pull.ts';
import { openWeights } from '../../src/cli/weights.ts';
import { checkpoints } from '../../src/models/published.ts';
import { expectedTensors, findNetwork } from '../../src/models/registry.ts';
import { pulledFile } from '../../src/node/cache.ts';
import { type FetchOptions, fetchFile } from '../../src/node/fetch-file.ts';
import { load } from '../../src/node/index.ts';
import { readSafetensors } from '../../src/weights/safetensors.ts';
import { uniform } from '../../src/weights/seeded.ts';
import { count, encodeFloat16 } from '../../src/weights/tensor.ts';
import { dict, ordered, tensor, torchFile } from '../weights/pickle.ts';

const home = mkdtempSync(join(tmpdir(), 'atrous-pull-'));
process.env.XDG_CACHE_HOME = join(home, 'cache');

/** What a server does with the n-th request to a path, from 0 on. */
type Behaviour = (request: IncomingMessage, response: ServerResponse, n: number) => void;

interface Seen {
  readonly range: string | undefined;
  readonly condition: string | undefined;
}

/** Behaviours by the path's first part, and the requests that they got. */
const behaviours = new Map<string, Behaviour>();
const seen = new Map<string, Seen[]>();
const server = createServer((request, response) => {
  const [, name] = request.url!.split('/');
  const log = seen.get(name) ?? [];
  seen.set(name, log);
  log.push({ range: request.headers.range, condition: request.headers['if-range'] as string | undefined });
  behaviours.get(name)!(request, response, log.length - 1);
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
server.unref();
const { port } = server.address() as AddressInfo;

test.after(() => {
  server.close();
  server.closeAllConnections();
  rmSync(home, { recursive: true, force: true });
});

/** Registers a behaviour; returns its base URL. */
function serve(name: string, behaviour: Behaviour): string {
  behaviours.set(name, behaviour);
  seen.set(name, []);
  return `http://127.0.0.1:${port}/${name}/`;
}

interface Served {
  readonly etag?: string | null;
  /** Bytes after which the connection is cut, or goes silent. */
  readonly cut?: number;
  readonly stall?: number;
  readonly headers?: Record<string, string>;
  /** Answer Range whatever If-Range says, or never. */
  readonly ranges?: 'always' | 'never';
}

/** A sound server of `data`, but for what is asked of it. */
function send(
  request: IncomingMessage,
  response: ServerResponse,
  data: Uint8Array,
  { etag = '"one"', cut, stall, headers = {}, ranges }: Served = {},
): void {
  const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
  const same = request.headers['if-range'] === etag || ranges === 'always';
  const partial = from !== undefined && same && ranges !== 'never';
  const begin = partial ? Number(from) : 0;
  if (begin >= data.length && partial) {
    response.writeHead(416, { 'content-range': `bytes */${data.length}` }).end();
    return;
  }
  response.writeHead(partial ? 206 : 200, {
    'content-length': String(data.length - begin),
    ...(etag === null ? {} : { etag }),
    ...(partial ? { 'content-range': `bytes ${begin}-${data.length - 1}/${data.length}` } : {}),
    ...headers,
  });
  const stop = cut ?? stall;
  if (stop === undefined) response.end(data.subarray(begin));
  // Handed over and read before the connection ends, on a busy machine too: what nobody has read by then is lost with it.
  else response.write(data.subarray(begin, begin + stop), () => setTimeout(() => cut !== undefined && response.destroy(), 150));
}

const blob = new Uint8Array(uniform('pull', 75_000).buffer);
const other = new Uint8Array(uniform('pull again', 80_000).buffer);
const HALF = 100_000;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const defaults: FetchOptions = { idle: 5000, most: 2 ** 20, wait: 1 };

let files = 0;
const fresh = (): string => join(home, `file-${files++}.part`);

/** Fetches, and holds what arrives to `data`. Returns the requests. */
async function arrives(base: string, data = blob, options: Partial<FetchOptions> = {}, part = fresh()): Promise<Seen[]> {
  const fetched = await fetchFile(`${base}file`, part, { ...defaults, ...options });
  assert.equal(fetched, { bytes: data.length, sha256: sha256(data) });
  assert.ok(Buffer.from(data).equals(readFileSync(part)), 'the file is not what was served');
  return seen.get(new URL(base).pathname.split('/')[1])!;
}

async function fails(work: Promise<unknown>, code: string, ...patterns: RegExp[]): Promise<void> {
  const error = await work.then(
    () => assert.unreachable('no error'),
    thrown => thrown,
  );
  assert.is(error.code, code, error.stack);
  for (const pattern of patterns) assert.match(error.message, pattern);
}

// The download.

test('a whole file, its progress and its hash', async () => {
  const said: unknown[] = [];
  const base = serve('whole', (request, response) => send(request, response, blob));
  await arrives(base, blob, { onStart: start => said.push(start), onProgress: (done, total) => said.push([done, total]) });
  assert.equal(said[0], { url: `${base}file`, total: blob.length, from: 0 });
  assert.equal(said.at(-1), [blob.length, blob.length]);
});

test('cut off: the rest alone is asked for, on condition of the same file', async () => {
  const base = serve('cut', (request, response, n) => send(request, response, blob, n < 2 ? { cut: HALF } : {}));
  const starts: number[] = [];
  const requests = await arrives(base, blob, { onStart: ({ from }) => starts.push(from) });
  assert.equal(requests, [
    { range: undefined, condition: undefined },
    { range: `bytes=${HALF}-`, condition: '"one"' },
    { range: `bytes=${2 * HALF}-`, condition: '"one"' },
  ]);
  assert.equal(starts, [0, HALF, 2 * HALF]);
});

test('another process goes on, and asks for nothing when all is there', async () => {
  const base = serve('later', (request, response, n) => send(request, response, blob, n < 4 ? { cut: 1000 } : {}));
  const part = fresh();
  await fails(
    fetchFile(`${base}file`, part, defaults),
    'NO_FILE',
    /the connection broke|terminated/,
    /4000 bytes are kept in .*part/,
  );
  const requests = await arrives(base, blob, {}, part);
  assert.equal(requests[4], { range: 'bytes=4000-', condition: '"one"' });
  await arrives(base, blob, {}, part);
  assert.is(requests.length, 5);
});

test('silence, in the middle and from the start', async () => {
  const middle = serve('stall', (request, response, n) => send(request, response, blob, n === 0 ? { stall: HALF } : {}));
  const said: string[] = [];
  assert.is((await arrives(middle, blob, { idle: 600, onRetry: text => said.push(text) }))[1].range, `bytes=${HALF}-`);
  assert.match(said.join(), /no byte came for 0\.6 s; attempt 2 of 4/);
  await fails(
    fetchFile(`${serve('mute', () => {})}file`, fresh(), { ...defaults, idle: 50 }),
    'NO_FILE',
    /no byte came for 0\.05 s/,
  );
});

test('servers that can not resume: the file begins anew', async () => {
  const deaf = serve('deaf', (request, response, n) =>
    send(request, response, blob, { ranges: 'never', cut: n ? undefined : HALF }),
  );
  assert.is((await arrives(deaf))[1].range, `bytes=${HALF}-`);
  for (const etag of [null, 'W/"weak"']) {
    const base = serve('weak', (request, response, n) => send(request, response, blob, { etag, cut: n ? undefined : HALF }));
    assert.is((await arrives(base))[1].range, undefined);
  }
});

test('the file changes between two attempts', async () => {
  const change: Behaviour = (request, response, n) =>
    n === 0 ? send(request, response, blob, { cut: HALF }) : send(request, response, other, { etag: '"two"' });
  await arrives(serve('changed', change), other);
  // A server that answers the range of another file, as if nothing had been.
  const careless: Behaviour = (request, response, n) =>
    n === 0 ? send(request, response, blob, { cut: HALF }) : send(request, response, other, { etag: '"two"', ranges: 'always' });
  assert.is((await arrives(serve('careless', careless), other)).length, 3);
  // The same, without telling: only the length differs.
  const silent: Behaviour = (request, response, n) =>
    send(request, response, n === 0 ? blob : other, { cut: n ? undefined : HALF });
  assert.is((await arrives(serve('silent', silent), other)).length, 3);
});

test('a range from elsewhere is not believed', async () => {
  const base = serve('elsewhere', (request, response, n) => {
    if (n !== 1) return send(request, response, blob, { cut: n ? undefined : HALF });
    const end = blob.length - 1;
    response.writeHead(206, { 'content-range': `bytes 5-${end}/${blob.length}`, 'content-length': String(blob.length - 5) });
    response.end(blob.subarray(5));
  });
  assert.is((await arrives(base))[2].range, undefined);
});

test('what lies about its length', async () => {
  const longer = serve('longer', (request, response) =>
    send(request, response, blob, { headers: { 'content-length': String(blob.length + 9) }, cut: blob.length }),
  );
  await fails(fetchFile(`${longer}file`, fresh(), defaults), 'NO_FILE', /after 4 attempts/);
  const more = serve('more', (request, response, n) => {
    if (n % 2 === 0) return send(request, response, blob, { cut: HALF });
    response.writeHead(206, { etag: '"one"', 'content-range': `bytes ${HALF}-${blob.length - 1}/${blob.length}` }).end(blob);
  });
  await fails(fetchFile(`${more}file`, fresh(), defaults), 'NO_FILE', /announced 300000 bytes and sent more/);
  const unknown = serve('unknown', (_request, response) => response.write(blob, () => response.end()));
  await arrives(unknown);
});

test('too large, announced or not', async () => {
  const announced = serve('large', (request, response) => send(request, response, blob));
  await fails(fetchFile(`${announced}file`, fresh(), { ...defaults, most: 1000 }), 'NO_FILE', /is 300000 bytes, at most 1000/);
  const endless = serve('endless', (_request, response) => response.write(blob));
  await fails(fetchFile(`${endless}file`, fresh(), { ...defaults, most: 1000 }), 'NO_FILE', /at most 1000/);
});

test('redirects are followed, with their ranges, and not for ever', async () => {
  const there = serve('there', (request, response, n) => send(request, response, blob, { cut: n ? undefined : HALF }));
  const base = serve('redirect', (_request, response) => response.writeHead(302, { location: `${there}x` }).end());
  await arrives(base);
  assert.is(seen.get('there')![1].range, `bytes=${HALF}-`);
  const loop = serve('loop', (request, response) => response.writeHead(301, { location: request.url }).end());
  await fails(fetchFile(`${loop}file`, fresh(), defaults), 'NO_FILE', /redirect/);
});

test('what a server refuses, and what it may get over', async () => {
  for (const status of [404, 403, 410, 204]) {
    const base = serve('refuses', (_request, response) => response.writeHead(status).end());
    await fails(fetchFile(`${base}file`, fresh(), defaults), 'NO_FILE', new RegExp(`${base}file: the server answered ${status}`));
    assert.is(seen.get('refuses')!.length, 1);
  }
  const busy = serve('busy', (request, response, n) => (n < 3 ? response.writeHead(503).end() : send(request, response, blob)));
  assert.is((await arrives(busy)).length, 4);
  const packed = serve('packed', (request, response) => send(request, response, blob, { headers: { 'content-encoding': 'gzip' } }));
  await fails(fetchFile(`${packed}file`, fresh(), defaults), 'NO_FILE', /packed \(gzip\)/);
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const nobody = `http://127.0.0.1:${(closed.address() as AddressInfo).port}/x`;
  closed.close();
  await fails(fetchFile(nobody, fresh(), defaults), 'NO_FILE', new RegExp(nobody), /refuses the connection, after 4 attempts/);
});

test('notes that are damaged, of another place, or of fewer bytes than there are', async () => {
  const base = serve('notes', (request, response) => send(request, response, blob));
  const note = (url: string, total: number): string => JSON.stringify({ url, etag: '"one"', total });
  for (const text of ['{', 'null', '[]', note('http://127.0.0.1/else', blob.length), note(`${base}file`, 5)]) {
    const part = fresh();
    writeFileSync(part, blob.subarray(0, 10));
    writeFileSync(`${part}.json`, text);
    assert.is((await arrives(base, blob, {}, part)).at(-1)!.range, undefined, text);
  }
});

test('a disk that can not be written says so', async () => {
  const base = serve('disk', (request, response) => send(request, response, blob));
  writeFileSync(join(home, 'plain'), '');
  await fails(fetchFile(`${base}file`, join(home, 'plain', 'x.part'), defaults), 'NOT_WRITABLE', /plain/, /not a folder/);
  if (process.platform === 'linux')
    await fails(fetchFile(`${base}file`, '/proc/none/x.part', defaults), 'NOT_WRITABLE', /\/proc\/none/);
});

// The command. The checkpoint's tensors share two storages: the right names and shapes, in a fraction of the bytes.

const checkpoint = ((): Uint8Array => {
  const expected = [...expectedTensors(findNetwork('regseg').build({ classes: 19, h: 32, w: 32 }))];
  const most = (axes: boolean): number =>
    Math.max(...expected.filter(([, shape]) => shape.length > 1 === axes).map(([, shape]) => count(shape)));
  const stored = [most(true), most(false)];
  const entries = expected.map(([name, shape]): [string, readonly number[]] => {
    const key = shape.length > 1 ? 0 : 1;
    const strides = shape.map((_, axis) => count(shape.slice(axis + 1)));
    return [name, tensor({ type: 'Half', key: String(key), stored: stored[key], shape, strides })];
  });
  const weights = encodeFloat16(uniform('weights', stored[0]).map(u => (u - 0.5) * 0.2));
  const scales = encodeFloat16(uniform('scales', stored[1]).map(u => 0.5 + u));
  return torchFile(dict(['model', ordered(...entries)], ['epoch', [0x4b, 7]]), { '0': weights, '1': scales });
})();
const sound = serve('sound', (request, response) => send(request, response, checkpoint));

const said = (...words: string[]) => write(pull, words);

/** Runs a command and returns what it wrote. */
async function write(command: Command, words: string[]): Promise<{ out: string; err: string; code: number }> {
  const [stdout, stderr] = [process.stdout.write, process.stderr.write];
  const text = { out: '', err: '' };
  process.stdout.write = (chunk: string | Uint8Array) => (text.out += chunk) !== '';
  process.stderr.write = (chunk: string | Uint8Array) => (text.err += chunk) !== '';
  try {
    const code = await command.run(parse('command', command, words));
    return { ...text, code };
  } finally {
    [process.stdout.write, process.stderr.write] = [stdout, stderr];
  }
}

test('a checkpoint: fetched, converted, found by its name; and not fetched twice', async () => {
  const name = 'regseg-cityscapes';
  await fails(load(name), 'NO_FILE', /atrous pull regseg-cityscapes/, /weights\/regseg-cityscapes\.safetensors/);
  await fails(openWeights(name, parse('pull', pull, [])), 'NO_FILE', /atrous pull regseg-cityscapes/);

  const first = await said(name, '--base-url', sound);
  const file = checkpoints.get(name)!.file;
  const target = pulledFile(name);
  assert.match(first.err, `fetching ${sound}${file}\n${(checkpoint.length / 1e6).toFixed(2)} MB from 127.0.0.1:${port}\n`);
  assert.match(first.err, sha256(checkpoint));
  assert.match(first.err, /val was part of its training/);
  assert.match(first.out, `exp48_decoder26, 19 classes, 406 tensors, 13.`);
  assert.equal(readdirSync(join(target, '..')).sort(), [`${name}.card.json`, `${name}.safetensors`]);

  const bytes = new Uint8Array(readFileSync(target));
  const card = JSON.parse(readSafetensors(bytes, target).metadata.get('atrous')!);
  assert.equal(card.source, { file, sha256: sha256(checkpoint), url: sound + file });
  assert.equal(
    [card.model, card.classes.length, card.palette.length, card.miou],
    ['exp48_decoder26', 19, 19, { 'cityscapes test server, published': 0.783 }],
  );
  assert.match(card.training, /Warning: val was part/);
  const beside = JSON.parse(readFileSync(target.replace('.safetensors', '.card.json'), 'utf8'));
  assert.equal(beside.file, { bytes: bytes.length, sha256: sha256(bytes) });
  const { network, tensors } = await openWeights(name, parse('pull', pull, []));
  assert.equal([network.name, network.canonical, tensors.size], [name, 'exp48_decoder26', 406]);

  const requests = seen.get('sound')!;
  const again = await said(name, '--base-url', sound, '--json');
  assert.equal(JSON.parse(again.out), { name, output: target, bytes: bytes.length, cached: true });
  assert.is(requests.length, 1);
  writeFileSync(target, 'damaged');
  const forced = JSON.parse((await said(name, '--base-url', sound, '--json', '--force')).out);
  assert.equal([forced.cached, forced.sha256, forced.source.sha256], [false, sha256(bytes), sha256(checkpoint)]);
  assert.is(requests.length, 2);
  assert.ok(Buffer.from(bytes).equals(readFileSync(target)));
});

test('models tells what is here', async () => {
  const rows = (await write(models, ['--json'])).out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));
  const of = (name: string) => rows.find(row => row.name === name);
  assert.equal(
    [of('regseg-cityscapes').weights, of('regseg-cityscapes').bytes],
    [true, statSync(pulledFile('regseg-cityscapes')).size],
  );
  assert.equal(
    [of('regseg-large-cityscapes').weights, of('regseg-large-cityscapes').pull],
    [false, 'atrous pull regseg-large-cityscapes'],
  );
});

test('content that is no such checkpoint leaves nothing behind', async () => {
  const pages: [string, Uint8Array, RegExp][] = [
    ['page', new TextEncoder().encode('<!doctype html><title>Log in</title>'), /is a web page/],
    ['empty', new Uint8Array(0), /is empty/],
    ['short', checkpoint.subarray(0, HALF), /cut off or damaged/],
    ['damaged', checkpoint.map((byte, i) => (i > 1000 && i < 2000 ? 0 : byte)), /pickle/],
  ];
  const folder = mkdtempSync(join(home, 'content-'));
  const target = join(folder, 'x.safetensors');
  for (const [title, data, pattern] of pages) {
    const base = serve(title, (request, response) => send(request, response, data));
    await fails(said('regseg-cityscapes', '-o', target, '--base-url', base), 'BAD_WEIGHTS', pattern, new RegExp(base));
    assert.equal(readdirSync(folder), [], title);
  }
  // A length that is a lie and short: the connection carries more, of which nothing is read.
  const short = serve('liar', (request, response) => {
    request.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${HALF}\r\nETag: "one"\r\n\r\n`);
    request.socket.end(checkpoint);
    response.detachSocket(request.socket);
  });
  await fails(
    said('regseg-cityscapes', '-o', target, '--base-url', short),
    'BAD_WEIGHTS',
    /100000 bytes: it is cut off or damaged/,
  );
  assert.equal(readdirSync(folder), []);
  await fails(said('regseg-large-cityscapes', '-o', target, '--base-url', sound), 'BAD_WEIGHTS', /do not fit/, /of another shape/);
  assert.equal(readdirSync(folder), []);
});

test('a hash that is known is held to', async () => {
  const row = checkpoints.get('regseg-cityscapes')!;
  const part = fresh();
  const get = (hash: string) =>
    pullCheckpoint({ ...row, sha256: hash }, `${sound}x`, part, { ...output(true), note: () => {} }, defaults);
  await fails(get('0'.repeat(64)), 'BAD_WEIGHTS', new RegExp(`sha256 is ${sha256(checkpoint)}, expected 0000`));
  assert.not.ok(existsSync(part) || existsSync(`${part}.json`));
  assert.is((await get(sha256(checkpoint))).tensors, 406);
});

test('an interrupt leaves what has come, and the next call goes on from there', async () => {
  const base = serve('interrupted', (request, response, n) => send(request, response, checkpoint, n === 0 ? { stall: HALF } : {}));
  const target = join(home, 'interrupted.safetensors');
  const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
  const words = ['--import', 'tsx', main, 'pull', 'regseg-cityscapes', '-o', target, '--base-url', base];
  const child = spawn(process.execPath, words, { stdio: 'ignore', timeout: 20_000 });
  const ended = once(child, 'close');
  while (child.exitCode === null && child.signalCode === null) {
    if (existsSync(`${target}.part`) && statSync(`${target}.part`).size === HALF) child.kill('SIGINT');
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  assert.equal(await ended, [null, 'SIGINT']);
  assert.not.ok(existsSync(target));
  const { err } = await said('regseg-cityscapes', '-o', target, '--base-url', base);
  assert.match(err, ', 0.10 MB of them are here already');
  assert.equal(seen.get('interrupted')![1], { range: `bytes=${HALF}-`, condition: '"one"' });
  assert.ok(existsSync(target) && !existsSync(`${target}.part`) && !existsSync(`${target}.part.json`));
});

test('wrong usage names the option and what is allowed', async () => {
  const usage: [string[], RegExp][] = [
    [[], /NAME of regseg-cityscapes, /],
    [['regseg-nothing'], /"regseg-nothing" is no published checkpoint: choose regseg-cityscapes, /],
    [['cityscapes_ddrnet23_1000_epochs_run1'], /is a DDRNet-23.* another network/],
    [['regseg-cityscapes', '--base-url', 'ftp://x/'], /--base-url ftp:\/\/x\/: expected http/],
    [['regseg-cityscapes', '--base-url', 'http://me:secret@x/'], /without a user name/],
    [['regseg-cityscapes', '--timeout', '0'], /--timeout 0: expected seconds/],
    [['regseg-cityscapes', '--timeout', '1e9'], /--timeout 1e9/],
    [['regseg-cityscapes', '-o', 'x.bin'], /must end in \.safetensors/],
  ];
  for (const [words, pattern] of usage) await fails(said(...words), 'BAD_USAGE', pattern);
});

test.run();
