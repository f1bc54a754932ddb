// `npm run test:consumers [-- part of a name]`: builds, then every consumer in turn; without a part the table of results is written anew.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { missingBrowser } from '../browser/chromium.ts';
import { browserWith, closeBrowser, nodeModel, root } from '../browser/harness.ts';
import { nextTurbopack, nextWebpack, parcel, rollup, webpack, webpackRemote } from './bundlers.ts';
import { type Consumer, consume, picture } from './consumer.ts';
import { esbuild, esbuildIife, esbuildRemote } from './esbuild.ts';
import { cdn, importMap } from './import-map.ts';
import { viteBase, viteBuild, viteDev, viteRemote, viteRemoteDev, viteWorker } from './vite.ts';

const CONSUMERS: readonly Consumer[] = [
  ...[importMap, cdn, viteBuild, viteBase, viteWorker, viteDev],
  ...[esbuild, esbuildIife, rollup, webpack, parcel, nextTurbopack, nextWebpack],
  ...[viteRemote, viteRemoteDev, webpackRemote, esbuildRemote],
];

const missing = await missingBrowser();
if (missing) throw new Error(missing);
if (spawnSync(process.execPath, ['--import', 'tsx', 'build.ts'], { cwd: root, stdio: 'inherit' }).status !== 0)
  throw new Error('no build');
const [part = ''] = process.argv.slice(2);
const expected = [...(await (await nodeModel()).segment(picture)).classes].join('');
const rows: string[] = [];
for (const consumer of CONSUMERS.filter(({ name }) => name.toLowerCase().includes(part.toLowerCase()))) {
  const found = await consume(consumer).catch(error => `${error.message}\n${error.stdout ?? ''}${error.stderr ?? ''}`);
  const right = found === expected;
  if (!right) process.exitCode = 1;
  console.log(`${right ? '•' : '✘'} ${consumer.name}${right ? '' : `: ${found.slice(0, 3000)}`}`);
  const versions = Object.entries(consumer.packages ?? {})
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
  rows.push(`| ${consumer.name} | ${versions} | ${consumer.step ?? 'nothing'} | ${right ? 'right' : 'wrong'} |`);
}
if (part === '') {
  const browser = `Chromium ${(await browserWith()).version()}, WebGPU on SwiftShader (a software adapter)`;
  writeFileSync(
    `${root}test/consumers/README.md`,
    `# Programs that depend on the package

\`load('regseg-camvid')\` and \`segment\` of a picture of 32×64 pixels in ${browser}, after each tool's production build unless it says otherwise.
"right": every class is the one that Node finds. Written by \`npm run test:consumers\`.

| tool | packages beside the repository's own | what its user does beside the import | classes |
| --- | --- | --- | --- |
${rows.join('\n')}
`,
  );
}
await closeBrowser();
