// Where pulled weights lie on this machine: `atrous/weights/<name>.safetensors` in the user's cache.
import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { AtrousError } from '../errors.ts';

/** XDG_CACHE_HOME counts if it is absolute (its specification says so), else ~/.cache. `NOT_WRITABLE` where there is neither. */
export function pulledFile(name: string): string {
  const { XDG_CACHE_HOME: cache = '' } = process.env;
  return join(isAbsolute(cache) ? cache : join(home(), '.cache'), 'atrous', 'weights', `${name}.safetensors`);
}

function home(): string {
  try {
    return homedir();
  } catch {
    // No HOME, and a user number without an entry in the password file.
    throw new AtrousError('NOT_WRITABLE', 'no cache folder: neither XDG_CACHE_HOME nor a home folder is known; set XDG_CACHE_HOME');
  }
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
