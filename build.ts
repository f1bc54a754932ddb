// `npm run build`: `dist/` for browsers and Node. Shaders and what reflection found in them are embedded, so that nothing is read or parsed
// at run time. In a browser what a page may never need is in files of its own, which are fetched when it does.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { type Plugin as RolldownPlugin, rolldown } from 'rolldown';
import { minify } from 'terser';
import { GOLDEN, goldenFile } from './bench/golden.ts';
import { lateParts } from './build-late.ts';
import { embeddedShaders } from './build-shaders.ts';
import { type Files, shortenExports, splitRest } from './build-split.ts';
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

/** The shaders for Rolldown; `main` gets the modules that the entry reaches without waiting. */
function embedForBrowsers(main: Set<string>): RolldownPlugin {
  const { library, groups } = embeddedShaders();
  return {
    name: 'embed',
    resolveId: id => (groups.has(id) ? id : null),
    load: id => (/src[/\\]shader[/\\]library\.ts$/.test(id) ? library.replace('./src/shader/', './') : groups.get(id)),
    buildEnd() {
      for (const id of this.getModuleIds()) if (/src[/\\]index\.ts$/.test(id)) main.add(id);
      for (const id of main) for (const imported of this.getModuleInfo(id)!.importedIds) main.add(imported);
    },
  };
}

rmSync('dist', { recursive: true, force: true });
const common: BuildOptions = {
  bundle: true,
  format: 'esm',
  target: 'es2022',
  outdir: 'dist',
  plugins: [embed],
};
const main = new Set<string>();
const browser = await rolldown({
  input: { index: 'src/index.ts', 'worker-host': 'src/browser/host.ts' },
  platform: 'browser',
  plugins: [await lateParts(), embedForBrowsers(main)],
});
// What the entry needs at once is one file, although parts that are fetched later share some of its modules.
const codeSplitting = { groups: [{ name: 'main', test: (id: string) => main.has(id) }] };
// Names of files are in every import(): six letters tell builds apart.
const { output } = await browser.generate({ format: 'esm', chunkFileNames: '[name]-[hash:7].js', codeSplitting });
const chunks = output.filter(file => file.type === 'chunk');
const first = chunks.find(({ name }) => name === 'main')!.fileName;
const rest = first.replace('main', 'rest');
// Entries of their own, with the little that they share.
for (const entry of ['polygons', 'drawings', 'worker']) {
  const bundle = await rolldown({ input: { [entry]: `src/${entry}.ts` }, platform: 'browser' });
  chunks.push(...(await bundle.generate({ format: 'esm' })).output.filter(file => file.type === 'chunk'));
}
const small = new Map<string, string>();
for (const [file, code] of splitRest(new Map(chunks.map(({ fileName, code }) => [fileName, code])), first, 'index.js', rest)) {
  // What reads alike packs better: functions are not drawn into their callers, comparisons stay as they are written.
  const minified = await minify(code, {
    module: true,
    ecma: 2020,
    compress: { passes: 6, inline: 1, lhs_constants: false, unsafe_arrows: true },
  });
  small.set(file, minified.code!);
}
mkdirSync('dist', { recursive: true });
for (const [file, code] of [first, rest].reduce(shortenExports, small as Files)) writeFileSync(`dist/${file}`, code);
await build({
  ...common,
  entryPoints: { node: 'src/node/index.ts', cli: 'src/cli/main.ts', bench: 'bench/main.ts' },
  platform: 'node',
  external: ['webgpu', 'sharp', '@sparticuz/chromium', 'onnxruntime-node'],
  splitting: false,
});
execFileSync('npx', ['tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
settleTypes('dist/types');
