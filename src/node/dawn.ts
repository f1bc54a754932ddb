// A WebGPU adapter in Node, from Dawn: the user's own Vulkan drivers, else the system's, else software.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { AtrousError, describe } from '../errors.ts';
import { adapterName, isSoftware } from '../gpu/device.ts';
import { probeDrivers } from './probe.ts';
import { softwareDawn, softwareIsSupported } from './software.ts';
import { type Dawn, type DawnGlobals, dawnFile, findPackage, installs, needPackage } from './webgpu.ts';

export interface AdapterOptions {
  /** `software`, `hardware`, or part of the adapter's vendor, architecture, device or description; anything when left out. */
  readonly adapter?: string;
  /** Dawn toggles to switch on and off, such as `skip_validation`. */
  readonly enable?: readonly string[];
  readonly disable?: readonly string[];
  readonly backend?: 'null';
}

export interface OpenedAdapter {
  /** After `release()` undefined, as is `adapter`. */
  gpu: GPU;
  adapter: GPUAdapter;
  readonly globals: DawnGlobals;
  readonly software: boolean;
  /** Where it came from, for people. */
  readonly source: string;
  /** One line for stderr that says why it is no better one. */
  readonly note?: string;
  /** Drops Dawn, which works on in the background for as long as its object is referenced. Devices stay usable. */
  release(): void;
}

/**
 * Opens an adapter of the drivers that VK_DRIVER_FILES or VK_ICD_FILENAMES names, where set, else of the system's. Where these have
 * none, it is SwiftShader, unless `hardware` or a name is asked for; a name is also looked for there if no variable is set. Errors:
 * NO_ADAPTER saying what was found and what to do; BAD_USAGE for a toggle that this Dawn does not have.
 */
export async function openAdapter(options: AdapterOptions = {}): Promise<OpenedAdapter> {
  const flags = await toggleFlags(options);
  if (options.backend === 'null') return openNull(flags);
  const wish = options.adapter;
  if (wish === undefined) return openAny(flags);
  if (!simplify(wish)) throw new AtrousError('BAD_USAGE', '--adapter is empty: say software, hardware or a part of the name');
  if (wish === 'software') return openSoftwareWish(flags);
  if (wish === 'hardware') return openHardware(flags);
  return openNamed(wish, flags);
}

/** Dawn's null backend: it compiles and validates, and executes nothing. */
export function nullAdapter(enable: readonly string[] = []): Promise<OpenedAdapter> {
  return openAdapter({ backend: 'null', enable });
}

async function openAny(flags: string[]): Promise<OpenedAdapter> {
  const system = await openSystem(flags);
  // Of one's own choice it is taken as it is.
  const slow = !ownDrivers() && softwareIsSupported() ? slowlyCompiling(system?.adapter.info) : null;
  if (system && slow === null) return system;
  system?.release();
  if (softwareIsSupported()) return openSwiftShader(flags, slow === null ? fallbackNote() : insteadOf(slow));
  const own = ownDrivers();
  throw new AtrousError('NO_ADAPTER', `Dawn found no adapter: ${own ? `correct or unset ${own}, or ` : ''}${whatToInstall()}`);
}

function fallbackNote(): string {
  const own = ownDrivers();
  const why = own ? `the drivers of ${own} gave no adapter` : 'no usable graphics driver here';
  return insteadOf(`${why} (doctor shows what was said of them)`);
}

const insteadOf = (why: string): string => `${why}: using SwiftShader, in software, which is slow${FASTER}`;

/** The last LLVM with which it was seen: Mesa 25.0 of Debian 12's backports. With 19 a plan takes two seconds. */
const SLOW_LLVM = 15;

