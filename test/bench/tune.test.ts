// Tuning from made-up times: which variant wins, what is merged, what ships.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Result, runsFor } from '../../bench/measure.ts';
import type { Peer } from '../../bench/peers.ts';
import { fastestPrecision, type Precisions } from '../../bench/precisions.ts';
import { mergeReports, type Report, readReport, reportOf, reportText } from '../../bench/report.ts';
import { fastestVariants, mergeTuning, type Tuning, tuningOf } from '../../bench/tune.ts';
import { SHIPPED, ship, shippedText, tunedOf } from '../../bench/tuned.ts';
import { findNetwork } from '../../src/models/registry.ts';
import { shaderLibrary } from '../../src/node/engine.ts';
import { fuse } from '../../src/passes/index.ts';
import { defaultFacts, tuned } from '../../src/plan/choose.ts';
import { lower } from '../../src/plan/lower.ts';
import type { Plan } from '../../src/plan/plan.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'atrous-test-'));
test.after(() => rmSync(home, { recursive: true, force: true }));

const facts = { ...defaultFacts, id: 'acme-one' };
const { facts: shaderFacts } = await shaderLibrary();
const graph = fuse(findNetwork('regseg').build({ classes: 19, h: 64, w: 128 }), { barriers: false });
const planOf = (name: string): Plan =>
  lower(graph, { precision: 'f32', facts, variants: [name], stem: 'texture', mean: [0, 0, 0], std: [1, 1, 1], shaderFacts });
const names = ['workgroup', 'plain'];
const plans = names.map(planOf);
const excites = plans[0].steps.filter(({ kernel }) => kernel === 'excite').length;

/** Every step of a plan takes this long, in µs. */
const times = (...us: number[]): number[][] => plans.map(({ steps }, n) => steps.map(() => us[n]));
const tuning = (...us: number[]): Tuning => tuningOf(names, plans, times(...us), { facts }, 'regseg 64x128');

test('the sum over all steps of a kind decides, and only kernels with a choice are kept', () => {
  assert.ok(excites > 10);
  const found = tuning(10, 4);
  assert.equal([...new Set(Object.keys(found).map(kind => kind.split('/')[0]))].sort(), ['conv', 'excite', 'grouped', 'pointwise']);
  assert.equal(found['excite/f32'], {
    0: { fastest: 'plain', us: { workgroup: 10 * excites, plain: 4 * excites }, steps: excites, at: 'regseg 64x128' },
  });
  assert.is(tuning(4, 10)['excite/f32'][0].fastest, 'workgroup');
});

test('a variant that made some steps of a kind is compared on those alone', () => {
  const [wide, plain] = plans;
  const left = 3;
  let seen = 0;
  const some = { ...wide, steps: wide.steps.filter(({ kernel }) => kernel !== 'excite' || seen++ < left) };
  const us = [some.steps.map(() => 10), plain.steps.map(() => 8)];
  const found = tuningOf(names, [some, plain], us, { facts }, '')['excite/f32'][0];
  assert.equal(found, { fastest: 'plain', us: { workgroup: 10 * left, plain: 8 * left }, steps: left, at: '' });
});

const compared = (ms: Precisions['ms']): Precisions => ({ model: 'regseg', size: '64x128', ms, n: 3 });

test('the fastest precision over all that was compared, f32 unless it loses by more than noise', () => {
  assert.is(fastestPrecision([]), 'f32');
  assert.is(fastestPrecision([compared({ f32: 100, half: 98 })]), 'f32');
  assert.is(fastestPrecision([compared({ f32: 100, half: 96 })]), 'half');
  assert.is(fastestPrecision([compared({ f32: 100, half: 90, f16: 80 })]), 'f16');
  assert.is(
    fastestPrecision([compared({ f32: 1, half: 2 }), compared({ f32: 100, half: 50 })]),
    'f32',
    'shares are summed, not times',
  );
  assert.is(
    fastestPrecision([compared({ f32: 9, half: 6, f16: 5 }), compared({ f32: 9, half: 6 })]),
    'half',
    'f16 was not there once',
  );
});

test('the best guess stays unless it loses by more than noise', () => {
  assert.is(tuning(100, 98)['excite/f32'][0].fastest, 'workgroup');
  assert.is(tuning(100, 96)['excite/f32'][0].fastest, 'plain');
  const cpu = tuningOf(names, plans, times(98, 100), { facts: { ...facts, software: true } }, '');
  assert.is(cpu['excite/f32'][0].fastest, 'plain', 'there the guess is another');
});

