// Files: read whole, written whole or not at all, and pictures found in a folder; every failure says which path and why.

import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { AtrousError, describe } from '../errors.ts';

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

/**
 * Writes a file whole or not at all: beside it under another name, then renamed; folders above it are made. A link stays a link, and
 * what is no plain file (/dev/stdout, a pipe) is written to as it is. NOT_WRITABLE with the reason; nothing is left behind.
 */
export async function writeAtomic(path: string, bytes: Uint8Array | string): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const part = `${target}.${randomBytes(6).toString('hex')}.part`;
  try {
    const found = await stat(target).catch(() => undefined);
    if (found?.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    if (found && !found.isFile()) return await writeFile(target, bytes);
    await makeFolder(dirname(target));
    watch(part);
    await writeFile(part, bytes, { flag: 'wx' });
    await rename(part, target);
  } catch (error) {
    await rm(part, { force: true }).catch(() => {});
    throw new AtrousError('NOT_WRITABLE', `${path} can't be written: ${reasonOf(error)}; choose another place`, { cause: error });
  } finally {
    unwatch(part);
  }
}

/** Temporaries now being written. While there are any, a signal that ends the process removes them first. */
const parts = new Set<string>();
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function watch(part: string): void {
  if (parts.size === 0) for (const signal of signals) process.on(signal, removeParts);
  parts.add(part);
}

function unwatch(part: string): void {
  if (parts.delete(part) && parts.size === 0) stopWatching();
}

function stopWatching(): void {
  for (const signal of signals) process.off(signal, removeParts);
}

/** Whoever else listens to the signal decides what becomes of the process; if nobody does, it ends as it would have without us. */
function removeParts(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  stopWatching();
  for (const part of parts) rmSync(part, { force: true });
  process.kill(process.pid, signal);
}

/** As `mkdir -p`. Not mkdir's own `recursive`: below a folder that takes no entries, such as /proc, that tries for ever. */
async function makeFolder(folder: string): Promise<void> {
  const isFolder = async (): Promise<boolean> => (await stat(folder).catch(() => null))?.isDirectory() === true;
  if (await isFolder()) return;
  if (dirname(folder) !== folder) await makeFolder(dirname(folder));
  await mkdir(folder).catch(async error => {
    if (!(await isFolder())) throw error; // somebody else may have made it meanwhile
  });
}

/** Throws `NOT_WRITABLE`, and leaves nothing, when files can't be written into a folder that exists or could be made. */
export async function checkFolder(folder: string): Promise<void> {
  for (let path = resolve(folder); ; path = dirname(path)) {
    const found = await stat(path).catch(() => null);
    if (!found && path !== dirname(path)) continue;
    const problem = found?.isDirectory() ? await refusal(path) : `${path} is not a folder`;
    if (problem)
      throw new AtrousError('NOT_WRITABLE', `output folder ${folder} can't be written: ${problem}; choose another with --output`);
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
export async function checkFile(path: string): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory()) throw new AtrousError('NOT_WRITABLE', `${path} can't be written: it is a folder; name a file in it`);
  await checkFolder(dirname(path));
}