/** Why SwiftShader, which is slower afterwards, goes before this adapter; null where it doesn't. */
export function slowlyCompiling(info: Pick<GPUAdapterInfo, 'description'> | undefined): string | null {
  const [, mesa, llvm] = /^llvmpipe: Mesa (\S+) \(LLVM (\d+)/.exec(info?.description ?? '') ?? [];
  if (llvm === undefined || Number(llvm) > SLOW_LLVM) return null;
  return `lavapipe of Mesa ${mesa} with LLVM ${llvm} takes over a minute to compile a plan`;
}

const FASTER =
  process.platform === 'linux'
    ? '; Mesa’s lavapipe is five times as fast (Debian 13, Ubuntu 24.04: apt install libvulkan1 mesa-vulkan-drivers; not Debian 12)'
    : '';

async function openSoftwareWish(flags: string[]): Promise<OpenedAdapter> {
  const asked = ownDrivers() !== undefined || !softwareIsSupported();
  const all = asked ? await listSystem(flags) : [];
  const found = all.find(each => each.software);
  return found ?? openSwiftShader(flags, asked && all.length === 0 ? fallbackNote() : undefined);
}

async function openHardware(flags: string[]): Promise<OpenedAdapter> {
  const first = await openSystem(flags);
  if (first && !first.software) return first;
  const all = first ? await listSystem(flags) : [];
  const found = all.find(each => !each.software);
  if (found) return found;
  const those = all.length ? `only software: ${names(all)}` : 'no adapter at all';
  throw new AtrousError('NO_ADAPTER', `--adapter hardware: Dawn found ${those}; ${whatToInstall()}, or leave --adapter out`);
}

async function openNamed(wish: string, flags: string[]): Promise<OpenedAdapter> {
  const system = await listSystem(flags);
  const matches = (each: OpenedAdapter) => simplify(adapterName(each.adapter.info)).includes(simplify(wish));
  const found = system.find(matches);
  if (found) return found;
  const software = ownDrivers()
    ? undefined
    : await openSwiftShader(flags, system.length ? undefined : fallbackNote()).catch(() => undefined);
  if (software && matches(software)) return software;
  const all = software ? [...system, software] : system;
  throw new AtrousError(
    'NO_ADAPTER',
    `--adapter ${wish}: no adapter has that in its name; there is ${names(all) || 'none at all'}`,
  );
}

/** Dawn writes the device `NVIDIA H200` as `nvidia-h200`: either way of writing is to be found. */
function simplify(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, ' ')
    .trim();
}

function names(all: readonly OpenedAdapter[]): string {
  return all.map(each => adapterName(each.adapter.info)).join('; ');
}

function ownDrivers(): string | undefined {
  const name = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES'].find(each => process.env[each]);
  return name && `${name}=${process.env[name]}`;
}

function whatToInstall(): string {
  if (process.platform !== 'linux')
    return `install or update the graphics driver of this ${process.platform}-${process.arch} machine`;
  return `install a Vulkan driver and its loader on this linux-${process.arch} machine (Debian, Ubuntu: apt install libvulkan1 mesa-vulkan-drivers)`;
}

/** What drivers and Dawn say while an adapter of the system, or of the user's own drivers, is looked for; nothing of it reaches stderr. */
export async function driversSay(): Promise<string> {
  const webgpu = await findPackage('webgpu');
  return webgpu && existsSync(dawnFile(webgpu)) ? (await probeDrivers(dawnFile(webgpu), [])).said : '';
}

async function systemDawn(): Promise<{ dawn: Dawn; source: string; file: string }> {
  const webgpu = await needPackage('webgpu');
  const { version } = webgpu;
  try {
    const dawn = (await import('webgpu')) as unknown as Dawn;
    return { dawn, source: ownDrivers() ?? `system drivers, webgpu ${version}`, file: dawnFile(webgpu) };
  } catch (error) {
    throw new AtrousError(
      'NO_ADAPTER',
      `webgpu ${version} does not load on ${process.platform}-${process.arch}: ${describe(error)}; it needs x64 or arm64 with glibc, macOS or Windows`,
      { cause: error },
    );
  }
}

async function openSystem(flags: string[]): Promise<OpenedAdapter | undefined> {
  const { dawn, source, file } = await systemDawn();
  if (!(await probeDrivers(file, flags)).found) return undefined;
  return openFrom(dawn, flags, source).catch(error => {
    throw new AtrousError('NO_ADAPTER', `${source}: Dawn says ${describe(error)}; ${whatToInstall()}`, { cause: error });
  });
}

