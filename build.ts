// `npm run build`: `dist/` for browsers and Node. Shaders and what reflection found in them are embedded, so that nothing is read or parsed
// at run time; each entry is one file.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { GOLDEN, goldenFile } from './bench/golden.ts';
import { readShaders } from './src/node/shader-files.ts';
import { reflect } from './src/shader/reflect.ts';
import { assemble, type Precision, usesCodec, usesWeightsCodec } from './src/shader/source.ts';

const PRECISIONS: readonly Precision[] = ['f32', 'half', 'f16'];

/** A module that stands for src/shader/library.ts: every whole program with its facts; one entry where the codecs make no difference. */
function embeddedLibrary(): string {
  const texts = readShaders();
  const shaders = [...texts.keys()].filter(name => !name.startsWith('lib/'));
  const entries = shaders.flatMap(shader =>
    (usesCodec(texts, shader) ? PRECISIONS : (['f32'] as const)).map(precision => {
      const text = assemble(texts, shader, precision);
      const halves = precision !== 'f32' && usesWeightsCodec(texts, shader);
      const half = halves ? strip(assemble(texts, shader, precision, 'half')) : undefined;
      return [`${shader}/${precision}`, { text: strip(text), half, facts: reflect(text, shader) }] as const;
    }),
  );
  return `
    const entries = ${JSON.stringify(Object.fromEntries(entries))};
    const entry = (shader, precision) => entries[shader + '/' + precision] ?? entries[shader + '/f32'];
    export const embedded = { text: (shader, precision, store) => entry(shader, precision)[store === 'half' ? 'half' : 'text'], facts: (shader, precision) => entry(shader, precision).facts };`;
}

/** Comments and blank lines are for readers of the repository. */
function strip(wgsl: string): string {
  return wgsl
    .split('\n')
    .map(line => line.replace(/\s*\/\/.*$/, '').trim())
    .filter(Boolean)
    .join('\n');
}

const embed: Plugin = {
  name: 'embed',
  setup(bundle) {
    bundle.onLoad({ filter: /src[/\\]shader[/\\]library\.ts$/ }, () => ({ contents: embeddedLibrary(), loader: 'js' }));
    // With embedded shaders the reader of the folder is never called; leaving it out leaves the parser out.
    bundle.onLoad({ filter: /src[/\\]node[/\\]shader-files\.ts$/ }, () => ({
      contents: 'export const fileLibrary = () => null;',
      loader: 'js',
    }));
    bundle.onLoad({ filter: /bench[/\\]golden\.ts$/ }, () => ({ contents: embeddedGolden(), loader: 'js' }));
  },
};

/** A module that stands for bench/golden.ts. */
function embeddedGolden(): string {
  const base64 = Buffer.from(goldenFile()).toString('base64');
  return `export const GOLDEN = ${JSON.stringify(GOLDEN)}; export const goldenFile = () => new Uint8Array(Buffer.from('${base64}', 'base64'));`;
}

rmSync('dist', { recursive: true, force: true });
const common: BuildOptions = {
  bundle: true,
  format: 'esm',
  target: 'es2022',
  outdir: 'dist',
  plugins: [embed],
  sourcemap: true,
};
await build({
  ...common,
  entryPoints: { index: 'src/index.ts' },
  minify: true,
  platform: 'neutral',
  mainFields: ['module', 'main'],
});
await build({
  ...common,
  entryPoints: { node: 'src/node/index.ts', cli: 'src/cli/main.ts', bench: 'bench/main.ts' },
  platform: 'node',
  external: ['webgpu', 'sharp', '@sparticuz/chromium', 'onnxruntime-node'],
  splitting: false,
});
execFileSync('npx', ['tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
