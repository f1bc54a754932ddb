// One file over HTTP into memory. A connection that breaks or stalls costs only what has not come: the next attempt asks for the rest by Range, on condition
// (If-Range) that the server's file is still the same.
import { AtrousError, checkSignal, describe } from '../errors.ts';
import { reasons } from './network-reasons.ts';

export interface TransferOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly phase: 'download'; readonly done: number; readonly total: number }) => void;
  /** What the file must have: a server that sends more is not listened to any longer. */
  readonly bytes?: number;
  /** Milliseconds without a byte after which a connection counts as dead. */
  readonly idle?: number;
  /** Milliseconds before the second of the attempts; the wait doubles each time. */
  readonly wait?: number;
}

/** What has come of a file; a server that begins anew gets it new `parts`. */
export interface Received {
  parts: Uint8Array[];
  done: number;
  /** Of the whole file; 0 while unknown. */
  total: number;
  /** ETag or date, what tells whether the server's file is still this one; null where the server gives neither. */
  tag: string | null;
}

export const nothing = (): Received => ({ parts: [], done: 0, total: 0, tag: null });

/** Four times the largest published file: what is larger is something else, or has no end. */
const MOST_BYTES = 2 ** 31;
const ATTEMPTS = 4;

/**
 * Brings what is missing of `got`. A broken or stalled connection and the answers 408, 429 and 5xx are tried again; then, and for other errors, `NO_FILE`.
 * `BAD_WEIGHTS` when the server sends more than `bytes`, `LIMIT` more than 2 GiB; `ABORTED`.
 */
export async function transfer(url: string | URL, got: Received, options: TransferOptions): Promise<void> {
  const { signal, idle = 30_000, wait = 250 } = options;
  for (let attempt = 1; ; attempt++) {
    checkSignal(signal);
    const life = lifeOf(signal, idle);
    try {
      return await attemptOn(url, got, { ...options, signal: life.signal }, life.refresh);
    } catch (error) {
      checkSignal(signal);
      if (error instanceof AtrousError && error.code !== 'ABORTED') throw error;
      // Another origin may allow the whole and refuse the headers that ask for a part.
      if (life.silent() && foreign(url)) restart(got);
      if (attempt === ATTEMPTS) {
        const why = life.signal.aborted ? `no byte came for ${idle / 1000} s` : unreachable(url, error);
        throw new AtrousError('NO_FILE', `${url} can't be fetched: ${why}; ${ATTEMPTS} attempts were made`, { cause: error });
      }
    } finally {
      life.end();
    }
    await new Promise(resolve => setTimeout(resolve, wait * 2 ** (attempt - 1)));
  }
}

interface Life {
  readonly signal: AbortSignal;
  /** A byte came. */
  refresh(): void;
  /** Has none come yet? */
  silent(): boolean;
  end(): void;
}

/** A signal that fires with the caller's, after `idle` ms without a byte, and at the end: a body that nobody reads is let go of. */
export function lifeOf(signal: AbortSignal | undefined, idle: number): Life {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  let silent = true;
  let timer = setTimeout(abort, idle);
  signal?.addEventListener('abort', abort);
  return {
    signal: controller.signal,
    refresh() {
      silent = false;
      clearTimeout(timer);
      timer = setTimeout(abort, idle);
    },
    silent: () => silent,
    end() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      abort();
    },
  };
}

/** Throws what `transfer` throws, and anything else where another attempt may do better. */
async function attemptOn(url: string | URL, got: Received, options: TransferOptions, alive: () => void): Promise<void> {
  const { done, tag } = got;
  // A weak tag may stand for other bytes.
  if (!tag || tag.startsWith('W/')) restart(got);
  const resumed = got.done > 0;
  const headers: Record<string, string> = resumed ? { range: `bytes=${done}-`, 'if-range': tag! } : {};
  // Who holds the beginning asks the server: a browser's cache that holds it too would first ask for a byte of its own.
  const response = await fetch(url, { signal: options.signal, headers, cache: resumed ? 'no-store' : 'default' });
  const { status, statusText } = response;
  alive();
  const [, from = done, total = got.total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '') ?? [];
  // What another origin hides is taken to be as it should.
  const continues =
    status === 206 &&
    resumed &&
    Number(from) === done &&
    Number(total) === (got.total || Number(total)) &&
    (tagOf(response) ?? tag) === tag;
  if (!continues) restart(got);
  if (status === 408 || status === 429 || status >= 500 || (resumed && (status === 416 || (status === 206 && !continues))))
    throw new Error(`the server answered ${status} ${statusText}`.trimEnd());
  await receive(response, got, options, alive);
}

function restart(got: Received): void {
  Object.assign(got, nothing());
}

function packed({ headers }: Response): boolean {
  return headers.get('content-encoding') !== null;
}

/** What tells one state of a server's file from another. A packed body is not the file: no part of that can be asked for by a count of our bytes. */
export function tagOf(response: Response): string | null {
  const { headers } = response;
  const [etag, date] = [headers.get('etag'), headers.get('last-modified')];
  const tag = etag?.startsWith('"') ? etag : (date ?? etag);
  return tag && packed(response) ? `W/${tag}` : tag;
}

/** A response's body behind what has come. */
export async function receive(response: Response, got: Received, options: TransferOptions, alive = (): void => {}): Promise<void> {
  const { signal, onProgress, bytes } = options;
  const name = response.url || 'the response';
  if (!response.ok || !response.body || response.bodyUsed) throw (await import('./unfit.ts')).noBody(name, response);
  if (got.done === 0) {
    got.tag = tagOf(response);
    got.total = packed(response) ? 0 : Number(response.headers.get('content-length')) || 0;
  }
  const total = bytes ?? got.total;
  const most = bytes ?? MOST_BYTES;
  const said = Number(response.headers.get('content-length'));
  if (bytes === undefined && said > most) throw (await import('./unfit.ts')).tooMany(name, said, bytes, most);
  const reader = response.body.getReader();
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    alive();
    got.parts.push(chunk.value);
    got.done += chunk.value.length;
    const { done } = got;
    if (done > most) {
      void reader.cancel().catch(() => {});
      throw (await import('./unfit.ts')).tooMany(name, done, bytes, most);
    }
    checkSignal(signal);
    onProgress?.({ phase: 'download', done, total });
  }
}

export function joined({ parts, done }: Pick<Received, 'parts' | 'done'>): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(done);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The origin of a URL where it is another one than the page's. */
function foreign(url: string | URL): string | null {
  const page = globalThis.location;
  if (!page || !URL.canParse(String(url), page.href)) return null;
  const { origin } = new URL(url, page.href);
  return origin === page.origin ? null : origin;
}

/** Browsers do not say why: the commonest reason is another origin that does not allow this page's. */
export function unreachable(url: string | URL, error: unknown): string {
  const origin = foreign(url);
  if (!origin) return networkReason(error);
  return `${networkReason(error)}; ${origin} is not reached, or it does not send Access-Control-Allow-Origin for ${location.origin}`;
}

/** `fetch` says only that it failed; its cause says why. */
export function networkReason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (cause as { readonly code?: string }).code ?? '';
  return reasons[code] ?? (describe(cause) || code || describe(error));
}
