// One large file over HTTP onto the disk. What has arrived stays in the file, so a cut, a stall or an interrupt costs only the rest:
// the next attempt, in this process or another, asks for it by Range, on condition (If-Range) that the server's file is still the same.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AtrousError } from '../errors.ts';
import { networkReason } from '../weights/transfer.ts';
import { sizeOnDisk } from './cache.ts';
import { makeFolder, reasonOf } from './files.ts';

export interface FetchOptions {
  /** Milliseconds without a byte after which a connection counts as dead. */
  readonly idle: number;
  /** More bytes than this are refused before they fill the disk. */
  readonly most: number;
  /** Milliseconds before the second of the attempts; the wait doubles each time. */
  readonly wait?: number;
  /** A server has answered; `from`: bytes that need not come again. */
  readonly onStart?: (start: { readonly url: string; readonly total: number | null; readonly from: number }) => void;
  readonly onProgress?: (done: number, total: number | null) => void;
  readonly onRetry?: (sentence: string) => void;
}

export interface Fetched {
  readonly bytes: number;
  /** In hex, computed while the bytes passed by. */
  readonly sha256: string;
}

/** Why an attempt ended early, though another may do better. */
interface Fault {
  readonly fault: string;
  readonly cause?: unknown;
}

/** What is known of the bytes in the file; written beside it, as `<part>.json`, before the first of them. */
interface Note {
  readonly url: string;
  /** Strong, or nothing can be resumed: a weak one may stand for other bytes. */
  readonly etag: string | null;
  readonly total: number | null;
}

const ATTEMPTS = 4;

/**
 * Fetches `url` into `part`, going on where an earlier call stopped. Redirects are followed, but not from https to http. A server that
 * fails with 5xx, 408 or 429, a broken connection, a stall and a body of another length than announced are tried again; then, and for
 * other HTTP errors, `NO_FILE`. `NOT_WRITABLE` where the disk fails.
 */
export async function fetchFile(url: string, part: string, options: FetchOptions): Promise<Fetched> {
  for (let attempt = 1, wait = options.wait ?? 500; ; attempt++, wait *= 2) {
    const outcome = await tryOnce(url, part, options);
    if (!('fault' in outcome)) return outcome;
    if (attempt === ATTEMPTS) {
      const kept = (await sizeOnDisk(part)) ?? 0;
      const next =
        kept > 0 ? `${kept} bytes are kept in ${part}, run it again to go on` : 'check the connection, or try again later';
      throw new AtrousError('NO_FILE', `${url} can't be fetched: ${outcome.fault}, after ${ATTEMPTS} attempts: ${next}`, {
        cause: outcome.cause,
      });
    }
    options.onRetry?.(`${outcome.fault}; attempt ${attempt + 1} of ${ATTEMPTS} in ${wait / 1000} s`);
    await sleep(wait);
  }
}

/** Forgets the file and what was known of it, so that the next attempt begins anew. */
export async function discard(part: string): Promise<void> {
  // In this order, so that bytes never lie there without their note.
  await rm(part, { force: true });
  await rm(noteOf(part), { force: true });
}

async function tryOnce(url: string, part: string, options: FetchOptions): Promise<Fetched | Fault> {
  const kept = await keptBytes(url, part);
  if (kept.bytes > 0 && kept.bytes === kept.total)
    return { bytes: kept.bytes, sha256: (await hashOf(part, kept.bytes)).digest('hex') };
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), options.idle);
  try {
    const headers: Record<string, string> = { 'accept-encoding': 'identity' };
    if (kept.bytes > 0) Object.assign(headers, { range: `bytes=${kept.bytes}-`, 'if-range': kept.etag });
    const response = await fetch(url, { headers, signal: abort.signal });
    const start = await readHead(response, url, part, kept);
    if ('fault' in start) return start;
    checkSize(url, start.total, options.most);
    options.onStart?.({ url: response.url, total: start.total, from: start.from });
    return await receive(response, { url, part, ...start }, options, () => timer.refresh());
  } catch (error) {
    if (error instanceof AtrousError) throw error;
    const fault = abort.signal.aborted ? `no byte came for ${options.idle / 1000} s` : networkReason(error);
    return { fault, cause: error };
  } finally {
    clearTimeout(timer);
    // Lets go of a body that nobody read to its end.
    abort.abort();
  }
}

