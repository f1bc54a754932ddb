// Which pictures an argument means: a file, a folder with all that is below it, or a pattern; what each result is to be called; and what was left out.
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, isAbsolute, join, posix, relative, sep, win32 } from 'node:path';
import picomatch from 'picomatch';
import { AtrousError } from '../errors.ts';
import { reasonOf, resolveFrom } from './files.ts';

/** What a run adds to a picture's name for its results that are pictures themselves. */
const RESULT = /\.(classes|overlay)\.png$/i;
/** What sharp reads of its own, without a system library. */
const PICTURE = /\.(jpe?g|jpe|jfif|png|webp|gif|tiff?|avif)$/i;
/** Pictures all the same, in formats that are not read. */
const FOREIGN = /\.(bmp|dib|p[bgnpaf]m|tga|hei[cf]|jp[2x]|j2k|jxl|ico|svgz?|psd|exr|hdr|dng|cr[23]|nef|arw|pcx|sgi|eps|pdf)$/i;

export interface Picture {
  readonly file: string;
  /** Relative path of the results without their endings: sub-folders are mirrored, the last extension is left out. */
  readonly name: string;
  /** Below the folder of the argument, with `/`. */
  readonly path: string;
}

/** Files of a folder, or of the pictures that were named, which are not segmented. */
export interface LeftOut {
  /** The argument's absolute path. */
  readonly input: string;
  /** Ending of a picture format that is not read → files. */
  readonly formats: Readonly<Record<string, number>>;
  /** Results of an earlier run. */
  readonly results: number;
  /** No pictures at all, by their endings. */
  readonly others: number;
}

export interface Found {
  readonly pictures: readonly Picture[];
  /** Arguments of which nothing was left out are not listed. */
  readonly left: readonly LeftOut[];
}

/**
 * Pictures of all arguments, in their order, each folder's sorted by path. Hidden files, results, and what lies in `exclude` (the folder of the results)
 * are left out; a file that is named is taken whatever its ending, unless it is the result of another that is named. Throws `NO_FILE` for an argument
 * without a picture, and `BAD_USAGE`, before any work, when two pictures share a name.
 */
export async function findPictures(words: readonly string[], exclude: string): Promise<Found> {
  const found = await Promise.all(words.map(word => expand(word, exclude)));
  const all = found.flatMap(({ pictures }) => pictures);
  // A shell expands *.png before we see it, so that a second run is given the first one's results by name.
  const bases = new Set(all.filter(({ file }) => !RESULT.test(file)).map(({ file }) => file.slice(0, -extname(file).length)));
  const isOwn = ({ file }: Picture): boolean => RESULT.test(file) && bases.has(file.replace(RESULT, ''));
  const pictures = all.filter(picture => !isOwn(picture));
  const owners = new Map<string, string>();
  for (const { name, file } of pictures) {
    const other = owners.get(name);
    if (other !== undefined) {
      throw new AtrousError(
        'BAD_USAGE',
        `${other} and ${file} would both be written to ${name}.classes.png: rename one or run them separately`,
      );
    }
    owners.set(name, file);
  }
  const left = found.flatMap(({ left: part }) => part ?? []);
  const own = all.length - pictures.length;
  if (own > 0) left.push({ input: dirname(all.find(isOwn)!.file), formats: {}, results: own, others: 0 });
  return { pictures, left };
}

/** `3 files are left out: formats that are not read (.bmp 2: convert to PNG), results of an earlier run (1)`. */
export function describeLeft({ formats, results, others }: Omit<LeftOut, 'input'>): string {
  const foreign = Object.values(formats).reduce((sum, count) => sum + count, 0);
  const endings = Object.entries(formats).map(([ending, count]) => `${ending} ${count}`);
  const parts = [
    foreign > 0 ? `formats that are not read (${endings.join(', ')}: convert to PNG)` : '',
    results > 0 ? `results of an earlier run (${results})` : '',
    others > 0 ? `no pictures by their endings (${others})` : '',
  ];
  const count = foreign + results + others;
  return `${count === 1 ? '1 file is' : `${count} files are`} left out: ${parts.filter(Boolean).join(', ')}`;
}

interface Expanded {
  readonly pictures: readonly Picture[];
  readonly left: LeftOut | null;
}

async function expand(word: string, exclude: string): Promise<Expanded> {
  const path = resolveFrom(word);
  const there = await stat(path).catch(error => error as Error);
  if (!(there instanceof Error)) {
    if (there.isDirectory()) return inFolder(path, null, exclude);
    return { pictures: [named(path, dirname(path))], left: null };
  }
  const split = splitPattern(word);
  if (!split) throw new AtrousError('NO_FILE', `${path} can't be read: ${reasonOf(there)}; check the path`, { cause: there });
  return inFolder(resolveFrom(split.folder), split.pattern, exclude);
}

/**
 * A pattern (`*`, `**`, `?`, `[a-z]`, `{a,b}`) and the folder before its first part with a wildcard; null for a word without any. On Windows `\` is
 * the separator, elsewhere it takes the meaning from the character behind it.
 */
