// Weights over HTTP: streamed, with progress; what several ask for at once is fetched once.
import { AtrousError, checkSignal, describe, isolate, untilAborted } from '../errors.ts';
import { reasons } from './network-reasons.ts';

export interface DownloadOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly phase: 'download'; readonly done: number; readonly total: number }) => void;
  /** What the file must have: a server that sends more is not listened to any longer. */
  readonly bytes?: number;
}

/** Four times the largest published file: what is larger is something else, or has no end. */
const MOST_BYTES = 2 ** 31;

/** A download that is under way. */
interface Shared {
  readonly work: Promise<Uint8Array>;
  readonly controller: AbortController;
  readonly listeners: Set<NonNullable<DownloadOptions['onProgress']>>;
}

const underway = new Map<string, Shared>();

/**
 * Bytes behind a URL; callers of one URL at a time share them. Throws `NO_FILE` when the server can't be reached, answers with an error or sends
 * less than it announced; `BAD_WEIGHTS` when it sends more than `bytes`, `LIMIT` more than 2 GiB; `ABORTED`.
 */
export async function download(url: string | URL, options: DownloadOptions): Promise<Uint8Array> {
  checkSignal(options.signal);
  const key = `${url} ${options.bytes}`;
  const shared = underway.get(key) ?? start(url, key, options.bytes);
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

function start(url: string | URL, key: string, bytes: number | undefined): Shared {
  const controller = new AbortController();
  const listeners: Shared['listeners'] = new Set();
  const onProgress: DownloadOptions['onProgress'] = progress => {
    for (const listener of listeners) listener(progress);
  };
  const { signal } = controller;
  const work = fetch(url, { signal }).then(
    response => readResponse(response, { signal, onProgress, bytes }),
    error => {
      throw new AtrousError('NO_FILE', `${url} can't be fetched: ${unreachable(url, error)}`, { cause: error });
    },
  );
  work.catch(() => {});
  const shared: Shared = { work, controller, listeners };
  underway.set(key, shared);
  return shared;
}

/** Browsers do not say why: the commonest reason is another origin that does not allow this page's. */
function unreachable(url: string | URL, error: unknown): string {
  const page = globalThis.location;
  const origin = page && URL.canParse(String(url), page.href) ? new URL(url, page.href).origin : page?.origin;
  if (origin === page?.origin) return networkReason(error);
  return `${networkReason(error)}; ${origin} is not reached, or it does not send Access-Control-Allow-Origin for ${page.origin}`;
}

/**
 * The body of a response. `total` of progress is `bytes`, else the length that the server announced; 0 where a compressed body makes that another
 * number. Throws as `download` does.
 */
export async function readResponse(response: Response, { signal, onProgress, bytes }: DownloadOptions): Promise<Uint8Array> {
  const name = response.url || 'the response';
  if (!response.ok)
    throw new AtrousError('NO_FILE', `${name}: the server answered ${response.status} ${response.statusText}`.trimEnd());
  if (!response.body || response.bodyUsed)
    throw new AtrousError('NO_FILE', `${name}: its body ${response.body ? 'was read before' : 'is empty'}: fetch it again`);
  const announced = response.headers.get('content-encoding') ? 0 : Number(response.headers.get('content-length')) || 0;
  const total = bytes ?? announced;
  if (bytes === undefined) checkLimit(name, Number(response.headers.get('content-length')));
  const parts: Uint8Array[] = [];
  let done = 0;
  const reader = response.body.getReader();
  const next = (): Promise<ReadableStreamReadResult<Uint8Array>> =>
    reader.read().catch(error => {
      checkSignal(signal);
      throw new AtrousError('NO_FILE', `${name} can't be fetched: ${networkReason(error)}`, { cause: error });
    });
  for (let chunk = await next(); !chunk.done; chunk = await next()) {
    parts.push(chunk.value);
    done += chunk.value.length;
    if (bytes !== undefined && done > bytes) {
      void reader.cancel().catch(() => {});
      throw new AtrousError('BAD_WEIGHTS', `${name}: more than ${bytes} bytes, the size of the file that is asked for`);
    }
    if (done > MOST_BYTES) void reader.cancel().catch(() => {});
    checkLimit(name, done);
    checkSignal(signal);
    onProgress?.({ phase: 'download', done, total });
  }
  const whole = new Uint8Array(done);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function checkLimit(name: string, bytes: number): void {
  if (bytes > MOST_BYTES)
    throw new AtrousError(
      'LIMIT',
      `${name} is ${bytes} bytes or more, and weights of up to ${MOST_BYTES} are read: give the URL of weights alone`,
    );
}

/** `fetch` says only that it failed; its cause says why. */
export function networkReason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (cause as { readonly code?: string }).code ?? '';
  return reasons[code] ?? (describe(cause) || code || describe(error));
}
