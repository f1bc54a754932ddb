// Comparisons with engines that only pretend: order, agreement, what is said when one fails, and the talk with a process.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Engine, type EngineSpec, startEngine, type Tail } from '../../bench/child.ts';
import { comparePeers, findOnnx, type Match, needPeers, type Peer, togglesFor } from '../../bench/peers.ts';

const match: Match = {
  model: 'regseg',
  size: { h: 20, w: 50 },
  precision: 'f32',
  variants: 'auto',
  toggles: { enable: ['skip_validation'], disable: [] },
};

interface Fake {
  readonly classes?: Uint8Array;
  readonly ms?: Partial<Record<Tail, number>>;
  readonly fails?: string;
}

/** Engines in this process; `log` gets every call. */
function fakes(by: (spec: EngineSpec) => Fake): { start: (spec: EngineSpec) => Engine; log: string[] } {
  const log: string[] = [];
  const start = (spec: EngineSpec): Engine => {
    const { classes = new Uint8Array(1000), ms = {}, fails } = by(spec);
    const who = spec.engine === 'atrous' ? 'ours' : spec.provider;
    return {
      async load() {
        log.push(`${who} load`);
        if (fails === 'load') throw new Error('no such operator');
        return { name: spec.engine, version: '9.9', on: '', ms: 5 };
      },
      async run(tail) {
        log.push(`${who} ${tail}`);
        return ms[tail] ?? 10;
      },
      classes: async () => classes,
      async end() {
        log.push(`${who} end`);
      },
    };
  };
  return { start, log };
}

const FIELDS = [
  ...[
    'engine',
    'version',
    'provider',
    'model',
    'size',
    'precision',
    'onnx',
    'toggles',
    'tail',
    'load_ms',
    'first_run_ms',
    'wall_ms',
  ],
  ...['ours', 'agreement', 'own_agreement', 'ratio', 'reason'],
];
const fieldsOf = (peer: Peer): string[] => Object.keys(peer);
const unknown = ({ tail, wall_ms, ratio, agreement, ours }: Peer): unknown[] => [tail, wall_ms, ratio, agreement, ours];

test('in turns: ours, theirs, with the faster tail of theirs', async () => {
  const { start, log } = fakes(({ engine }) =>
    engine === 'atrous' ? { ms: { classes: 4 } } : { ms: { classes: 50, scores: 30 } },
  );
  const peers = await comparePeers(match, '/folder/a.onnx', start, 3);
  assert.equal(log.slice(0, 2), ['ours load', 'ours classes']);
  const theirs = (who: string): string[] => [
    ...[`${who} load`, `${who} scores`, `${who} classes`, `${who} classes`, `${who} scores`],
    // One pair warms up.
    ...Array.from({ length: 4 }, () => ['ours classes', `${who} scores`]).flat(),
    `${who} end`,
  ];
  assert.equal(log.slice(2), [...theirs('cpu'), ...theirs('webgpu'), 'ours end']);
  for (const [n, peer] of peers.entries()) {
    assert.equal(fieldsOf(peer), FIELDS);
    assert.equal([peer.provider, peer.version, peer.size, peer.onnx], [['cpu', 'webgpu'][n], '9.9', '20x50', 'a.onnx']);
    assert.equal([peer.tail, peer.ratio, peer.agreement, peer.reason], ['scores', 7.5, 1, null]);
    assert.equal([peer.load_ms, peer.first_run_ms], [5, 30]);
    assert.equal(peer.wall_ms, { min: 30, median: 30, p95: 30, n: 3 });
    assert.equal(peer.ours, { load_ms: 5, first_run_ms: 4, wall_ms: { min: 4, median: 4, p95: 4, n: 3 } });
    assert.equal(peer.toggles, match.toggles);
  }
});

test('of an engine whose first frame takes many minutes none is run that is not counted', async () => {
  const ms = { classes: 900_000, scores: 800_000 };
  const { start, log } = fakes(({ provider }) => (provider === 'webgpu' ? { ms } : {}));
  const webgpu = (await comparePeers(match, 'a.onnx', start, 1))[1];
  const since = log.indexOf('webgpu load');
  assert.equal(log.slice(since, -1), ['webgpu load', 'webgpu scores', 'ours classes', 'webgpu scores', 'webgpu end']);
  assert.equal([webgpu.tail, webgpu.wall_ms!.n, webgpu.ratio], ['scores', 1, 80_000]);
});

