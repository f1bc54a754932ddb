// Every error that a user can cause or meet: a code for programs, a sentence for people (what, where, what next).

/** `BAD_USAGE` is a mistake in the call itself (an option, a name, a size): the command line exits with 2. All others exit with 1. */
export type ErrorCode =
  | 'BAD_USAGE'
  | 'BAD_IMAGE'
  | 'BAD_WEIGHTS'
  | 'BAD_GRAPH'
  | 'BAD_SHADER'
  | 'NO_ADAPTER'
  | 'BAD_ADAPTER'
  | 'NO_FILE'
  | 'NOT_WRITABLE'
  | 'LIMIT'
  | 'NOT_PREPARED'
  | 'DISPOSED'
  | 'DEVICE_LOST'
  | 'WORKER_LOST'
  | 'ABORTED';

export class AtrousError extends Error {
  readonly code: ErrorCode;

  /** The message becomes one printable line: names of files and what other code has thrown are in many. */
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(shorten(printable(message.trim().replace(/\s*\n\s*/g, ' '))), options);
    // What `fetch` and other things that are aborted call it.
    this.name = code === 'ABORTED' ? 'AbortError' : 'AtrousError';
    this.code = code;
  }
}

/** No sentence of ours is so long: it quotes something that is, and ends with what to do. */
function shorten(message: string): string {
  return message.length > 1000 ? `${message.slice(0, 200)} … ${message.slice(-90)}` : message;
}

/** What moves a cursor, or text to another place than it is read at. JSON leaves some of these as they are. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Text with words of a file in it, such as its name: invisible characters escaped. */
export function printable(text: string): string {
  return text.replace(unprintable, c => `\\u${c.codePointAt(0)!.toString(16).padStart(4, '0')}`);
}

/** Throws `ABORTED` when the caller's signal has fired. */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw new AtrousError('ABORTED', `stopped by the caller's signal: ${describe(signal.reason)}`, { cause: signal.reason });
}

/** The promise's value, or `ABORTED` as soon as the signal fires. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  checkSignal(signal);
  let stop = (): void => {};
  const fired = new Promise<void>(resolve => {
    stop = resolve;
    signal.addEventListener('abort', stop);
  });
  try {
    return await Promise.race([work, fired.then(() => checkSignal(signal)).then(() => work)]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/**
 * A caller's callback for work that others wait for too: it never throws. What it throws first is the last that it hears, and rejects `failure`, to be
 * raced with the work; after the signal it hears nothing.
 */
export function isolate<Told extends unknown[]>(
  callback: ((...told: Told) => void) | undefined,
  signal: AbortSignal | undefined,
): { readonly listener: (...told: Told) => void; readonly failure: Promise<never> } {
  let failed = false;
  let fail = (_error: unknown): void => {};
  const failure = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failure.catch(() => {}); // it is met in the race, if that still goes on
  const listener = (...told: Told): void => {
    if (failed || signal?.aborted) return;
    try {
      callback?.(...told);
    } catch (error) {
      failed = true;
      fail(error);
    }
  };
  return { listener, failure };
}

/** The work's value. Its errors name options as the command line has them; to programs they are told as those do. */
export async function forPrograms<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof AtrousError) || !/--[a-z]/.test(error.message)) throw error;
    const message = error.message.replace(/--([a-z]+)(?:-([a-z]))?/g, (_, first, next = '') => first + next.toUpperCase());
    throw new AtrousError(error.code, message, { cause: error.cause ?? error });
  }
}

/** One line of text for anything that was thrown. */
export function describe(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.message) : String(thrown);
  } catch {
    return `a ${typeof thrown} without text`;
  }
}

/** A value of a caller, or what was thrown over it, in a few printable words. It never fails and never walks into one. */
export function brief(value: unknown): string {
  const cut = (words: string): string => (words.length > 80 ? `${words.slice(0, 80)}…` : words).replace(unprintable, ' ');
  if (typeof value === 'string') return `"${cut(value)}"`;
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return cut(String(value));
  try {
    if (value instanceof Error) return cut(describe(value));
    if (Array.isArray(value)) return 'a list';
    const name = Object.prototype.toString.call(value).slice(8, -1);
    return name === 'Object' ? 'an object' : `of type ${cut(name)}`;
  } catch {
    return 'an object';
  }
}
