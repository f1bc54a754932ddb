// A folder of a data set, as the readers of `eval/layouts.ts` see it.
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AtrousError } from '../errors.ts';
import type { Tree } from '../eval/layouts.ts';
import { readBytes, reasonOf } from './files.ts';
import { readStored } from './photograph.ts';

/** The folder at an absolute path; links are followed. Listing throws `NO_FILE` for a folder that is there and can't be read. */
export function openTree(root: string): Tree {
  // Layouts ask for the same folders again and again; a data set does not change meanwhile.
  const lists = new Map<string, Promise<readonly string[] | null>>();
  return {
    root,
    list(folder) {
      if (!lists.has(folder)) lists.set(folder, list(join(root, folder)));
      return lists.get(folder)!;
    },
    read: file => readBytes(join(root, file)),
    readColours: (file, check) => readStored(join(root, file), check),
  };
}

async function list(folder: string): Promise<readonly string[] | null> {
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new AtrousError('NO_FILE', `${folder} can't be read: ${reasonOf(error)}; check the path`, { cause: error });
  }
  const shown = entries.filter(({ name }) => !name.startsWith('.'));
  const names = shown.map(async entry => ((await isFolder(folder, entry)) ? `${entry.name}/` : entry.name));
  return (await Promise.all(names)).sort();
}

async function isFolder(folder: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return stat(join(folder, entry.name)).then(
    found => found.isDirectory(),
    () => false,
  );
}
