// `npm run build`: `dist/` for browsers and Node. Shaders and what reflection found in them are embedded, so that nothing is read or parsed
// at run time. In a browser what a page may never need is in files of its own, which are fetched when it does.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { GOLDEN, goldenFile } from './bench/golden.ts';
import { embeddedShaders } from './build-shaders.ts';
import { settleTypes } from './build-types.ts';

const embed: Plugin = {
  name: 'embed',
  setup(bundle) {
    const { library, groups } = embeddedShaders();
    bundle.onLoad({ filter: /src[/\\]shader[/\\]library\.ts$/ }, () => ({
      contents: library,
      loader: 'js',
      resolveDir: import.meta.dirname,
    }));
    bundle.onResolve({ filter: /^shaders-/ }, ({ path }) => ({ path, namespace: 'shaders' }));
    bundle.onLoad({ filter: /./, namespace: 'shaders' }, ({ path }) => ({ contents: groups.get(path), loader: 'js' }));
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
};
await build({
  ...common,
  entryPoints: { index: 'src/index.ts' },
  minify: true,
  platform: 'neutral',
  splitting: true,
  chunkNames: '[name]-[hash]',
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
settleTypes('dist/types');