export function splitPattern(
  word: string,
  platform: NodeJS.Platform = process.platform,
): { readonly folder: string; readonly pattern: string } | null {
  const parts = (platform === 'win32' ? word.replaceAll('\\', '/') : word).split('/');
  const first = parts.findIndex(part => /[*?[{]/.test(part.replace(/\\./g, '')));
  if (first < 0) return null;
  const folder = parts.slice(0, first).join('/').replace(/\\(.)/g, '$1');
  const path = platform === 'win32' ? win32 : posix;
  // Before the first slash stands the root, and `C:` alone would be the folder that this drive is at.
  const rooted = first > 0 && /^([a-z]:)?$/i.test(folder) ? `${folder}/` : folder;
  return { folder: path.normalize(rooted || '.'), pattern: parts.slice(first).join('/') };
}

/** With a pattern: what it matches. Without: every picture below the folder, and what else lies there is counted. */
async function inFolder(folder: string, pattern: string | null, exclude: string): Promise<Expanded> {
  const isMatch =
    pattern === null ? () => true : picomatch(pattern.replace(/(?<!\\)[()]/g, '\\$&'), { nocase: true, windows: false });
  const hidden = pattern !== null && /(^|\/)\\?\./.test(pattern);
  // `**` goes to any depth, any other pattern no deeper than its slashes.
  const depth = pattern === null || pattern.includes('**') ? Number.POSITIVE_INFINITY : pattern.split('/').length;
  const files = (await filesBelow(folder, { depth, exclude, hidden })).filter(file => isMatch(file));
  const results = files.filter(file => RESULT.test(file));
  const pictures = files.filter(file => !RESULT.test(file) && (pattern !== null || PICTURE.test(file)));
  const taken = new Set([...pictures, ...results]);
  const rest = files.filter(file => !taken.has(file));
  const left: LeftOut = { input: folder, ...countLeft(rest), results: results.length };
  const leaves = pictures.length < files.length;
  if (pictures.length === 0) {
    const what = pattern === null ? `${folder} holds no picture` : `${join(folder, pattern)} matches no picture`;
    const why = leaves ? `; ${describeLeft(left)}` : ': check the path';
    throw new AtrousError('NO_FILE', `${what} (jpg, png, webp, gif, tiff, avif)${why}`);
  }
  return { pictures: pictures.map(file => named(join(folder, file), folder)), left: leaves ? left : null };
}

/** What files are that are no pictures to be read, by their endings. */
export function countLeft(files: readonly string[]): Omit<LeftOut, 'input'> {
  const foreign = files.filter(file => FOREIGN.test(file));
  const formats = countBy(foreign.map(file => extname(file).toLowerCase()));
  return { formats, results: 0, others: files.length - foreign.length };
}

function countBy(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of [...words].sort()) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

interface Bounds {
  readonly depth: number;
  readonly exclude: string;
  /** Whether to enter and list what begins with a dot. */
  readonly hidden: boolean;
}

/**
 * Paths of all files below a folder, with `/`, sorted. Links to folders are followed, each real folder is listed once: by its own path where it lies below
 * the folder itself, else by the first link's; one that leads to a folder around the link is a circle and left alone.
 */
async function filesBelow(root: string, { depth, exclude, hidden }: Bounds): Promise<string[]> {
  const files: string[] = [];
  const seen = new Set<string>();
  const links: { readonly path: string; readonly level: number }[] = [];
  const excluded = await realpath(exclude).catch(() => null);
  const start = await realpath(root).catch(() => root);
  const visit = async (path: string, real: string, level: number): Promise<void> => {
    // The folder of the results is left out, but not a folder inside it that was asked for by name.
    if (seen.has(real) || (real === excluded && path !== '')) return;
    seen.add(real);
    const entries = await readdir(real, { withFileTypes: true }).catch(error => {
      throw new AtrousError('NO_FILE', `${join(root, path)} can't be read: ${reasonOf(error)}; check the path`, { cause: error });
    });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name.startsWith('.') && !hidden) continue;
      const below = path === '' ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory()) {
        if (level < depth) await visit(below, join(real, entry.name), level + 1);
      } else if (entry.isSymbolicLink() && (await isFolder(join(real, entry.name)))) {
        if (level < depth) links.push({ path: below, level: level + 1 });
      } else if (entry.isFile() || entry.isSymbolicLink()) {
        files.push(below);
      }
    }
  };
  await visit('', start, 1);
  for (let link = links.shift(); link; link = links.shift()) {
    const real = await realpath(join(root, link.path)).catch(() => null);
    if (real !== null && !isWithin(start, real)) await visit(link.path, real, link.level);
  }
  return files.sort();
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    found => found.isDirectory(),
    () => false,
  );
}

/** Whether the path is the folder or lies below it. */
function isWithin(path: string, folder: string): boolean {
  const below = relative(folder, path);
  return below !== '..' && !below.startsWith(`..${sep}`) && !isAbsolute(below);
}

function named(file: string, folder: string): Picture {
  const path = relative(folder, file).replaceAll(sep, '/');
  return { file, path, name: join(relative(folder, dirname(file)), basename(file, extname(file))) };
}
