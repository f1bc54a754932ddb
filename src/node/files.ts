// Files: read whole, written whole or not at all, and pictures found in a folder; every failure says which path and why.

import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { AtrousError, describe, type ErrorCode } from '../errors.ts';

const reasons: Record<string, string> = {
  EACCES: 'permission is denied',
  EDQUOT: 'the disk quota is used up',
  EEXIST: 'a part of the path is a file, not a folder',
  EISDIR: 'it is a folder',
  ELOOP: 'its links go round in a circle',
  EMFILE: 'too many files are open',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'there is no such file or folder',
  ENOSPC: 'no space is left on the disk',
  ENOTDIR: 'a part of the path is a file, not a folder',
  ENOTEMPTY: 'it is a folder',
  EPERM: 'it is not permitted',
  EROFS: 'the file system is read-only',
};

/** The system's error in plain words. */
export function reasonOf(error: unknown): string {
  return reasons[(error as NodeJS.ErrnoException).code ?? ''] ?? describe(error);
}

/**
 * An absolute path. Relative ones start at the caller's folder: npm runs scripts in the package's folder and leaves the caller's in
 * INIT_CWD. It is inherited by everything below, so it counts only while the process still is in that folder of the package.
 */
export function resolveFrom(path: string): string {
  const { INIT_CWD: caller, npm_package_json: manifest } = process.env;
  const here = process.cwd();
  return resolve(caller && (!manifest || dirname(manifest) === here) ? caller : here, path);
}

/** The whole file. NO_FILE where it is missing, a folder or unreadable. */
export async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const { buffer, byteOffset, byteLength } = await readFile(path);
    return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
  } catch (error) {
    throw new AtrousError('NO_FILE', `${path} can't be read: ${reasonOf(error)}; check the path`, { cause: error });
  }
}

/** `readBytes` as text, whatever Unicode encoding it is in; as `decodeText`. */
export async function readText(path: string, code?: ErrorCode): Promise<string> {
  return decodeText(await readBytes(path), path, code);
}

/**
 * Text by its byte order mark, else UTF-16 where every other byte of the beginning is 0, as in Latin letters, else UTF-8. Throws an error of
 * `code` naming the encoding where it is another.
 */
export function decodeText(bytes: Uint8Array, name: string, code: ErrorCode = 'BAD_USAGE'): string {
  const [a, b, c, d] = bytes;
  const refuse = (what: string): never => {
    throw new AtrousError(code, `${name} is ${what}: save it as UTF-8`);
  };
  if ((a === 0xff && b === 0xfe && c === 0 && d === 0) || (a === 0 && b === 0 && c === 0xfe && d === 0xff)) refuse('UTF-32');
  const start = bytes.subarray(0, 64);
  const zeros = (odd: number): boolean => start.length > 1 && start.every((byte, index) => (byte === 0) === (index % 2 === odd));
  const marked = a === 0xff && b === 0xfe ? 'utf-16le' : a === 0xfe && b === 0xff ? 'utf-16be' : null;
  const encoding = marked ?? (zeros(1) ? 'utf-16le' : zeros(0) ? 'utf-16be' : 'utf-8');
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return refuse(encoding === 'utf-8' ? 'neither UTF-8 nor UTF-16 (Latin-1, perhaps)' : `damaged ${encoding.toUpperCase()}`);
  }
}

/** Writes a file whole or not at all; as `writeTogether`. */
export function writeAtomic(path: string, bytes: Uint8Array | string): Promise<void> {
  return writeTogether([[path, bytes]]);
}

/**
 * Writes files whole and all of them, or none: beside their places under other names, then renamed; folders above them are made. A link stays a link,
 * and what is no plain file (/dev/stdout, a pipe) is written to as it is. NOT_WRITABLE with the path and the reason; nothing is left behind.
 */
