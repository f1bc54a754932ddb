// Every error that a user can cause or meet: a code for programs, a sentence for people (what, where, what next).

/** `BAD_USAGE` is a mistake in the call itself (an option, a name, a size): the command line exits with 2. All others exit with 1. */
export type ErrorCode =
  | 'BAD_USAGE'
  | 'BAD_IMAGE'
  | 'BAD_WEIGHTS'
  | 'BAD_GRAPH'
  | 'BAD_SHADER'
  | 'NO_ADAPTER'
  | 'NO_FILE'
  | 'NOT_WRITABLE'
  | 'LIMIT'
  | 'NOT_PREPARED'
  | 'DISPOSED'
  | 'DEVICE_LOST'
  | 'ABORTED';

export class AtrousError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AtrousError';
    this.code = code;
  }
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

/** One line of text for anything that was thrown. */
export function describe(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
