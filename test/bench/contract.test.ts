// One real run, as small as it can be: every field of the JSON is there, with a value or null, the chart beside it, and other commands read it.
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openAdapter } from '../../src/node/dawn.ts';
import { at, cli, type Outcome, repository, said, save, spawnCli } from '../cli/harness.ts';
import { onnx } from '../onnx/writer.ts';
import { onItsOwn } from '../plan/drawing.ts';

const adapter = await openAdapter().then(
  opened => {
    opened.release();
    return true;
  },
  error => console.log(`skipped: no adapter: ${error.message}`),
);
const gpu = adapter ? test : test.skip;

const STATISTICS = ['min', 'median', 'p95', 'n'];
/** DESIGN 7: the fields that scripts rely on; null is allowed where a figure can be unknown. */
const RESULT: Record<string, 'string' | 'number' | 'object' | readonly string[]> = {
  ...{ model: 'string', size: 'string', precision: 'string', variants: 'string', plan: 'string' },
  ...{ fps: 'number', throughput_fps: 'number', ratio: 'number', dispatches: 'number', pipelines: 'number', macs: 'number' },
  ...{ bytes: 'number', peak_bytes: 'number', roofline: 'number', first_frame_ms: 'number', agreement: 'object' },
  gpu_ms: STATISTICS,
  wall_ms: STATISTICS,
  cpu_reference: ['size', 'ms', 'fps', 'extrapolated'],
};

let run: Outcome;

gpu('every field is there', async () => {
  run = await spawnCli(['regseg', '--size', '32x64', '--runs', '2', '--json', 'run.json'], { script: '../../bench/main' });
  assert.is(run.code, 0, run.err);
  assert.equal(said(run.err), []);
  const report = JSON.parse(readFileSync(at('run.json'), 'utf8'));
  for (const field of [
    'adapter',
    'id',
    'limits',
    'toggles',
    'node',
    'results',
    'peers',
    'against',
    'scaling',
    'tuning',
    'precisions',
  ])
    assert.ok(field in report, field);
  assert.equal([report.results.length, report.peers, report.tuning], [1, [], {}]);
  const [result] = report.results;
  for (const [field, kind] of Object.entries(RESULT)) {
    const value = result[field];
    assert.ok(field in result, field);
    if (field === 'gpu_ms' && value === null) continue;
    if (typeof kind === 'string') assert.type(value, kind, field);
    else for (const part of kind) assert.ok(value[part] !== null && value[part] !== undefined, `${field}.${part}`);
  }
  const { first_frame: first, first_frame_ms, wall_ms, fps, ratio, cpu_reference: cpu, size } = result;
  assert.equal([size, wall_ms.n], ['32x64', 2]);
  const near = (a: number, b: number): boolean => Math.abs(a / b - 1) < 1e-3;
  assert.ok(near(first.load_ms + first.compile_ms + first.run_ms, first_frame_ms));
  assert.ok(near(fps, 1000 / wall_ms.median) && near(ratio, fps / cpu.fps));
  assert.not.ok('steps' in result, 'only --steps adds steps');
});

gpu('the chart lies beside it and holds every step', () => {
  const [result] = JSON.parse(readFileSync(at('run.json'), 'utf8')).results;
  const page = onItsOwn(readFileSync(at('run.svg'), 'utf8'));
  assert.is(page.texts('title').filter(text => text.startsWith('step ')).length, result.gpu_ms ? result.dispatches : 0);
});

gpu('inspect plans for the adapter in the file: the same plan', async () => {
  const { results, adapter: name } = JSON.parse(readFileSync(at('run.json'), 'utf8'));
  const { out } = await cli('inspect', 'regseg', '--size', '32x64', '--adapter', at('run.json'), '--json');
  assert.equal([JSON.parse(out).plan.hash, JSON.parse(out).adapter], [results[0].plan, name]);
});

gpu('an ONNX file is a model', async () => {
  const nodes = [{ op: 'Conv', inputs: ['x', 'w'], outputs: ['y'] }];
  const weights = { shape: [5, 3, 1, 1], values: Array.from({ length: 15 }, (_, n) => ((n * 7) % 5) - 2) };
  save('tiny.onnx', onnx({ inputs: { x: [1, 3, 'h', 'w'] }, outputs: ['y'], nodes, initializers: { w: weights } }));
  const words = ['tiny.onnx', '--size', '16x24', '--runs', '2', '--json', 'file.json'];
  const { code, err } = await spawnCli(words, { script: '../../bench/main' });
  assert.is(code, 0, err);
  const [{ model, size, agreement }] = JSON.parse(readFileSync(at('file.json'), 'utf8')).results;
  assert.equal([model, size], ['tiny.onnx', '16x24']);
  assert.ok(agreement.trust.error < 1e-5 && agreement.classes === 1);
});

gpu('--against: frames of two checkouts in turns, here of one with itself', async () => {
  const words = ['tiny.onnx', '--size', '16x24', '--against', repository, '--json', 'against.json'];
  const { code, out, err } = await spawnCli(words, { script: '../../bench/main' });
  assert.is(code, 0, err);
  assert.match(out, /ratio [\d.]+ \(quartiles [\d.]+–[\d.]+, \d+ pairs in turns\)/);
  const [{ here, there, agreement, ratio }] = JSON.parse(readFileSync(at('against.json'), 'utf8')).against;
  assert.equal([agreement, here.plan, here.on], [1, there.plan, there.on]);
  assert.ok(ratio.pairs >= 15 && ratio.quartiles[0] <= ratio.median && ratio.median <= ratio.quartiles[1]);
});

test.run();
