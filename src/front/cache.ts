// What a program may ask of the weights that were kept; who answers is fetched when it does.
import type { CachedFile } from '../weights/kept.ts';

export interface Cache {
  /** Files that are kept, whole or in part. */
  list(): Promise<CachedFile[]>;
  /** Removes the file of a built-in name or a URL, or everything that is kept, what self-tests said too; gives how many files went. Throws `BAD_USAGE` for what is no text. */
  clear(name?: string): Promise<number>;
  /** Asks the browser to keep the origin's storage even where it needs the room, and gives its answer. True in Node. */
  persist(): Promise<boolean>;
}

/** A platform's answers, to what was checked. */
export interface Kept extends Omit<Cache, 'clear'> {
  clear(name: string | undefined): Promise<number>;
}

export function cacheOf(kept: () => Promise<Kept>): Cache {
  return {
    list: async () => (await kept()).list(),
    async clear(name) {
      const { guarded, text } = await import('../check.ts');
      if (name !== undefined) guarded("cache.clear()'s name", () => text(name, 'the name'));
      return (await kept()).clear(name);
    },
    persist: async () => (await kept()).persist(),
  };
}
