// Where Node keeps weights that came over the network and what self-tests said: `atrous/kept/` in the user's cache.
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Store, storageOf } from '../weights/cache.ts';
import { keptIn } from '../weights/kept.ts';
import { userCache } from './cache.ts';
import { writeAtomic } from './files.ts';

/** Null where the user has no cache folder, or may not write there. */
async function openStore(): Promise<Store | null> {
  const cache = userCache();
  if (!cache) return null;
  const folder = join(cache, 'atrous', 'kept');
  try {
    await mkdir(folder, { recursive: true });
  } catch {
    return null;
  }
  return {
    read: name => readFile(join(folder, name)).catch(() => null),
    write: (name, bytes) => writeAtomic(join(folder, name), bytes),
    names: () => readdir(folder),
    remove: name => rm(join(folder, name), { force: true }),
  };
}

export const { cached, memory } = storageOf(openStore);
export const { list, clear } = keptIn(openStore);

/** Files stay. */
export async function persist(): Promise<boolean> {
  return true;
}
