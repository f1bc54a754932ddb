// Sizes kept ready on a device: the newest three, and those that somebody is still at.
import { isolate, untilAborted } from '../errors.ts';
import type { Size } from '../image/size.ts';
import type { Pipeline } from '../pipeline.ts';

/** The one used longest ago goes first. */
const MAX_SIZES = 3;

export interface Sizes {
  /**
   * Lends what `make` makes for a key, made if it must be. Callers share what is in the making, so neither one's signal nor what their `onCompile` throws
   * stops it: `ABORTED`, or that error, ends the caller's own wait. All who wait hear of the progress.
   */
  using<T>(
    key: string,
    make: (onCompile: OnCompile) => Promise<Pipeline>,
    caller: { readonly signal?: AbortSignal; readonly onCompile?: OnCompile },
    work: (pipeline: Pipeline) => Promise<T>,
  ): Promise<T>;
  /** The one used last, of those that are ready, for pictures of this size that come as textures; null where there is none. */
  ready(picture: Size): Pipeline | null;
  /** Destroys all, once they are made. */
  destroy(): Promise<void>;
}

/** Pipelines compiled so far, of how many. */
export type OnCompile = (done: number, total: number) => void;

/** A size that is ready or in the making, who listens, and how many calls are at it. */
interface Entry {
  readonly making: Promise<Pipeline>;
  pipeline: Pipeline | null;
  readonly listeners: Set<OnCompile>;
  users: number;
}

export function createSizes(): Sizes {
  /** Newest last. */
  const entries = new Map<string, Entry>();

  /** Lets go of all but the newest; one that is still in use goes when its last user is done. */
  const evict = (): void => {
    for (const [key, entry] of [...entries].slice(0, Math.max(0, entries.size - MAX_SIZES))) {
      entries.delete(key);
      retire(entry);
    }
  };

  const start = (key: string, make: (onCompile: OnCompile) => Promise<Pipeline>): Entry => {
    const listeners = new Set<OnCompile>();
    const tell: OnCompile = (done, total) => {
      for (const listener of listeners) listener(done, total);
    };
    const entry: Entry = { making: make(tell), pipeline: null, listeners, users: 0 };
    entry.making.then(
      pipeline => {
        entry.pipeline = pipeline;
        evict();
      },
      () => {
        if (entries.get(key) === entry) entries.delete(key);
      },
    );
    return entry;
  };

  return {
    async using(key, make, { signal, onCompile }, work) {
      const entry = entries.get(key) ?? start(key, make);
      entries.delete(key);
      entries.set(key, entry);
      entry.users++;
      const ears = isolate(onCompile, signal);
      entry.listeners.add(ears.listener);
      try {
        return await work(await untilAborted(Promise.race([entry.making, ears.failure]), signal));
      } finally {
        entry.users--;
        entry.listeners.delete(ears.listener);
        if (entries.get(key) !== entry) retire(entry);
      }
    },
    ready({ h, w }) {
      const fitting = [...entries.values()].filter(
        ({ pipeline }) => pipeline?.stem === 'texture' && pipeline.picture.h === h && pipeline.picture.w === w,
      );
      return fitting.at(-1)?.pipeline ?? null;
    },
    async destroy() {
      const made = await Promise.allSettled([...entries.values()].map(({ making }) => making));
      for (const size of made) if (size.status === 'fulfilled') size.value.destroy();
      entries.clear();
    },
  };
}

/** Destroys an entry that is out of the list, unless somebody is at it. */
function retire({ making, users }: Entry): void {
  if (users > 0) return;
  making.then(
    pipeline => pipeline.destroy(),
    () => {},
  );
}
