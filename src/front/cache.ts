// What a program may ask of the weights that were kept; the platform's storage is fetched when it does.
import { guarded, text } from '../check.ts';
import type { Memory } from '../self-test.ts';
import type { CachedFile } from '../weights/cache.ts';
import type { Fetcher } from '../weights/download.ts';

export interface Cache {
  /** Files that are kept, whole or in part. */
  list(): Promise<CachedFile[]>;
  /** Removes the file of a built-in name or a URL, or everything that is kept, what self-tests said too; gives how many files went. Throws `BAD_USAGE` for what is no text. */
  clear(name?: string): Promise<number>;
  /** Asks the browser to keep the origin's storage even where it needs the room, and gives its answer. True in Node. */
  persist(): Promise<boolean>;
}

/** A platform's. */
export interface Storage {
  readonly cached: Fetcher;
  list(): Promise<CachedFile[]>;
  clear(name: string | undefined): Promise<number>;
  persist(): Promise<boolean>;
  memory(): Promise<Memory | null>;
}

export function cacheOf(storage: () => Promise<Storage>): Cache {
  return {
    list: async () => (await storage()).list(),
    async clear(name) {
      if (name !== undefined) guarded("cache.clear()'s name", () => text(name, 'the name'));
      return (await storage()).clear(name);
    },
    persist: async () => (await storage()).persist(),
  };
}
