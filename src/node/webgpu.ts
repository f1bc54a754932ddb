// The `webgpu` package: what its `dawn.node` exports, and where it and other optional packages lie.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { AtrousError } from '../errors.ts';

const require = createRequire(import.meta.url);

/** The classes and constants that a browser has on globalThis; each copy of Dawn has its own. */
export type DawnGlobals = Pick<
  typeof globalThis,
  // Readers of the declarations may have another DOM library.
  Extract<
    keyof typeof globalThis,
    | 'GPUAdapter'
    | 'GPUBuffer'
    | 'GPUBufferUsage'
    | 'GPUColorWrite'
    | 'GPUDevice'
    | 'GPUMapMode'
    | 'GPUShaderStage'
    | 'GPUTexture'
    | 'GPUTextureUsage'
  >
>;

/** What `dawn.node` exports. */
export interface Dawn {
  create(options: string[]): GPU;
  readonly globals: DawnGlobals;
}

export interface Package {
  readonly folder: string;
  readonly version: string;
}

/** What npm is to install of the optional packages: versions that are known to work here. */
export const installs = {
  webgpu: 'webgpu@0.6.2',
  sharp: 'sharp@0.35',
  '@sparticuz/chromium': '@sparticuz/chromium@147.0.0',
} as const;

/** Folder and version of an installed package, without running any of it; undefined where it is not installed. */
export async function findPackage(name: string): Promise<Package | undefined> {
  const folder = (require.resolve.paths(name) ?? [])
    .map(root => join(root, name))
    .find(path => existsSync(join(path, 'package.json')));
  if (folder === undefined) return undefined;
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
  return { folder, version };
}

/** As findPackage, but a missing package is NO_ADAPTER with the command that installs it. */
export async function needPackage(name: keyof typeof installs): Promise<Package> {
  const found = await findPackage(name);
  if (!found)
    throw new AtrousError(
      'NO_ADAPTER',
      `the package ${name} is not installed, so there is no WebGPU adapter: run npm i ${installs[name]}`,
    );
  return found;
}

/** Where this platform's dawn.node lies in the `webgpu` package (the rule of its index.js). */
export function dawnFile(webgpu: Package): string {
  const arch = process.platform === 'darwin' ? 'universal' : process.arch;
  return join(webgpu.folder, 'dist', `${process.platform}-${arch}`, 'dawn.node');
}
