// Where a page keeps weights: the origin's private files, else its Cache API, else nowhere (private windows of some browsers forbid both).
import { type Store, storageOf } from '../weights/cache.ts';

const NAME = 'atrous';

/** The first that this page may use; null: none. */
export async function openStore(): Promise<Store | null> {
  try {
    return await openFiles();
  } catch {
    // The next one, then.
    return import('./cache-api.ts').then(({ openCache }) => openCache(NAME)).catch(() => null);
  }
}

/** Throws where the browser has no such files, or can write them in workers alone. */
async function openFiles(): Promise<Store> {
  if (!('createWritable' in FileSystemFileHandle.prototype)) throw new Error('no writable files');
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(NAME, { create: true });
  return {
    async read(name) {
      const handle = await folder.getFileHandle(name).catch(() => null);
      return handle && new Uint8Array(await (await handle.getFile()).arrayBuffer());
    },
    async write(name, bytes) {
      const file = await (await folder.getFileHandle(name, { create: true })).createWritable();
      // What is written takes the file's place when it is closed.
      try {
        await file.write(bytes);
        await file.close();
      } catch (error) {
        await file.abort().catch(() => {});
        throw error;
      }
    },
    async names() {
      const names: string[] = [];
      for await (const name of folder.keys()) names.push(name);
      return names;
    },
    remove: name => folder.removeEntry(name),
  };
}

export const { cached, memory } = storageOf(openStore);
