// Where pulled weights lie on this machine: `atrous/weights/<name>.safetensors` in the user's cache.
import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { AtrousError } from '../errors.ts';

/** The folder for caches: XDG_CACHE_HOME if it is absolute (its specification says so), else ~/.cache; null where there is neither. */
export function userCache(): string | null {
  const { XDG_CACHE_HOME: cache = '' } = process.env;
  if (isAbsolute(cache)) return cache;
  try {
    return join(homedir(), '.cache');
  } catch {
    return null; // no HOME, and a user number without an entry in the password file
  }
}

/** Where weights of a name lie or will lie. `NOT_WRITABLE` where the user has no cache folder. */
export function pulledFile(name: string): string {
  const cache = userCache();
  if (cache) return join(cache, 'atrous', 'weights', `${name}.safetensors`);
  throw new AtrousError('NOT_WRITABLE', 'no cache folder: neither XDG_CACHE_HOME nor a home folder is known; set XDG_CACHE_HOME');
}

/** Bytes of a file, null where there is none. */
export async function sizeOnDisk(path: string): Promise<number | null> {
  const found = await stat(path).catch(() => null);
  return found?.isFile() ? found.size : null;
}

/** The path of weights that were pulled under a name. `NO_FILE` with the command that pulls them. */
export async function findPulled(name: string): Promise<string> {
  const path = pulledFile(name);
  if ((await sizeOnDisk(path)) !== null) return path;
  throw new AtrousError('NO_FILE', `weights "${name}" are not on this machine (no ${path}): run atrous pull ${name}`);
}
