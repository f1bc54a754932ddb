// `npm run test:package`: builds, then what strict readers say of the package: four TypeScripts in two resolutions without `skipLibCheck`, publint, and
// are-the-types-wrong. Their exact versions are installed once, into the user's cache.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { packedFiles, root } from '../browser/harness.ts';
import { installed } from './consumer.ts';

const TYPESCRIPTS = ['5.4.5', '5.9.3', '6.0.3', '7.0.2'];
/** The first that has WebGPU in its DOM library. */
const WITH_WEBGPU = 6;

/** What a strict program writes. Where the compiler knows WebGPU, a device is a GPUDevice and nothing else. */
function program(entry: string, webgpu: boolean): string {
  return `import { AtrousError, load, type LoadOptions, type SegmentResult } from '${entry}';
export async function main(options: LoadOptions): Promise<Uint8Array> {
  const model = await load('regseg-camvid', options);
  try {
    const result: SegmentResult = await model.segment({ data: new Uint8ClampedArray(4), width: 1, height: 1 });
    const label: string = result.at(0, 0).label;
    console.log(label, result.shares(), model.plan.steps.length);
    return result.classes;
  } catch (error) {
    if (error instanceof AtrousError) console.log(error.code);
    throw error;
  } finally {
    await model.dispose();
  }
}
${webgpu ? `export const right = (device: GPUDevice) => load('regseg-camvid', { device });\n// @ts-expect-error\nexport const wrong = () => load('regseg-camvid', { device: 'a name' });` : ''}
`;
}

interface Reader {
  readonly entry: 'atrous' | 'atrous/node' | 'atrous/worker';
  readonly resolution: 'bundler' | 'nodenext';
  readonly types: readonly string[];
}

const READERS: readonly Reader[] = [
  { entry: 'atrous', resolution: 'bundler', types: [] },
  { entry: 'atrous', resolution: 'nodenext', types: [] },
  { entry: 'atrous/node', resolution: 'nodenext', types: ['node'] },
  { entry: 'atrous/worker', resolution: 'bundler', types: [] },
];

/** A reader with a compiler that does not know WebGPU and is told. */
const TOLD: Reader = { entry: 'atrous', resolution: 'bundler', types: ['@webgpu/types'] };

const folder = mkdtempSync(join(tmpdir(), 'atrous-package-'));
let failed = 0;
try {
  if (spawnSync(process.execPath, ['--import', 'tsx', 'build.ts'], { cwd: root, stdio: 'inherit' }).status !== 0)
    throw new Error('no build');
  readers();
  judges();
} finally {
  rmSync(folder, { recursive: true });
}
if (failed > 0) process.exitCode = 1;

function readers(): void {
  const own = join(folder, 'node_modules');
  for (const file of packedFiles()) if (!file.startsWith('weights/')) cpSync(root + file, join(own, 'atrous', file));
  for (const name of ['@types/node', 'undici-types', '@webgpu/types']) {
    mkdirSync(dirname(join(own, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(own, name));
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const version of TYPESCRIPTS) {
    const compiler = join(installed({ typescript: version }), 'node_modules/.bin/tsc');
    const knows = Number.parseInt(version, 10) >= WITH_WEBGPU;
    for (const { entry, resolution, types } of knows ? READERS : [...READERS, TOLD]) {
      writeFileSync(
        join(folder, 'main.ts'),
        program(entry, entry !== 'atrous/worker' && (knows || types.includes('@webgpu/types'))),
      );
      const compilerOptions = {
        ...{ strict: true, noEmit: true, skipLibCheck: false, target: 'es2022', lib: ['es2022', 'dom'] },
        ...{ module: resolution === 'bundler' ? 'esnext' : resolution, moduleResolution: resolution, types },
      };
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['main.ts'] }));
      const { status, stdout } = spawnSync(compiler, ['-p', '.'], { cwd: folder, encoding: 'utf8' });
      say(status === 0, `TypeScript ${version}, ${resolution}, ${entry}${types.length ? ` with ${types}` : ''}`, stdout);
    }
  }
}

function judges(): void {
  const tools = join(installed({ publint: '0.3.25', '@arethetypeswrong/cli': '0.18.5' }), 'node_modules/.bin');
  const listed = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
  });
  const tarball = join(folder, JSON.parse(listed)[0].filename);
  for (const [tool, ...rest] of [
    ['publint', 'run', tarball, '--strict'],
    ['attw', tarball, '--profile', 'esm-only', '--exclude-entrypoints', './weights/*'],
  ]) {
    const { status, stdout, stderr } = spawnSync(join(tools, tool), rest, { encoding: 'utf8' });
    say(status === 0, tool, stdout + stderr);
  }
}

function say(right: boolean, who: string, text: string): void {
  console.log(`${right ? '•' : '✘'} ${who}`);
  if (right) return;
  failed++;
  console.log(text.trimEnd().split('\n').slice(0, 20).join('\n'));
}