export async function writeTogether(files: readonly (readonly [path: string, bytes: Uint8Array | string])[]): Promise<void> {
  const written: { readonly path: string; readonly part: string; readonly target: string; renamed: boolean }[] = [];
  let path = '';
  try {
    for (const [place, bytes] of files) {
      path = place;
      const target = await realpath(path).catch(() => path);
      const found = await stat(target).catch(() => undefined);
      if (found?.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
      if (found && !found.isFile()) {
        await writeFile(target, bytes);
        continue;
      }
      await makeFolder(dirname(target));
      // Of a fixed length, because the file's own may be as long as names can be.
      const part = join(dirname(target), `.atrous-${randomBytes(6).toString('hex')}.part`);
      watch(part);
      written.push({ path, part, target, renamed: false });
      await writeFile(part, bytes, { flag: 'wx' });
    }
    for (const file of written) {
      path = file.path;
      await rename(file.part, file.target);
      file.renamed = true;
    }
  } catch (error) {
    for (const { part, target, renamed } of written) await rm(renamed ? target : part, { force: true }).catch(() => {});
    throw new AtrousError('NOT_WRITABLE', `${path} can't be written: ${reasonOf(error)}; choose another place`, { cause: error });
  } finally {
    for (const { part } of written) unwatch(part);
  }
}

/** Whether a write failed because of the disk and not of the file: the next one would fail alike. */
export function isDiskFull(error: unknown): boolean {
  const { code = '' } = ((error as Error | null)?.cause ?? {}) as NodeJS.ErrnoException;
  return ['ENOSPC', 'EDQUOT', 'EROFS'].includes(code);
}

/** Temporary files and folders now being written. While there are any, a signal that ends the process removes them first. */
const parts = new Set<string>();
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Until `unwatch`, a signal that ends the process removes this first. */
export function watch(part: string): void {
  if (parts.size === 0) for (const signal of signals) process.on(signal, removeParts);
  parts.add(part);
}

export function unwatch(part: string): void {
  if (parts.delete(part) && parts.size === 0) stopWatching();
}

function stopWatching(): void {
  for (const signal of signals) process.off(signal, removeParts);
}

/** Whoever else listens to the signal decides what becomes of the process; if nobody does, it ends as it would have without us. */
function removeParts(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  stopWatching();
  for (const part of parts) rmSync(part, { recursive: true, force: true });
  process.kill(process.pid, signal);
}

/** As `mkdir -p`. Not mkdir's own `recursive`: below a folder that takes no entries, such as /proc, that tries for ever. */
export async function makeFolder(folder: string, mode = 0o777): Promise<void> {
  const isFolder = async (): Promise<boolean> => (await stat(folder).catch(() => null))?.isDirectory() === true;
  if (await isFolder()) return;
  if (dirname(folder) !== folder) await makeFolder(dirname(folder), mode);
  await mkdir(folder, mode).catch(async error => {
    if (!(await isFolder())) throw error; // somebody else may have made it meanwhile
  });
}

/**
 * Throws `NOT_WRITABLE`, and leaves nothing, when files can't be written into a folder that exists or could be made. `option`: what chooses another; none
 * where the folder is always that one.
 */
export async function checkFolder(folder: string, option: string | null = '--output'): Promise<void> {
  for (let path = resolve(folder); ; path = dirname(path)) {
    const found = await stat(path).catch(() => null);
    if (!found && path !== dirname(path)) continue;
    const problem = found?.isDirectory() ? await refusal(path) : `${path} is not a folder`;
    if (problem)
      throw new AtrousError(
        'NOT_WRITABLE',
        `output folder ${folder} can't be written: ${problem}; ${option ? `choose another with ${option}` : 'make it writable'}`,
      );
    return;
  }
}

/** Why a folder takes no new entries, or null. Permissions alone do not tell (user 0, /proc), so it is tried. */
async function refusal(folder: string): Promise<string | null> {
  try {
    await rmdir(await mkdtemp(join(folder, '.atrous-')));
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? `${folder} takes no new files` : reasonOf(error);
  }
}

/** Throws `NOT_WRITABLE`, and makes nothing, when a file can't be written: its folder can't, or the path is one. */
export async function checkFile(path: string, option?: string): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory()) throw new AtrousError('NOT_WRITABLE', `${path} can't be written: it is a folder; name a file in it`);
  await checkFolder(dirname(path), option);
}