async function openSwiftShader(flags: string[], note?: string): Promise<OpenedAdapter> {
  const { dawn, source } = await softwareDawn();
  const opened = await openFrom(dawn, flags, source, note);
  if (!opened)
    throw new AtrousError(
      'NO_ADAPTER',
      `${source} gives no adapter: remove that folder, or npm i ${installs['@sparticuz/chromium']}`,
    );
  return opened;
}

async function openNull(flags: string[]): Promise<OpenedAdapter> {
  const { dawn } = await systemDawn();
  const opened = await openFrom(dawn, ['backend=null', ...flags], "Dawn's null backend");
  if (!opened) throw new AtrousError('NO_ADAPTER', `Dawn's null backend gives no adapter: npm i ${installs.webgpu}`);
  return opened;
}

async function openFrom(dawn: Dawn, flags: string[], source: string, note?: string): Promise<OpenedAdapter | undefined> {
  const gpu = dawn.create(flags);
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) return undefined;
  const software = isSoftware(adapter.info);
  const told = note ?? slowlyCompiling(adapter.info) ?? undefined;
  const opened: OpenedAdapter = { gpu, adapter, globals: dawn.globals, software, source, note: told, release };
  function release(): void {
    opened.gpu = opened.adapter = undefined as never;
  }
  return opened;
}

/** Every adapter of the system. Dawn lists them only in the error for a name that none has, as ` * backend: 'vulkan', name: 'X'`. */
async function listSystem(flags: string[]): Promise<OpenedAdapter[]> {
  const { dawn, source, file } = await systemDawn();
  if (!(await probeDrivers(file, flags)).found) return [];
  const answer = await openFrom(dawn, [...flags, 'adapter=\u0001'], source).catch(describe);
  if (typeof answer !== 'string') return [];
  const listed = new Set([...answer.matchAll(/ \* backend: '.*', name: '(.*)'$/gm)].map(match => match[1]));
  const opened: OpenedAdapter[] = [];
  for (const name of listed) {
    const each = await openFrom(dawn, [...flags, `adapter=${name}`], source).catch(() => undefined);
    if (each) opened.push(each);
  }
  return opened;
}

async function toggleFlags({ enable = [], disable = [] }: AdapterOptions): Promise<string[]> {
  const both = enable.find(name => disable.includes(name));
  if (both !== undefined)
    throw new AtrousError('BAD_USAGE', `--enable and --disable both name the Dawn toggle ${both}: leave one out`);
  await checkToggles([...enable.map(name => ['--enable', name]), ...disable.map(name => ['--disable', name])]);
  return [
    ...(enable.length ? [`enable-dawn-features=${enable.join(',')}`] : []),
    ...(disable.length ? [`disable-dawn-features=${disable.join(',')}`] : []),
  ];
}

/** Dawn ignores an unknown toggle without a word. Its names are C strings in dawn.node, so that file is asked. */
async function checkToggles(named: string[][]): Promise<void> {
  const webgpu = named.length ? await findPackage('webgpu') : undefined;
  if (!webgpu || !existsSync(dawnFile(webgpu))) return;
  const binary = await readFile(dawnFile(webgpu));
  for (const [option, name] of named) {
    if (/^[a-z0-9_]+$/.test(name) && holdsString(binary, name)) continue;
    throw new AtrousError(
      'BAD_USAGE',
      `${option} ${name}: webgpu ${webgpu.version} has no such Dawn toggle; they are listed in Dawn's Toggles.cpp (disable_robustness, skip_validation …)`,
    );
  }
}

/** A linker may keep a string as the end of a longer one, so what goes before it need not be a zero, only no part of a name. */
function holdsString(binary: Buffer, name: string): boolean {
  const wanted = Buffer.from(`${name}\0`);
  for (let at = binary.indexOf(wanted); at > 0; at = binary.indexOf(wanted, at + 1)) {
    if (!/[a-z0-9_]/.test(String.fromCharCode(binary[at - 1]))) return true;
  }
  return false;
}
