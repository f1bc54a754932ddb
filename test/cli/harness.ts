// What the tests of the command line and the front door share: a temporary folder, small files, and two ways to call the program.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { main } from '../../src/cli/main.ts';
import { expectedTensors, findNetwork } from '../../src/models/registry.ts';
import { writeSafetensors } from '../../src/weights/safetensors.ts';
import { seededTensor, uniform } from '../../src/weights/seeded.ts';
import { fromFloat32, type Tensor, toFloat32 } from '../../src/weights/tensor.ts';
import { seededWeights } from '../models/dilatednet-fixtures.ts';
import { blob, layer, net } from '../weights/protobuf.ts';

export const repository = fileURLToPath(new URL('../../', import.meta.url));
/** Weights with 11 classes, a card inside and one beside. */
export const WEIGHTS = join(repository, 'weights/regseg-camvid.safetensors');
/** Longer than anything takes: a process that is still there hangs. */
const LIMIT_MS = 120_000;

export const home = mkdtempSync(join(tmpdir(), 'atrous-test-'));
test.after(() => rmSync(home, { recursive: true, force: true }));

export const at = (...names: string[]): string => join(home, ...names);

export function save(name: string, bytes: Uint8Array | string): string {
  writeFileSync(at(name), bytes);
  return at(name);
}

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** One command in this process. */
export const cli = (...words: string[]): Promise<Outcome> => captured(() => main(words));

/** What a command that runs in this process says, and its code. */
export async function captured(command: () => Promise<number>): Promise<Outcome> {
  const texts = { out: '', err: '' };
  const [stdout, stderr] = [process.stdout.write, process.stderr.write];
  const into =
    (stream: keyof typeof texts) =>
    (text: string | Uint8Array): boolean => {
      texts[stream] += text;
      return true;
    };
  [process.stdout.write, process.stderr.write] = [into('out'), into('err')];
  try {
    return { code: await command(), ...texts };
  } finally {
    [process.stdout.write, process.stderr.write] = [stdout, stderr];
  }
}

export interface SpawnOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string | undefined>;
  readonly script?: string;
}

/** One command in a process of its own. Code is null for one that did not end by itself. */
export function spawnCli(words: readonly string[], { cwd = home, env = {}, script = 'main' }: SpawnOptions = {}): Promise<Outcome> {
  const args = ['--import', import.meta.resolve('tsx'), join(repository, `src/cli/${script}.ts`), ...words];
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...process.env, INIT_CWD: undefined, npm_package_json: undefined, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { out: '', err: '' };
  child.stdout.on('data', chunk => (texts.out += chunk));
  child.stderr.on('data', chunk => (texts.err += chunk));
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  return new Promise(resolve => {
    child.on('close', code => {
      clearTimeout(timer);
      resolve({ code, ...texts });
    });
  });
}

/** The lines on stderr that are not the one about the adapter. */
export function said(err: string): string[] {
  return err
    .split('\n')
    .filter(
      line =>
        line !== '' &&
        !/: using SwiftShader, in software, which is slow(; Mesa’s lavapipe is five times as fast \(.*\))?$/.test(line),
    );
}

/** The command failed with this code and one line on stderr that holds all parts. */
export function complained({ code, err }: Outcome, wanted: number, ...parts: readonly (string | RegExp)[]): void {
  const lines = said(err);
  assert.is(code, wanted, `exit code ${code}: ${err}`);
  assert.is(lines.length, 1, `one line on stderr: ${err}`);
  assert.match(lines[0], /^atrous: (?!unexpected)/);
  for (const part of parts) {
    const found = typeof part === 'string' ? lines[0].includes(part) : part.test(lines[0]);
    assert.ok(found, `${part} is not in: ${lines[0]}`);
  }
}

/** Everything below the temporary folder. */
export function listing(): string[] {
  return readdirSync(home, { recursive: true, encoding: 'utf8' }).sort();
}

/** A picture of noise, the same for the same name. */
export function pixels(name: string, h: number, w: number): { data: Uint8Array; width: number; height: number } {
  return { data: Uint8Array.from(uniform(name, h * w * 3), value => value * 256), width: w, height: h };
}

export async function savePicture(name: string, h: number, w: number): Promise<string> {
  const picture = pixels(name, h, w);
  const raw = sharp(picture.data, { raw: { width: w, height: h, channels: 3 } });
  return save(name, await (name.endsWith('.jpg') ? raw.jpeg() : raw.png()).toBuffer());
}

/** The fixture weights of a network. */
export function seeded(model: string, classes: number): Map<string, Tensor> {
  const expected = expectedTensors(findNetwork(model).build({ classes, h: 32, w: 32 }));
  return new Map([...expected].map(([name, shape]) => [name, seededTensor(name, shape)]));
}

/** The same of a DilatedNet with a sixty-fourth of its hidden channels, without what published files leave out. */
export function narrow(model: string): Map<string, Tensor> {
  return new Map([...seededWeights(model, 64).tensors].filter(([name]) => name !== 'ctx_upsample.weight'));
}

/** Those tensors as Caffe stores them. */
export function caffemodel(tensors: ReadonlyMap<string, Tensor>): Uint8Array {
  const names = [...tensors.keys()].filter(name => name.endsWith('.weight')).map(name => name.slice(0, -'.weight'.length));
  const blobs = (name: string) =>
    ['weight', 'bias'].map(part => tensors.get(`${name}.${part}`)!).map(tensor => blob(tensor.shape, [...toFloat32(tensor)]));
  return net(...names.map(name => layer(name, 'Convolution', ...blobs(name))));
}

/** The input file of `run`, in [-2, 2). */
export function saveInput(h: number, w: number): string {
  const values = uniform('input', 3 * h * w).map(value => value * 4 - 2);
  return save(`${h}x${w}.safetensors`, writeSafetensors([['input', fromFloat32([1, 3, h, w], values)]]));
}