test('a frame of theirs that takes half a minute is run once for its tail', async () => {
  const { start, log } = fakes(({ provider }) => (provider === 'webgpu' ? { ms: { classes: 30_000, scores: 31_000 } } : {}));
  const [, webgpu] = await comparePeers(match, 'a.onnx', start, 1);
  const frames = log.filter(line => line === 'webgpu classes' || line === 'webgpu scores');
  assert.equal(frames, ['webgpu scores', 'webgpu classes', 'webgpu scores', 'webgpu scores']);
  assert.is(webgpu.tail, 'scores');
});

test('the ratio is the median of pairs, not of medians', async () => {
  const times = { ours: [0, 1, 1, 100, 10], cpu: [0, 0, 0, 0, 0, 2, 30, 100] };
  const { start: other } = fakes(() => ({}));
  const start = (spec: EngineSpec): Engine => {
    const list = spec.engine === 'atrous' ? times.ours : times.cpu;
    return { ...other(spec), run: async () => list.shift() ?? 1 };
  };
  const [cpu] = await comparePeers(match, 'a.onnx', start, 3);
  // Pairs (1, 2), (100, 30), (10, 100): 2, 0.3, 10.
  assert.is(cpu.ratio, 2);
});

test('no ratio, and nothing timed, below 99.9 % of equal classes', async () => {
  const differing = (n: number): Uint8Array => Uint8Array.from({ length: 1000 }, (_, pixel) => Number(pixel < n));
  const { start, log } = fakes(({ provider }) =>
    provider === 'cpu' ? { classes: differing(1) } : provider ? { classes: differing(2) } : {},
  );
  const [cpu, webgpu] = await comparePeers(match, 'a.onnx', start, 2);
  assert.equal([cpu.agreement, cpu.ratio], [0.999, 1]);
  assert.equal([webgpu.agreement, webgpu.ratio, webgpu.wall_ms, webgpu.ours!.wall_ms], [0.998, null, null, null]);
  assert.match(webgpu.reason!, /99\.80 %.*99\.9 %/);
  assert.equal(fieldsOf(webgpu), FIELDS);
  assert.equal(
    log.filter(call => call.startsWith('webgpu')),
    ['webgpu load', 'webgpu scores', 'webgpu end'],
  );
  const other = fakes(({ engine }) => ({ classes: new Uint8Array(engine === 'atrous' ? 1000 : 999) }));
  assert.is((await comparePeers(match, 'a.onnx', other.start, 2))[0].agreement, 0, 'maps of two sizes agree on nothing');
});

test('a provider that has other classes than its own CPU provider, which has ours, is timed and says so', async () => {
  const differing = (n: number): Uint8Array => Uint8Array.from({ length: 1000 }, (_, pixel) => Number(pixel < n));
  const { start } = fakes(({ provider }) => ({ classes: differing(provider === 'webgpu' ? 40 : 0) }));
  const [cpu, webgpu] = await comparePeers(match, 'a.onnx', start, 2);
  assert.equal([cpu.agreement, cpu.own_agreement, cpu.ratio], [1, null, 1]);
  assert.equal([webgpu.agreement, webgpu.own_agreement, webgpu.ratio, webgpu.reason], [0.96, 0.96, 1, null]);
});

