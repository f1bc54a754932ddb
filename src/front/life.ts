// A model's life, here or in a worker: its calls under way, its streams, and an end that waits for both and behind which there are no calls.
import { AtrousError } from '../errors.ts';
import type { Stream } from './live.ts';

export interface Life {
  /** Throws `DISPOSED` once it ends. */
  check(): void;
  /** `end` waits for the call. */
  track<T>(call: Promise<T>): Promise<T>;
  /** `end` stops the stream; `over` forgets it. */
  stream(begin: (over: () => void) => Stream): Stream;
  /** Stops streams, waits for calls, then frees; a second time it is the first one's promise. */
  end(free: () => Promise<void>): Promise<void>;
}

export const disposed = (): AtrousError => new AtrousError('DISPOSED', 'this model was disposed: load it again');

export function life(): Life {
  const running = new Set<Promise<unknown>>();
  const streams = new Set<Stream>();
  let ending: Promise<void> | null = null;
  const close = async (free: () => Promise<void>): Promise<void> => {
    for (const stream of streams) stream.stop();
    await Promise.allSettled([...streams].map(({ finished }) => finished));
    await Promise.allSettled(running);
    await free();
  };
  return {
    check() {
      if (ending) throw disposed();
    },
    track(call) {
      running.add(call);
      return call.finally(() => running.delete(call));
    },
    stream(begin) {
      const stream = begin(() => streams.delete(stream));
      streams.add(stream);
      return stream;
    },
    end(free) {
      ending ??= close(free);
      return ending;
    },
  };
}
