// A look at the weights that are kept, and their end: what programs ask for, if they ever do.
import { addressOf, forget, keyOf, readNote, type Store } from './cache.ts';

/** A file of the cache. */
export interface CachedFile {
  /** A built-in name, or the URL. */
  readonly name: string;
  readonly url: string;
  readonly bytes: number;
  /** False: its download was broken off, and the next `load` goes on with it. */
  readonly complete: boolean;
}

/** Of a platform's store; `open` gives null where nothing can be kept. */
export function keptIn(open: () => Promise<Store | null>): {
  list(): Promise<CachedFile[]>;
  clear(name: string | undefined): Promise<number>;
} {
  return {
    async list() {
      const store = await open();
      return store ? listFiles(store) : [];
    },
    async clear(name) {
      const store = await open();
      return store ? clearFiles(store, name) : 0;
    },
  };
}

async function listFiles(store: Store): Promise<CachedFile[]> {
  const keys = (await store.names()).flatMap(name => /^(\w+)\.json$/.exec(name)?.[1] ?? []);
  const notes = await Promise.all(keys.map(key => readNote(store, key)));
  return notes.flatMap(note => {
    if (!note) return [];
    const { name, url, parts, complete } = note;
    return { name, url, bytes: parts.reduce((sum, part) => sum + part.bytes, 0), complete };
  });
}

/** Without a name everything goes, whatever it is. */
async function clearFiles(store: Store, name: string | undefined): Promise<number> {
  const files = await listFiles(store);
  const going = files.filter(file => name === undefined || file.name === name || file.url === addressOf(name));
  for (const { url } of going) await forget(store, await keyOf(url));
  if (name === undefined) for (const each of await store.names()) await store.remove(each);
  return going.length;
}