test('results hold names of files, and no folder of the machine', () => {
  const results = new URL('../../bench/results/', import.meta.url);
  const absolute = /["'\s(](\/\w[\w.-]*\/|[A-Za-z]:\\|file:)/;
  for (const file of readdirSync(results)) assert.not.match(readFileSync(new URL(file, results), 'utf8'), absolute, file);
});

test('without a file nothing starts; a provider that fails says why and the next one has its turn', async () => {
  const { start, log } = fakes(({ provider }) => (provider === 'cpu' ? { fails: 'load' } : {}));
  const none = await comparePeers(match, null, start, 2);
  assert.equal(log, []);
  assert.equal(none.map(fieldsOf), [FIELDS, FIELDS]);
  assert.equal(none.flatMap(unknown), Array(10).fill(null));
  assert.match(none[0].reason!, /no ONNX file of regseg at 20x50.*--onnx/);
  const [cpu, webgpu] = await comparePeers(match, 'a.onnx', start, 2);
  assert.equal(unknown(cpu), Array(5).fill(null));
  assert.equal([cpu.reason, webgpu.ratio], ['no such operator', 1]);
  assert.equal(
    log.filter(call => call.endsWith('end')),
    ['cpu end', 'webgpu end', 'ours end'],
  );
});

test('onnxruntime’s own toggles join the user’s, who has the last word', () => {
  const { enable, disable } = togglesFor({ enable: ['skip_validation', 'use_dxc'], disable: ['allow_unsafe_apis'] });
  assert.equal(enable.slice(0, 2), ['skip_validation', 'use_dxc']);
  assert.is(new Set(enable).size, enable.length);
  assert.not.ok(enable.includes('allow_unsafe_apis'));
  assert.ok(disable.includes('lazy_clear_resource_on_first_use') && enable.includes('vulkan_enable_f16_on_nvidia'));
});

test('a missing peer is named with the command that installs it', async () => {
  const command = 'npm i --no-save --ignore-scripts onnxruntime-node@1.30.0';
  const said = await needPeers(async () => undefined).catch(error => error.message);
  assert.is(said, `--peers: the package onnxruntime-node is not installed: run ${command}`);
  await needPeers(async () => ({ folder: '/', version: '1.30.0' }));
});

test('files are found by the names of a network', () => {
  const home = mkdtempSync(join(tmpdir(), 'atrous-test-'));
  try {
    const [root, shared] = [join(home, 'project'), join(home, 'shared/onnx')];
    const find = (model: string): string | null => findOnnx(root, model, { h: 4, w: 8 });
    for (const folder of [shared, join(root, '.gpu/onnx')]) mkdirSync(folder, { recursive: true });
    assert.is(find('regseg'), null);
    writeFileSync(join(root, '.gpu/onnx/exp48_decoder26_4x8.onnx'), '');
    assert.is(find('regseg'), join(root, '.gpu/onnx/exp48_decoder26_4x8.onnx'));
    writeFileSync(join(shared, 'regseg_4x8.onnx'), '');
    for (const model of ['regseg', 'exp48_decoder26']) assert.is(find(model), join(shared, 'regseg_4x8.onnx'));
    assert.is(find('regseg-large'), null);
  } finally {
    rmSync(home, { recursive: true });
  }
});

const script = fileURLToPath(new URL('fake-engine.ts', import.meta.url));
const spec = (model: string): EngineSpec => ({ ...match, engine: 'fake', model });

test('a process answers: about itself, times, classes', async () => {
  const engine = startEngine(script, []);
  const about = await engine.load(spec('good'));
  assert.equal([about.name, about.version, about.on], ['fake', '1', '20x50']);
  const ms = await engine.run('classes');
  assert.ok(ms >= 25 && ms < 5000, String(ms));
  assert.equal(await engine.classes(), Uint8Array.of(1, 2, 3));
  await engine.end();
  await engine.end();
});

test('a process that refuses, breaks, dies or hangs says so, with its code and last words', async () => {
  const failure = async (model: string, limit?: number): Promise<{ code: string; message: string }> => {
    const engine = startEngine(script, [], {}, limit);
    try {
      await engine.load(spec(model));
      await engine.run('scores');
    } catch (error) {
      return error as { code: string; message: string };
    } finally {
      await engine.end();
    }
    throw new Error(`${model} did not fail`);
  };
  const [refuses, breaks, dies] = await Promise.all(['refuses', 'breaks', 'dies'].map(model => failure(model)));
  assert.equal([refuses.code, refuses.message], ['LIMIT', 'no room for this one']);
  assert.equal(breaks.message, "can't run to scores");
  assert.match(dies.message, /ended with exit code 7 when asked to load: the last words/);
  assert.match((await failure('hangs', 4000)).message, /silent for 4 s when asked to run/);
});

test.run();