test('frames are timed for some seconds: fifty at most, five at least, two of those that take longer', () => {
  assert.equal([1, 100, 700, 1500, 3999, 4000, 60_000].map(runsFor), [50, 40, 6, 5, 5, 2, 2]);
});

test('merging keeps other sizes and kinds, and the names of the fastest are all that ships', () => {
  const one = (fastest: string) => ({ fastest, us: { a: 1, b: 2 }, steps: 3, at: 'x' });
  const merged = mergeTuning(
    { k: { 1: one('a'), 2: one('a') }, old: { 1: one('b') } },
    { k: { 2: one('b') }, fresh: { 9: one('a') } },
  );
  assert.equal(fastestVariants(merged), { fresh: { 9: 'a' }, k: { 1: 'a', 2: 'b' }, old: { 1: 'b' } });
});

const report = (rest: Partial<Report> = {}): Report => ({
  ...reportOf(
    facts,
    { multiply_add_gflops: 1, copy_gb_per_s: 2, dispatch_us: 3 },
    { toggles: { enable: [], disable: [] }, results: [], peers: [], against: [], scaling: [], tuning: {}, precisions: [] },
  ),
  ...rest,
});

test('a report: facts beside measured limits', () => {
  const { limits, adapter, id } = report();
  assert.equal([adapter, id, limits.software, limits.features], [facts.name, 'acme-one', false, []]);
  assert.equal([limits.multiply_add_gflops, limits.maxBufferSize], [1, facts.limits.maxBufferSize]);
});

test('a later run replaces what it measured again, and only that', () => {
  const result = (size: string, fps: number, precision = 'f32') =>
    ({ model: 'regseg', size, precision, variants: 'auto', fps }) as Result;
  const peer = (provider: string, ratio: number) =>
    ({ engine: 'o', provider, model: 'regseg', size: '1x1', precision: 'f32', ratio }) as Peer;
  const before = report({ results: [result('1x1', 1), result('2x2', 2)], peers: [peer('cpu', 1), peer('webgpu', 2)] });
  const after = report({ results: [result('2x2', 3), result('2x2', 4, 'half')], peers: [peer('cpu', 5)] });
  const { results, peers } = mergeReports(before, after);
  assert.equal(
    results.map(({ fps }) => fps),
    [1, 3, 4],
  );
  assert.equal(
    peers.map(({ ratio }) => ratio),
    [2, 5],
  );
  assert.equal(mergeReports(null, after), after);
});

test('reports on disk: read back, refused, and shipped', async () => {
  const folder = join(home, 'bench/results');
  mkdirSync(folder, { recursive: true });
  mkdirSync(join(home, 'src/plan'), { recursive: true });
  writeFileSync(
    join(folder, 'acme-one.json'),
    reportText(report({ tuning: tuning(10, 4), precisions: [compared({ f32: 2, half: 1 })] })),
  );
  writeFileSync(join(folder, 'acme-two.json'), reportText(report({ id: 'acme-two' })));
  const shipped = await tunedOf(folder);
  assert.equal(Object.keys(shipped), ['acme-one']);
  assert.equal(shipped['acme-one'].variants['excite/f32'], { 0: 'plain' });
  assert.is(shipped['acme-one'].precision, 'half');
  assert.is(await ship(home), false, 'no tuned.json to write');
  writeFileSync(join(home, SHIPPED), '{}\n');
  assert.is(await ship(home), true);
  assert.equal(JSON.parse(readFileSync(join(home, SHIPPED), 'utf8')), await tunedOf(folder));
  assert.is(await readReport(join(folder, 'none.json')), null);
  for (const text of ['{', '[]', '{"adapter":3}']) {
    writeFileSync(join(home, 'x.json'), text);
    await readReport(join(home, 'x.json')).then(
      () => assert.unreachable(text),
      error => assert.match(error.message, /x\.json is no report of the benchmark/),
    );
  }
});

test('what ships is what bench/results holds: else npx tsx bench/ship.ts', async () => {
  const text = shippedText(await tunedOf(join(root, 'bench/results')));
  assert.is(readFileSync(join(root, SHIPPED), 'utf8'), text);
  assert.equal(tuned, JSON.parse(text));
});

test.run();
