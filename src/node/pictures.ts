// Which pictures an argument means: a file, a folder with all that is below it, or a pattern; and what each result is to be called.
import { stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { escapePath, glob, isDynamicPattern } from 'tinyglobby';
import { AtrousError } from '../errors.ts';
import { reasonOf, resolveFrom } from './files.ts';

/** What an earlier run wrote, perhaps beside its pictures. */
const RESULTS = ['**/*.classes.png', '**/*.overlay.png'];
/** What sharp reads of its own, without a system library. */
const PICTURES = '**/*.{jpg,jpeg,jpe,jfif,png,webp,gif,tif,tiff,avif}';

export interface Picture {
  readonly file: string;
  /** Relative path of the results without their endings: sub-folders are mirrored, the last extension is left out. */
  readonly name: string;
  /** Below the folder of the argument, with `/`. */
  readonly path: string;
}

/**
 * Pictures of all arguments, in their order, each folder's sorted by path. Hidden files, results, and what lies in `exclude` (the folder of the results)
 * are left out. Throws `NO_FILE` for an argument without a picture, and `BAD_USAGE`, before any work, when two pictures share a name.
 */
export async function findPictures(words: readonly string[], exclude: string): Promise<Picture[]> {
  const found = (await Promise.all(words.map(word => expand(word, exclude)))).flat();
  const owners = new Map<string, string>();
  for (const picture of found) {
    const other = owners.get(picture.name);
    if (other !== undefined) {
      throw new AtrousError(
        'BAD_USAGE',
        `${other} and ${picture.file} would both be written to ${picture.name}.classes.png: rename one or run them separately`,
      );
    }
    owners.set(picture.name, picture.file);
  }
  return found;
}

async function expand(word: string, exclude: string): Promise<Picture[]> {
  const path = resolveFrom(word);
  const there = await stat(path).catch(error => error as Error);
  if (!(there instanceof Error)) return there.isDirectory() ? inFolder(path, PICTURES, exclude) : [named(path, dirname(path))];
  if (!isDynamicPattern(word))
    throw new AtrousError('NO_FILE', `${path} can't be read: ${reasonOf(there)}; check the path`, { cause: there });
  // What stands before the first part with a wildcard is a folder; names are relative to it.
  const parts = path.split(sep);
  const first = parts.findIndex(part => isDynamicPattern(part));
  return inFolder(parts.slice(0, first).join(sep) || sep, parts.slice(first).join('/'), exclude);
}

async function inFolder(folder: string, pattern: string, exclude: string): Promise<Picture[]> {
  // Results of an earlier run are not pictures to segment; but a folder that is itself below them was asked for by name.
  const below = relative(folder, exclude);
  const ignore = [...RESULTS, ...(below && !below.startsWith('..') ? [`${escapePath(below)}/**`] : [])];
  const files = await glob(pattern, { cwd: resolve(folder), ignore, caseSensitiveMatch: false, expandDirectories: false });
  if (files.length === 0) {
    const what = pattern === PICTURES ? `${folder} holds no picture` : `${join(folder, pattern)} matches no picture`;
    throw new AtrousError('NO_FILE', `${what} (jpg, png, webp, gif, tiff, avif): check the path`);
  }
  return files.sort().map(file => named(join(folder, file), folder));
}

function named(file: string, folder: string): Picture {
  const path = relative(folder, file).replaceAll(sep, '/');
  return { file, path, name: join(relative(folder, dirname(file)), basename(file, extname(file))) };
}