/** How many bytes of the part can be built on: none without a note of the same URL and a strong ETag. */
async function keptBytes(url: string, part: string): Promise<Note & { readonly bytes: number }> {
  const none = { url, etag: null, total: null, bytes: 0 };
  const bytes = (await sizeOnDisk(part)) ?? 0;
  const text = await readFile(noteOf(part), 'utf8').catch(() => '');
  try {
    const note = JSON.parse(text) as Note;
    const usable = note.url === url && typeof note.etag === 'string' && (note.total === null || bytes <= note.total);
    return usable ? { url, etag: note.etag, total: note.total, bytes } : none;
  } catch {
    return none;
  }
}

function noteOf(part: string): string {
  return `${part}.json`;
}

interface Start {
  /** Where in the file the body begins. */
  readonly from: number;
  /** Bytes of the whole file; null: the server does not say. */
  readonly total: number | null;
  readonly etag: string | null;
}

/** What the answer's status and headers promise. A part that does not fit them is discarded. */
async function readHead(
  { status, statusText, headers, url: final }: Response,
  url: string,
  part: string,
  kept: Note & { readonly bytes: number },
): Promise<Start | Fault> {
  const refuse = (text: string): never => {
    throw new AtrousError('NO_FILE', `${url}: ${text}`);
  };
  if (url.startsWith('https:') && !final.startsWith('https:'))
    refuse(`leads to ${final}, which is not encrypted: fetch it by hand`);
  const answer = `the server answered ${status} ${statusText}`.trim();
  if (status === 408 || status === 429 || status >= 500) return { fault: answer };
  const etag = strong(headers.get('etag'));
  if (status === 206) {
    const [, from, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '') ?? [];
    const whole = total === undefined || total === '*' ? kept.total : Number(total);
    const fits =
      kept.bytes > 0 && Number(from) === kept.bytes && (kept.total ?? whole) === whole && (etag ?? kept.etag) === kept.etag;
    if (fits) return { from: kept.bytes, total: whole, etag: kept.etag };
  }
  if (status === 206 || status === 416) {
    await discard(part);
    return { fault: `${answer} (${headers.get('content-range') ?? 'no range'}) to a request from byte ${kept.bytes} on` };
  }
  if (status !== 200) refuse(`${answer}; see whether the file is still there, or name another place with --base-url`);
  const encoding = headers.get('content-encoding') ?? 'identity';
  if (encoding !== 'identity') refuse(`the server sends it packed (${encoding}) though asked not to: take another with --base-url`);
  return { from: 0, total: wholeNumber(headers.get('content-length')), etag };
}

function strong(etag: string | null): string | null {
  return etag?.startsWith('"') ? etag : null;
}

function wholeNumber(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function checkSize(url: string, bytes: number | null, most: number): void {
  if (bytes !== null && bytes > most)
    throw new AtrousError('NO_FILE', `${url} is ${bytes} bytes, at most ${most} are fetched: it can't be what it should be`);
}

/** The body onto the disk, behind what is there. `alive` is called at every piece. */
async function receive(
  response: Response,
  { url, part, from, total, etag }: Start & { readonly url: string; readonly part: string },
  { most, onProgress }: FetchOptions,
  alive: () => void,
): Promise<Fetched | Fault> {
  const hash = await hashOf(part, from);
  const file = await onDisk(part, () => openPart(part, { url, etag, total }, from));
  let done = from;
  try {
    for await (const piece of response.body ?? []) {
      alive();
      checkSize(url, done + piece.length, most);
      await onDisk(part, () => writeAll(file, piece, done));
      hash.update(piece);
      done += piece.length;
      onProgress?.(done, total);
      if (total !== null && done > total) break;
    }
  } finally {
    await onDisk(part, () => file.close());
  }
  if (total === null || done === total) return { bytes: done, sha256: hash.digest('hex') };
  if (done > total) await discard(part);
  return { fault: `the server announced ${total} bytes and sent ${done > total ? 'more' : `${done}`}` };
}

/** A write may take less than it was given. */
async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
}

/** The SHA-256 of the file's first bytes, open for more. */
async function hashOf(path: string, bytes: number) {
  const hash = createHash('sha256');
  if (bytes > 0)
    await onDisk(path, async () => {
      for await (const piece of createReadStream(path, { end: bytes - 1 })) hash.update(piece);
    });
  return hash;
}

async function openPart(part: string, note: Note, from: number): Promise<FileHandle> {
  if (from > 0) return open(part, 'r+');
  await makeFolder(dirname(part));
  await discard(part);
  await writeFile(noteOf(part), JSON.stringify(note));
  return open(part, 'w');
}

async function onDisk<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw new AtrousError('NOT_WRITABLE', `${path} can't be written: ${reasonOf(error)}; choose another place`, { cause: error });
  }
}
