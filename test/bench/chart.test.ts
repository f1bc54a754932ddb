// The chart of a run: well-formed, on its own, every step and every figure there.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Charted, drawChart } from '../../bench/chart.ts';
import type { Result, StepTime } from '../../bench/measure.ts';
import type { Peer } from '../../bench/peers.ts';
import { widthOf } from '../../src/plan/svg.ts';
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

test('no text lies on another: short runs, modules with long names, many small ones', () => {
  const of = (nodes: readonly string[]): StepTime[] => nodes.map(node => step(node, 'depthwise', 100, 50));
  const names = ['decoder', 'a.1', 'a.2', 'a.3', 'classes'];
  for (const nodes of [
    ['conv'],
    [...names, ...names],
    Array.from({ length: 90 }, (_, n) => `/backbone/features/${n}/Conv_output_0`),
    Array.from({ length: 40 }, (_, n) => `layer${n >> 1}.${n}`),
    ['stem', ...Array.from({ length: 5 }, () => 'decoder'), 'classes'],
  ]) {
    const boxes = textBoxes(drawChart({ ...run, results: [{ ...result, steps: of(nodes) }, result] }));
    assert.ok(boxes.length > 20 + nodes.length / 20);
    boxes.forEach((a, n) => {
      for (const b of boxes.slice(n + 1)) assert.not(overlap(a, b), `“${a.text}” lies on “${b.text}”`);
    });
  }
});

interface Box {
  readonly text: string;
  readonly corners: readonly (readonly [x: number, y: number])[];
}

/** Of every text, by the width that drawings reckon with and the height of its capitals. */
function textBoxes(svg: string): Box[] {
  const sizes: Readonly<Record<string, number>> = { title: 26, sub: 13, head: 12, figure: 21, row: 11.5 };
  const boxes: Box[] = [];
  const shifts: number[] = [0];
  // Tips are no drawing.
  for (const [, close, name, words, empty, text] of svg.matchAll(/<(\/?)(g|text)((?: [^<>]*[^/])?)(\/?)>([^<]*)/g)) {
    const number = (pattern: RegExp): number => Number(pattern.exec(words)?.[1] ?? 0);
    if (name === 'g' && close) shifts.pop();
    else if (name === 'g' && !empty) shifts.push(shifts.at(-1)! + number(/translate\(0 ([\d.]+)\)/));
    else if (!close) {
      const kinds = (/class="([^"]*)"/.exec(words)?.[1] ?? '').split(' ');
      const size = number(/font-size:([\d.]+)/) || kinds.map(kind => sizes[kind]).find(Boolean) || 10;
      const wide = widthOf(text, size);
      const left = kinds.includes('end') ? -wide : kinds.includes('mid') ? -wide / 2 : 0;
      const turn = (number(/rotate\((-?[\d.]+)\)/) * Math.PI) / 180;
      const [x, y] = turn
        ? [number(/translate\(([\d.]+)/), number(/translate\([\d.]+ ([\d.]+)/)]
        : [number(/ x="([^"]*)"/), number(/ y="([^"]*)"/)];
      const at = (u: number, v: number): [number, number] => [
        x + u * Math.cos(turn) - v * Math.sin(turn),
        shifts.at(-1)! + y + u * Math.sin(turn) + v * Math.cos(turn),
      ];
      boxes.push({ text, corners: [at(left, 0), at(left + wide, 0), at(left + wide, -0.75 * size), at(left, -0.75 * size)] });
    }
  }
  return boxes;
}

/** Two rectangles overlap where no side of either parts them. */
function overlap(a: Box, b: Box): boolean {
  return ![a, b].some(({ corners: [p, q, r] }) =>
    [q, r].some((to, side) => {
      const from = side ? q : p;
      const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
      const along = ({ corners }: Box): number[] => corners.map(([x, y]) => x * dx + y * dy);
      return Math.max(...along(a)) <= Math.min(...along(b)) || Math.max(...along(b)) <= Math.min(...along(a));
    }),
  );
}

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
