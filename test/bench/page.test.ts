// `bench --html`: the whole run on one page that asks nothing of anybody.
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { benchPage } from '../../bench/page.ts';
import type { Report } from '../../bench/report.ts';

/** What the benchmark wrote on a software adapter. */
const report: Report = JSON.parse(readFileSync(new URL('../../bench/results/google-swiftshader.json', import.meta.url), 'utf8'));
const words = ['regseg', '--size', '128x256', '--onnx', "it's a file.onnx"];
const page = benchPage({ ...report, adapter: 'an <adapter>' }, words);

test('nothing is fetched', () => {
  assert.not.match(
    page.replace(/content="[^"]*"/g, '').replaceAll('http://www.w3.org/2000/svg', ''),
    /https?:|url\(|<script|<link/,
  );
});

test('every figure of the frames, every peer, the chart, the adapter and the command', () => {
  for (const { model, size, fps, wall_ms, dispatches, plan } of report.results) {
    for (const text of [
      model,
      size,
      fps.toFixed(2),
      wall_ms.median.toFixed(wall_ms.median < 100 ? 2 : 0),
      String(dispatches),
      plan,
    ])
      assert.ok(page.includes(`>${text}<`), `${model} ${size}: ${text}`);
  }
  for (const { provider, ratio, reason } of report.peers)
    assert.ok(page.includes(provider) && page.includes(ratio === null ? String(reason).slice(0, 20) : `${ratio}×`), provider);
  assert.match(page, /<svg /);
  assert.match(page, /an &lt;adapter&gt;/);
  assert.not.match(page, /an <adapter>/);
  assert.match(page, /npx atrous bench regseg --size 128x256 --onnx '.*it'\\''s a file\.onnx'/);
  assert.match(page, /prove ratios, not speed/);
});

test('a run that has only frames of two checkouts has no chart', () => {
  const against = {
    checkout: '/there',
    model: 'regseg',
    size: '64x128',
    precision: 'f32',
    variants: 'auto',
    here: { wall_ms: { median: 2 } },
    there: { wall_ms: { median: 3 } },
    agreement: 1,
    ratio: { median: 1.5, quartiles: [1.4, 1.6], pairs: 15 },
  } as unknown as Report['against'][number];
  const html = benchPage({ ...report, results: [], peers: [], scaling: [], precisions: [], against: [against] }, []);
  assert.match(html, />1\.5×</);
  assert.not.match(html, /<svg /);
});

test.run();
