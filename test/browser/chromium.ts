// A Chromium with WebGPU on SwiftShader for tests, from the package @sparticuz/chromium alone: unpacked once into the user's cache. It needs no
// system browser, no driver and no system library.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import { type Browser, chromium } from 'playwright-core';
import { userCache } from '../../src/node/cache.ts';
import { untar } from '../../src/node/software.ts';
import { findPackage } from '../../src/node/webgpu.ts';

const FLAGS = ['--no-sandbox', '--no-first-run', '--disable-background-networking', '--autoplay-policy=no-user-gesture-required'];

/** SwiftShader, whatever graphics the machine has. Without these `navigator.gpu` has no adapter; without the last three a WebGPU canvas reads empty. */
const WEBGPU = [
  '--enable-unsafe-webgpu',
  '--enable-gpu',
  '--ignore-gpu-blocklist',
  '--enable-features=Vulkan',
  '--use-vulkan=swiftshader',
  '--use-angle=swiftshader',
];

/** Why there is no browser on this machine, or null. */
export async function missingBrowser(): Promise<string | null> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return `the tests' Chromium is built for linux-x64 and this is ${process.platform}-${process.arch}`;
  if (!(await findPackage('@sparticuz/chromium'))) return 'the package @sparticuz/chromium is not installed: run npm ci';
  try {
    const { program, libraries } = await unpacked();
    const { status, stderr, error } = spawnSync(program, ['--version'], { env: environment(libraries), encoding: 'utf8' });
    return status === 0 ? null : `Chromium does not start: ${error?.message ?? stderr.trim()}`;
  } catch (error) {
    return `Chromium can't be unpacked: ${error instanceof Error ? error.message : error}`;
  }
}

export interface BrowserOptions {
  /** Beside the usual ones. */
  readonly flags?: readonly string[];
  /** False: a browser without an adapter. */
  readonly webgpu?: boolean;
}

/** A browser of the caller's own, who closes it. */
export async function launch({ flags = [], webgpu = true }: BrowserOptions): Promise<Browser> {
  const { program, libraries } = await unpacked();
  const args = [...FLAGS, ...(webgpu ? WEBGPU : []), ...flags];
  return chromium.launch({ executablePath: program, env: environment(libraries), args });
}

/** The package's libraries come after the system's own folders in nothing but name: a bare machine lacks NSS, and any other can do with these. */
function environment(libraries: string): Record<string, string> {
  const { LD_LIBRARY_PATH: before } = process.env;
  return { ...(process.env as Record<string, string>), LD_LIBRARY_PATH: before ? `${libraries}:${before}` : libraries };
}

async function unpacked(): Promise<{ program: string; libraries: string }> {
  const found = (await findPackage('@sparticuz/chromium'))!;
  const home = join(userCache() ?? '.cache', 'atrous');
  const folder = join(home, `chromium-${found.version}`);
  if (!existsSync(folder)) {
    await mkdir(home, { recursive: true });
    const fresh = await mkdtemp(`${folder}.`);
    try {
      await unpack(join(found.folder, 'bin'), fresh);
      // Whoever is second finds the first one's work in place.
      await rename(fresh, folder).catch(error => {
        if (!existsSync(folder)) throw error;
      });
    } finally {
      await rm(fresh, { recursive: true, force: true });
    }
  }
  return { program: join(folder, 'chromium'), libraries: join(folder, 'lib') };
}

async function unpack(archives: string, folder: string): Promise<void> {
  const read = async (name: string): Promise<Uint8Array> => promisify(brotliDecompress)(await readFile(join(archives, name)));
  await writeFile(join(folder, 'chromium'), await read('chromium.br'), { mode: 0o755 });
  for (const archive of ['swiftshader.tar.br', 'al2023.tar.br']) {
    for (const [name, bytes] of untar(await read(archive))) {
      const file = join(folder, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, bytes, { mode: 0o755 });
    }
  }
  await chmod(folder, 0o755);
}
