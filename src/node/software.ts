// A WebGPU adapter on machines without a GPU or a driver: SwiftShader beside a private copy of Dawn, in a cache folder.
// Dawn looks for libvulkan.so.1 first in the folder of dawn.node; SwiftShader itself answers to that name, so neither a
// Vulkan loader, nor an ICD file, nor an environment variable takes part (and worker threads need no special care).

import { chmod, copyFile, lstat, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import { AtrousError, describe } from '../errors.ts';
import { userCache } from './cache.ts';
import { makeFolder, unwatch, watch } from './files.ts';
import { type Dawn, dawnFile, installs, needPackage, type Package } from './webgpu.ts';

const require = createRequire(import.meta.url);
const archiveName = 'swiftshader.tar.br';
const libraryName = 'libvk_swiftshader.so';
const unpackedLimit = 256 * 2 ** 20;
/** Age of a folder in the making that nobody makes any more: unpacking takes seconds. */
const ABANDONED_MS = 10 * 60 * 1000;

/** What must lie in the cache folder: file name → bytes. `sizes.json` there repeats it, written last. */
type Sizes = Record<string, number>;

export function softwareIsSupported(): boolean {
  return process.platform === 'linux' && process.arch === 'x64';
}

/**
 * Dawn bound to SwiftShader. The first call unpacks about 28 MB into the cache, later ones only compare sizes. NO_ADAPTER where a
 * package is missing, the platform is not linux-x64, or no cache folder can be written and loaded from.
 */
export async function softwareDawn(): Promise<{ dawn: Dawn; source: string; folder: string }> {
  if (!softwareIsSupported()) {
    throw new AtrousError(
      'NO_ADAPTER',
      `the software adapter is built for linux-x64 and this is ${process.platform}-${process.arch}: install a Vulkan, Metal or D3D12 driver`,
    );
  }
  const webgpu = await needPackage('webgpu');
  const chromium = await needPackage('@sparticuz/chromium');
  const name = `swiftshader-${chromium.version}-webgpu-${webgpu.version}`;
  const failures: string[] = [];
  for (const home of cacheHomes()) {
    try {
      const folder = await install(home, name, webgpu, chromium);
      const dawn = require(join(folder, 'dawn.node')) as Dawn;
      return { dawn, source: `SwiftShader of @sparticuz/chromium ${chromium.version} in ${folder}`, folder };
    } catch (error) {
      if (error instanceof AtrousError) throw error;
      failures.push(`${home}: ${describe(error)}`);
    }
  }
  throw new AtrousError(
    'NO_ADAPTER',
    `the software adapter could not be unpacked and loaded (${failures.join('; ')}): set XDG_CACHE_HOME to a folder with 30 MB to write and run from`,
  );
}

/** The user's cache, else a private folder in the temporary one. */
function cacheHomes(): string[] {
  const home = userCache();
  return [...(home === null ? [] : [join(home, 'atrous')]), temporaryHome()];
}

function temporaryHome(): string {
  return join(tmpdir(), `atrous-${process.getuid?.() ?? 'user'}`);
}

async function install(home: string, name: string, webgpu: Package, chromium: Package): Promise<string> {
  const folder = join(home, name);
  await makeFolder(home, 0o700);
  if (home === temporaryHome()) await refuseForeign(home);
  await removeAbandoned(folder);
  const original = dawnFile(webgpu);
  const dawnSize = (await stat(original)).size;
  if (await isWhole(folder, dawnSize)) return folder;
  const fresh = await mkdtemp(`${folder}.`);
  watch(fresh);
  try {
    const library = await unpackLibrary(chromium);
    await writeFile(join(fresh, 'libvulkan.so.1'), library);
    // A copy, not a link: the dynamic loader knows a library by its inode, and the package's own dawn.node may be loaded already.
    await copyFile(original, join(fresh, 'dawn.node'));
    const sizes: Sizes = { 'dawn.node': dawnSize, 'libvulkan.so.1': library.length };
    await writeFile(join(fresh, 'sizes.json'), JSON.stringify(sizes));
    await chmod(fresh, 0o755);
    await place(fresh, folder, dawnSize);
  } finally {
    await rm(fresh, { recursive: true, force: true });
    unwatch(fresh);
  }
  return folder;
}

/** What a process left beside the folder when it was killed while it unpacked. */
async function removeAbandoned(folder: string): Promise<void> {
  const [home, prefix] = [dirname(folder), `${basename(folder)}.`];
  for (const name of (await readdir(home)).filter(each => each.startsWith(prefix))) {
    const age = Date.now() - (await stat(join(home, name)).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
    if (age > ABANDONED_MS) await rm(join(home, name), { recursive: true, force: true });
  }
}

/** In a folder that everyone may write, somebody else could have put a library there for us to load. */
async function refuseForeign(home: string): Promise<void> {
  const found = await lstat(home);
  const mine = process.getuid === undefined || found.uid === process.getuid();
  if (!found.isDirectory() || !mine || (found.mode & 0o022) !== 0)
    throw new Error('belongs to, or can be written by, somebody else');
}

async function isWhole(folder: string, dawnSize: number): Promise<boolean> {
  try {
    const sizes = JSON.parse(await readFile(join(folder, 'sizes.json'), 'utf8')) as Sizes;
    if (sizes['dawn.node'] !== dawnSize || !sizes['libvulkan.so.1']) return false;
    const found = await Promise.all(Object.keys(sizes).map(name => stat(join(folder, name))));
    return Object.values(sizes).every((size, i) => found[i].size === size);
  } catch {
    return false;
  }
}

/** Moves the finished folder into its place. Two processes may do this at once: whoever is second takes the first one's work. */
async function place(fresh: string, folder: string, dawnSize: number): Promise<void> {
  for (let tries = 5; ; tries--) {
    try {
      return await rename(fresh, folder);
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (tries === 0 || !['EEXIST', 'ENOTEMPTY', 'ENOTDIR'].includes(code)) throw error;
    }
    if (await isWhole(folder, dawnSize)) return;
    // Damaged. Moved before it is removed, so that nobody sees half of it; a process that has it loaded keeps its mapping.
    const aside = `${fresh}.damaged`;
    await rename(folder, aside).catch(() => {});
    await rm(aside, { recursive: true, force: true });
  }
}

/** The package keeps its archive in other places from release to release, so it is searched for. */
async function unpackLibrary(chromium: Package): Promise<Uint8Array> {
  const files = await readdir(chromium.folder, { recursive: true });
  const archive = files.find(file => file.endsWith(archiveName) && !file.includes('arm64'));
  if (archive === undefined) {
    throw new AtrousError(
      'NO_ADAPTER',
      `${chromium.folder} (version ${chromium.version}) holds no ${archiveName}: run npm i ${installs['@sparticuz/chromium']}`,
    );
  }
  const path = join(chromium.folder, archive);
  try {
    const tar = await promisify(brotliDecompress)(await readFile(path), { maxOutputLength: unpackedLimit });
    const library = untar(tar).get(libraryName);
    if (!library) throw new Error(`it holds no ${libraryName}`);
    return library;
  } catch (error) {
    throw new AtrousError(
      'NO_ADAPTER',
      `${path} can't be unpacked: ${describe(error)}; run npm i ${installs['@sparticuz/chromium']}`,
      {
        cause: error,
      },
    );
  }
}

/**
 * Regular files of a ustar archive, name → bytes (views into it). Format: POSIX.1-1988 ustar, blocks of 512 bytes: name at 0, size
 * (octal) at 124, checksum (octal, the header's byte sum with itself as spaces) at 148, type at 156, `ustar` at 257, prefix at 345.
 * Throws Error with the offset on a damaged header or a file that is cut off.
 */
export function untar(tar: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (let at = 0; at + 512 <= tar.length; ) {
    const header = tar.subarray(at, at + 512);
    if (header.every(byte => byte === 0)) break;
    const text = (from: number, length: number) =>
      new TextDecoder()
        .decode(header.subarray(from, from + length))
        .split('\0', 1)[0]
        .trim();
    const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0);
    const size = Number.parseInt(text(124, 12) || '0', 8);
    if (text(257, 5) !== 'ustar' || Number.parseInt(text(148, 8), 8) !== sum)
      throw new Error(`the tar header at byte ${at} is damaged`);
    if (!(size <= tar.length - at - 512))
      throw new Error(`the tar file at byte ${at} says ${size} bytes, ${tar.length - at - 512} are left`);
    const name = [text(345, 155), text(0, 100)].filter(Boolean).join('/');
    if (header[156] === 0 || header[156] === 48) files.set(name, tar.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}
