// A table of many ONNX files beside onnxruntime: `npx tsx bench/networks.ts FILE.onnx … [--runs N] [--json FILE]`. Each is a run of the benchmark of its own, one after the
// other, with --peers; a file that fails has its reason in its row. On a software adapter a network takes minutes, most of them onnxruntime's.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Peer } from './peers.ts';
import type { Report } from './report.ts';

interface Row {
  readonly name: string;
  readonly report: Report | null;
  /** Of a run that failed. */
  readonly why: string;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '3' }, json: { type: 'string' }, help: { type: 'boolean' } },
});
if (values.help || positionals.length === 0) {
  console.error('npx tsx bench/networks.ts FILE.onnx … [--runs N] [--json FILE]: a table of ONNX files beside onnxruntime');
  process.exit(values.help ? 0 : 2);
}
const program = fileURLToPath(new URL('./main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'atrous-networks-'));
const rows: Row[] = [];
for (const file of positionals) {
  const json = join(folder, 'run.json');
  rmSync(json, { force: true });
  const words = [program, file, '--peers', '--runs', values.runs, '--json', json];
  const { status, stderr } = spawnSync(process.execPath, [...process.execArgv, ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  const name = basename(file, '.onnx');
  rows.push(
    status === 0
      ? { name, report: JSON.parse(readFileSync(json, 'utf8')), why: '' }
      : { name, report: null, why: stderr.trim().split('\n').at(-1) ?? '' },
  );
}
rmSync(folder, { recursive: true });
if (values.json) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);

const figure = (ms: number | undefined): string => (ms === undefined ? '–' : ms < 100 ? ms.toFixed(1) : ms.toFixed(0));
const percent = (share: number | null | undefined): string => (share == null ? '–' : `${(100 * share).toFixed(2)} %`);
console.log(
  '\n| network | size | GMACs | dispatches | atrous, ms | onnxruntime WebGPU, ms | times as fast | classes equal | CPU provider, ms |',
);
console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- |');
const ratios: number[] = [];
for (const { name, report, why } of rows) {
  if (!report) {
    console.log(`| ${name} | ${why} |`);
    continue;
  }
  const [result] = report.results;
  const by = (provider: string): Peer | undefined => report.peers.find(peer => peer.provider === provider);
  const [gpu, cpu] = [by('webgpu'), by('cpu')];
  if (gpu?.ratio) ratios.push(gpu.ratio);
  const theirs = gpu?.ratio ? figure(gpu.wall_ms!.median) : (gpu?.reason ?? '–');
  const equal =
    gpu?.own_agreement == null
      ? percent(gpu?.agreement)
      : `${percent(cpu?.agreement)} with its CPU provider, which shares ${percent(gpu.own_agreement)} with it`;
  console.log(
    `| ${name} | ${result.size.replace('x', '×')} | ${(result.macs / 1e9).toFixed(2)} | ${result.dispatches} | ${figure(gpu?.ours?.wall_ms?.median ?? result.wall_ms.median)} | ${theirs} | ${gpu?.ratio?.toFixed(1) ?? '–'} | ${equal} | ${figure(cpu?.wall_ms?.median)} |`,
  );
}
const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
const found = ratios.length > 0 ? `geometric mean ${mean.toFixed(2)}, least ${Math.min(...ratios).toFixed(2)}` : 'no ratio';
console.log(`\n${ratios.length} of ${rows.length}: ${found}`);
