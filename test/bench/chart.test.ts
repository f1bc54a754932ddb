// The chart of a run: well-formed, on its own, every step and every figure there.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Charted, drawChart } from '../../bench/chart.ts';
import type { Result, StepTime } from '../../bench/measure.ts';
import type { Peer } from '../../bench/peers.ts';
import { onItsOwn } from '../plan/drawing.ts';

const step = (node: string, kernel: string, us: number, floor_us: number): StepTime => ({
  node,
  kernel,
  variant: 'plain',
  pipeline: `${kernel}/f32?A=1&B=2`,
  us,
  floor_us,
  macs: 1e6,
  bytes: 2e6,
});
const steps = [
  step('input', 'preprocess', 11, 10),
  step('body.stage4.act1', 'pointwise', 250, 100),
  step('body.stage4.act2', 'grouped<&"', 40, 60),
  step('classes', 'classify', 3000, 5),
];
const times = (median: number) => ({ min: median, median, p95: median, n: 5 });
const result: Result = {
  model: 'regseg',
  size: '64x128',
  precision: 'f32',
  variants: 'auto',
  gpu_ms: times(3.301),
  wall_ms: times(4.567),
  fps: 218.96,
  throughput_fps: 300,
  cpu_reference: { size: '64x128', ms: 100, fps: 10, extrapolated: true },
  ratio: 21.9,
  dispatches: 4,
  pipelines: 4,
  plan: '0123456789abcdef',
  macs: 1,
  bytes: 1,
  peak_bytes: 1,
  roofline: 0.4242,
  first_frame_ms: 12_345,
  first_frame: { load_ms: 1, compile_ms: 2, run_ms: 3 },
  ms_per_mp: { gpu: 1, wall: 1 },
  agreement: { logits_error: 0, classes: 1, against: '', trust: { size: '64x128', error: 0 } },
  steps,
};
const peer = {
  engine: 'onnxruntime',
  provider: 'webgpu',
  model: 'regseg',
  size: '64x128',
  wall_ms: times(45.6),
  ours: { load_ms: 1, first_run_ms: 1, wall_ms: times(5.01) },
  ratio: 9.1,
} as unknown as Peer;
const run: Charted = { adapter: 'an adapter <&">', software: false, results: [result], peers: [peer] };

test('every step with its time and its floor, every figure', () => {
  const page = onItsOwn(drawChart(run));
  const [tips, texts] = [page.texts('title').join('\n'), page.texts('text').join('\n')];
  for (const { node, pipeline } of steps) assert.ok(tips.includes(`${node}\n${pipeline}\n`), node);
  for (const part of ['11 µs, floor 10 µs (90.9 %)', '3 ms, floor 5 µs (0.2 %)', '1.0 M multiply-adds, 2.00 MB'])
    assert.ok(tips.includes(part), part);
  for (const part of [
    '219',
    '4.57 ms',
    '3.3 ms',
    '21.9 ×',
    '42 %',
    '12.3 s',
    '0123456789abcdef',
    'an adapter <&">',
    'stage4',
    'grouped<&"',
  ])
    assert.ok(texts.includes(part), part);
  for (const part of ['onnxruntime webgpu', '45.6 ms', '5.01 ms', '9.1 × as fast', 'the CPU reference, scaled'])
    assert.ok(texts.includes(part), part);
});

test('bars are as high as their times', () => {
  const svg = drawChart(run);
  const heights = [...svg.matchAll(/<rect [^>]*height="([\d.]+)" class="fill" rx="1.5"\/>/g)].map(([, height]) => Number(height));
  assert.is(heights.length, steps.length);
  for (const [n, { us }] of steps.entries()) assert.ok(Math.abs(heights[n] / heights[3] - us / 3000) < 1e-3, `${n}: ${heights[n]}`);
});

test('several results, none, no steps, no peers', () => {
  const plain = { ...result, gpu_ms: null, steps: null };
  const two = onItsOwn(drawChart({ ...run, software: true, results: [result, plain], peers: [] }));
  const texts = two.texts('text').join('\n');
  assert.match(texts, /no timestamps on this adapter/);
  assert.match(texts, /software adapter/);
  assert.not.match(texts, /beside others/);
  assert.is(two.texts('text').filter(text => text === 'regseg').length, 2);
  onItsOwn(drawChart({ ...run, results: [], peers: [] }));
  assert.is(drawChart(run), drawChart(run));
});

test.run();
