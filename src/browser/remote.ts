// The page's end of a worker: calls with answers, callbacks and signals on the way, and what becomes of all of them when the worker dies.
import { AtrousError, brief, checkSignal, describe, type ErrorCode } from '../errors.ts';
import type { Calls, ToPage, ToWorker } from './messages.ts';

type Ask<C extends keyof Calls> = Parameters<Calls[C]>[0];
type Answer<C extends keyof Calls> = ReturnType<Calls[C]>;
type Callback = (...told: unknown[]) => void;

export interface Remote {
  /** Options lose their functions and their signal, which go on working. Throws what the worker throws, and `WORKER_LOST`. */
  call<C extends keyof Calls>(call: C, ask: Ask<C>, transfer?: Transferable[]): Promise<Answer<C>>;
  /** Ends the worker. Calls from now on, and those under way, throw what is said. */
  end(why: AtrousError): void;
}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: unknown): void;
}

export function remote(worker: Worker): Remote {
  const waiting = new Map<number, Waiting>();
  /** Of a model's own, such as a lost device's, as long as it lives. */
  const callbacks = new Map<number, Readonly<Record<string, Callback>>>();
  const watch = new AbortController();
  let over: AtrousError | null = null;
  let count = 0;

  const end = (why: AtrousError): void => {
    if (over) return;
    over = why;
    watch.abort();
    worker.terminate();
    for (const { reject } of waiting.values()) reject(why);
    waiting.clear();
  };
  const died = (how: string): void =>
    end(new AtrousError('WORKER_LOST', `the model's worker has ended: ${how}; call load() again for another`));

  worker.addEventListener('error', event => {
    event.preventDefault();
    const { message } = event;
    // A script that can't be had says nothing.
    died(message || 'its script could not be loaded, or the page’s policy forbids it (worker-src)');
  });
  worker.addEventListener('messageerror', () => died('what it said could not be read'));
  worker.addEventListener('message', ({ data }: MessageEvent<ToPage>) => {
    if ('lock' in data) {
      // Free when the worker is gone, however it went.
      navigator.locks.request(data.lock, { signal: watch.signal }, () => died('it was terminated, or has crashed')).catch(() => {});
      return;
    }
    if ('callback' in data) {
      callbacks.get(data.id)?.[data.callback]?.(...data.told);
      return;
    }
    const call = waiting.get(data.id);
    waiting.delete(data.id);
    if ('answer' in data) return call?.resolve(data.answer);
    const { code, message } = data.error;
    call?.reject(code ? new AtrousError(code as ErrorCode, message) : new Error(message));
  });

  return {
    async call(call, ask, transfer = []) {
      if (over) throw over;
      const { options = {} } = ask as { options?: Readonly<Record<string, unknown>> };
      const { signal, ...others } = options as { signal?: AbortSignal };
      checkSignal(signal);
      const functions = Object.entries(others).filter(([, value]) => typeof value === 'function') as [string, Callback][];
      const left = Object.fromEntries(Object.entries(others).filter(([, value]) => typeof value !== 'function'));
      const id = ++count;
      const message: ToWorker = {
        ...{ id, call, ask: 'options' in ask ? { ...ask, options: left } : { ...ask } },
        ...{ callbacks: functions.map(([name]) => name), aborts: signal !== undefined },
      };
      const abort = (): void => worker.postMessage({ id, abort: describe(signal!.reason) } satisfies ToWorker);
      try {
        return await new Promise<never>((resolve, reject) => {
          waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
          // What a callback throws ends its call, as it does on the page.
          const isolated = functions.map(([name, told]): [string, Callback] => [name, guard(told, reject)]);
          if (isolated.length > 0) callbacks.set(id, Object.fromEntries(isolated));
          post(worker, message, transfer);
          signal?.addEventListener('abort', abort);
        });
      } finally {
        signal?.removeEventListener('abort', abort);
        waiting.delete(id);
        if (call !== 'load') callbacks.delete(id);
      }
    },
    end,
  };
}

function guard(callback: Callback, reject: (error: unknown) => void): Callback {
  return (...told) => {
    try {
      callback(...told);
    } catch (error) {
      reject(error);
    }
  };
}

/** Throws `BAD_USAGE` for what can't be posted. */
function post(worker: Worker, message: ToWorker, transfer: Transferable[]): void {
  try {
    worker.postMessage(message, transfer);
  } catch (error) {
    throw new AtrousError('BAD_USAGE', `what is given can't be sent to a worker: ${brief(error)}`, { cause: error });
  }
}
