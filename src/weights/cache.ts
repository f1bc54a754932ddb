// Weights that outlive a page: what was fetched is kept in parts, each with its hash, as it comes. A whole file is used again if it is still what lies on the
// server; an unfinished one is gone on with. Where there is no room, or no permission, things go on without.
import { checkSignal } from '../errors.ts';
import type { Memory } from '../self-test.ts';
import { sha256 } from './digest.ts';
import { type DownloadOptions, type Fetcher, fetchWhole } from './download.ts';
import { joined, lifeOf, nothing, type Received, tagOf, transfer } from './transfer.ts';

/** Named bytes on a platform: names are of letters, digits, dots and hyphens. */
export interface Store {
  /** Null where there are none. */
  read(name: string): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Whole, or an error and nothing. */
  write(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  names(): Promise<readonly string[]>;
  remove(name: string): Promise<void>;
}

interface Part {
  readonly bytes: number;
  readonly sha256: string;
}

/** What is known of a file; lies beside its parts as `<key>.json`. */
interface Note {
  readonly name: string;
  readonly url: string;
  readonly tag: string | null;
  readonly total: number;
  readonly parts: readonly Part[];
  readonly complete: boolean;
  /** Of the whole, where it was known beforehand. */
  readonly sha256?: string;
}

/** Bytes of a part, but for the last of a file or of a download that was broken off: what a page loses that is closed meanwhile. */
const PART = 2 ** 23;
/** Milliseconds that a server has to say whether its file is still the one that is kept. */
const PATIENCE = 10_000;

/**
 * Downloads by way of a store, one at a time of an address, in all tabs. `sha256` of the options is trusted without asking the server; other files are used
 * again while its ETag or date is the one they came with, and while it is not reached. Throws as `transfer` does, never for the store's sake.
 */
export function through(store: Store, partBytes = PART): Fetcher {
  return async (given, options) => {
    const url = addressOf(given);
    const { sha256: pinned, signal, onProgress } = options;
    const key = await keyOf(url);
    return new Promise((resolve, reject) => {
      const work = async (): Promise<void> => {
        const note = await readNote(store, key);
        // A newer version may ask for another file than the one that is kept.
        const kept = note && note.sha256 === pinned ? await keptOf(store, key, note) : null;
        if (kept && note!.complete && (pinned !== undefined || (await isUnchanged(url, note!, signal)))) {
          onProgress?.({ phase: 'download', done: kept.done, total: kept.done });
          return resolve(joined(kept));
        }
        const unfinished = kept && !note!.complete ? kept : null;
        if (!unfinished) await forget(store, key);
        const got = unfinished ?? nothing();
        const keeper = keeperOf(store, key, url, options, unfinished?.noted ?? [], got, partBytes);
        try {
          await transfer(url, got, {
            ...options,
            onProgress(progress) {
              keeper.see();
              onProgress?.(progress);
            },
          });
        } catch (error) {
          await keeper.end('unfinished');
          throw error;
        }
        const whole = joined(got);
        const right = pinned === undefined || (await sha256(whole)) === pinned;
        // The caller need not wait for the store, but the next who asks for this address does.
        resolve(whole);
        await keeper.end(right ? 'complete' : 'wrong');
      };
      alone(key, signal, work).catch(reject);
    });
  };
}

export function addressOf(url: string): string {
  const base = globalThis.location?.href;
  return URL.canParse(url, base) ? new URL(url, base).href : url;
}

export async function keyOf(url: string): Promise<string> {
  return (await sha256(new TextEncoder().encode(url))).slice(0, 32);
}

/** Across tabs and workers, where the platform can. */
function alone(key: string, signal: AbortSignal | undefined, work: () => Promise<void>): Promise<void> {
  const locks = globalThis.navigator?.locks;
  return locks ? locks.request(`atrous ${key}`, { signal }, work) : work();
}

interface Keeper {
  /** More has come. */
  see(): void;
  /** Resolves when all that came is kept, or what is wrong is gone. */
  end(as: 'complete' | 'unfinished' | 'wrong'): Promise<void>;
}

/** Writes what comes, a part at a time; `noted` are those of an earlier call. The first write that fails is the last, and the file is forgotten. */
function keeperOf(
  store: Store,
  key: string,
  url: string,
  { name = url, sha256: pinned }: DownloadOptions,
  noted: readonly Part[],
  got: Received,
  partBytes: number,
): Keeper {
  let list = [...noted];
  /** Chunks that are on their way into the store, and bytes of these. */
  let [chunks, count, bytes] = [got.parts, got.parts.length, got.done];
  let fails = false;
  let writes: Promise<unknown> = Promise.resolve();
  const then = (work: () => Promise<void>): void => {
    writes = writes
      .then(() => (fails ? undefined : work()))
      .catch(() => {
        fails = true;
        return forget(store, key);
      });
  };
  const follow = (): void => {
    if (chunks === got.parts) return;
    // The server began anew.
    list = [];
    [chunks, count, bytes] = [got.parts, 0, 0];
    then(() => forget(store, key));
  };
  const write = (complete: boolean): void => {
    const { parts, done, tag, total } = got;
    // Nothing would tell whether it is still the server's file.
    if (tag === null && pinned === undefined) return;
    const part = joined({ parts: parts.slice(count), done: done - bytes });
    [count, bytes] = [parts.length, done];
    const mine = list;
    then(async () => {
      if (part.length > 0) {
        await store.write(`${key}.${mine.length}`, part);
        mine.push({ bytes: part.length, sha256: await sha256(part) });
      }
      const note: Note = { name, url, tag, total, parts: mine, complete, sha256: pinned };
      await store.write(`${key}.json`, new TextEncoder().encode(JSON.stringify(note)));
    });
  };
  return {
    see() {
      follow();
      if (got.done - bytes >= partBytes) write(false);
    },
    async end(as) {
      follow();
      if (as === 'wrong') then(() => forget(store, key));
      else if (as === 'complete' || got.done > bytes) write(as === 'complete');
      await writes;
    },
  };
}

export async function readNote(store: Store, key: string): Promise<Note | null> {
  try {
    const note = JSON.parse(new TextDecoder().decode((await store.read(`${key}.json`))!)) as Note;
    return Array.isArray(note.parts) ? note : null;
  } catch {
    return null;
  }
}

/** A file's parts as they were written; null where one is missing or another. */
async function keptOf(
  store: Store,
  key: string,
  { parts, total, tag }: Note,
): Promise<(Received & { noted: readonly Part[] }) | null> {
  const kept = { parts: [] as Uint8Array[], done: 0, total, tag, noted: parts };
  for (const [n, part] of parts.entries()) {
    const bytes = await store.read(`${key}.${n}`).catch(() => null);
    if (bytes?.length !== part.bytes || (await sha256(bytes)) !== part.sha256) return null;
    kept.parts.push(bytes);
    kept.done += bytes.length;
  }
  return kept;
}

/** Is a file still the server's, or not to be asked for now? */
async function isUnchanged(url: string, { tag }: Note, signal: AbortSignal | undefined): Promise<boolean> {
  const life = lifeOf(signal, PATIENCE);
  try {
    const response = await fetch(url, { signal: life.signal, cache: 'no-cache' });
    return response.status >= 500 || (response.ok && tagOf(response) === tag);
  } catch {
    checkSignal(signal);
    return true;
  } finally {
    life.end();
  }
}

/** The note first: parts without one are nobody's. */
export async function forget(store: Store, key: string): Promise<void> {
  const names = await store.names().catch(() => []);
  for (const name of [`${key}.json`, ...names.filter(name => name.startsWith(`${key}.`))]) await store.remove(name).catch(() => {});
}

/** A download through the platform's store, and what self-tests remember there; `open` gives null where nothing can be kept. */
export function storageOf(open: () => Promise<Store | null>): { readonly cached: Fetcher; memory(): Promise<Memory | null> } {
  return {
    async cached(url, options) {
      const store = await open();
      return (store ? through(store) : fetchWhole)(url, options);
    },
    async memory() {
      const store = await open();
      return store && memoryIn(store);
    },
  };
}

/** What passed leaves the day it did. */
function memoryIn(store: Store): Memory {
  const name = (key: string): string => `tested-${key}`;
  return {
    recall: async key => (await store.read(name(key)).catch(() => null)) !== null,
    keep: key => store.write(name(key), new TextEncoder().encode(new Date().toISOString())).catch(() => {}),
  };
}
