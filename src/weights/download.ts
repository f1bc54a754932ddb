// Weights over HTTP: what several ask for at once is fetched once, through a cache where the platform has one.
import { checkSignal, isolate, untilAborted } from '../errors.ts';
import { joined, nothing, type TransferOptions, transfer } from './transfer.ts';

export interface DownloadOptions extends TransferOptions {
  /** In hex, where it is known beforehand. */
  readonly sha256?: string;
  /** What the cache calls the file; default: its URL. */
  readonly name?: string;
  /** False: nothing is kept, and nothing that was kept is used. */
  readonly cache?: boolean;
}

/** Bytes behind a URL, by way of a cache or not. */
export type Fetcher = (url: string, options: DownloadOptions) => Promise<Uint8Array>;

/** A download that is under way. */
interface Shared {
  readonly work: Promise<Uint8Array>;
  readonly controller: AbortController;
  readonly listeners: Set<NonNullable<DownloadOptions['onProgress']>>;
}

const underway = new Map<string, Shared>();

/** Bytes behind a URL; callers of one URL at a time share them. `cached` is asked unless `cache` is false. Throws as `transfer` does. */
export async function download(url: string | URL, options: DownloadOptions, cached?: Fetcher): Promise<Uint8Array> {
  checkSignal(options.signal);
  const { bytes, cache = true } = options;
  const key = `${url} ${bytes} ${cache}`;
  const shared = underway.get(key) ?? start(String(url), key, options, cache && cached ? cached : fetchWhole);
  // One object a call, whatever the callers share.
  const { listener, failure } = isolate(options.onProgress, options.signal);
  shared.listeners.add(listener);
  try {
    return await untilAborted(Promise.race([shared.work, failure]), options.signal);
  } finally {
    shared.listeners.delete(listener);
    // The last who gives up ends it; once it is done that does nothing.
    if (shared.listeners.size === 0) {
      shared.controller.abort();
      if (underway.get(key) === shared) underway.delete(key);
    }
  }
}

function start(url: string, key: string, options: DownloadOptions, fetcher: Fetcher): Shared {
  const controller = new AbortController();
  const listeners: Shared['listeners'] = new Set();
  const onProgress: DownloadOptions['onProgress'] = progress => {
    for (const listener of listeners) listener(progress);
  };
  const work = fetcher(url, { ...options, signal: controller.signal, onProgress });
  work.catch(() => {});
  const shared: Shared = { work, controller, listeners };
  underway.set(key, shared);
  return shared;
}

/** Without a cache. */
export const fetchWhole: Fetcher = async (url, options) => {
  const got = nothing();
  await transfer(url, got, options);
  return joined(got);
};
