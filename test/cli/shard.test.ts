// Shares of an archive: which one a scheduler's variables mean, which files it holds, and that processes which each take one leave the numbers of the whole.

import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import sharp from 'sharp';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from '../../src/cli/command.ts';
import { openState, readState } from '../../src/cli/eval-state.ts';
import { commands } from '../../src/cli/main.ts';
import { type Environment, fnv1a, isOwn, parseShard } from '../../src/cli/shard.ts';
import { deviceJudge } from '../judges.ts';
import { classes } from '../onnx/pictures.ts';
import { sat } from '../record.ts';
import { blankWeights, runFake } from './fake-model.ts';
import { at, cli, complained, type Outcome, repository, said, save, spawnCli } from './harness.ts';

const sitting = await deviceJudge();
const who = sitting?.who;
sitting?.close();

/** Variables of every scheduler, so that none of the machine that runs the tests is taken for real. */
const CLEAN: Environment = Object.fromEntries(
  [
    ...['ID', 'MIN', 'MAX', 'STEP', 'COUNT'].map(part => `SLURM_ARRAY_TASK_${part}`),
    ...['JOB_COMPLETION_INDEX', 'AWS_BATCH_JOB_ARRAY_INDEX', 'AWS_BATCH_JOB_ARRAY_SIZE', 'PARALLEL_SEQ'],
  ].map(name => [name, undefined]),
);
const slurm = (id: number | string, min: number, max: number, step?: number, count?: number): Environment => ({
  SLURM_ARRAY_TASK_ID: String(id),
  SLURM_ARRAY_TASK_MIN: String(min),
  SLURM_ARRAY_TASK_MAX: String(max),
  ...(step && { SLURM_ARRAY_TASK_STEP: String(step) }),
  ...(count && { SLURM_ARRAY_TASK_COUNT: String(count) }),
});

test('the hash is FNV-1a of 32 bits, over UTF-8', () => {
  assert.equal(['', 'a', 'foobar', 'é'].map(fnv1a), [0x811c9dc5, 0xe40c292c, 0xbf9cf968, fnv1a('é')]);
  assert.is(fnv1a('é'), Math.imul(Math.imul(0x811c9dc5 ^ 0xc3, 0x01000193) ^ 0xa9, 0x01000193) >>> 0);
  const paths = Array.from({ length: 3000 }, (_, n) => `a/b${n % 7}/frame_${String(n).padStart(6, '0')}.jpg`);
  for (const count of [1, 2, 3, 7, 16]) {
    const sizes = Array.from({ length: count }, (_, index) => paths.filter(path => isOwn({ index, count }, path)).length);
    assert.is(
      sizes.reduce((a, b) => a + b),
      paths.length,
    );
    for (const size of sizes) assert.ok(Math.abs(size * count - paths.length) < 0.3 * paths.length, `${sizes}`);
  }
});

for (const [text, env, index, count] of [
  ['3/4', {}, 3, 4],
  ['auto', slurm(0, 0, 15), 0, 16],
  ['auto', slurm(7, 1, 8, 1, 8), 6, 8],
  ['auto', slurm(7, 3, 11, 4, 3), 1, 3],
  ['auto', slurm(8, 0, 15, 4, 4), 2, 4],
  ['auto/3', slurm(7, 3, 11, 4), 1, 3],
  ['auto/5', { JOB_COMPLETION_INDEX: '4' }, 4, 5],
  ['auto/5', { AWS_BATCH_JOB_ARRAY_INDEX: '0' }, 0, 5],
  ['auto', { AWS_BATCH_JOB_ARRAY_INDEX: '1', AWS_BATCH_JOB_ARRAY_SIZE: '2' }, 1, 2],
  ['auto/5', { PARALLEL_SEQ: '5', JOB_COMPLETION_INDEX: '' }, 4, 5],
] as const)
  test(`--shard ${text} under ${JSON.stringify(env)}`, () => {
    assert.equal(parseShard(text, env), { index, count });
  });

const all = ['SLURM_ARRAY_TASK_ID', 'JOB_COMPLETION_INDEX', 'AWS_BATCH_JOB_ARRAY_INDEX', 'PARALLEL_SEQ'];
for (const [text, env, ...parts] of [
  ['auto', {}, ...all],
  ['auto/4', {}, ...all],
  ['auto', { JOB_COMPLETION_INDEX: '1' }, 'JOB_COMPLETION_INDEX is 1', 'auto/n'],
  ['auto', { PARALLEL_SEQ: '1' }, 'GNU parallel', 'auto/n'],
  ['auto/4', { PARALLEL_SEQ: '0' }, 'PARALLEL_SEQ is "0"', 'at least 1'],
  ['auto/4', { PARALLEL_SEQ: '5' }, 'PARALLEL_SEQ is 5', '4 shares'],
  ['auto/4', { JOB_COMPLETION_INDEX: '4' }, 'JOB_COMPLETION_INDEX is 4', '4 shares'],
  ['auto/4', { JOB_COMPLETION_INDEX: '-1' }, '"-1"'],
  ['auto/4', { ...slurm(0, 0, 3), PARALLEL_SEQ: '1' }, 'SLURM_ARRAY_TASK_ID is 0', 'PARALLEL_SEQ is 1', 'two schedulers'],
  ['auto/4', slurm(0, 0, 7), '8 tasks', '4 shares'],
  ['auto/4', { AWS_BATCH_JOB_ARRAY_INDEX: '1', AWS_BATCH_JOB_ARRAY_SIZE: '2' }, '2 tasks', '4 shares'],
  ['auto', slurm(9, 0, 7), 'ID 9', 'MAX 7'],
  ['auto', slurm(2, 1, 7, 2), 'ID 2', 'STEP 2'],
  ['auto', slurm(3, 1, 7, 1, 3), 'COUNT 3', '--array=0-15'],
  ['auto', slurm('x', 0, 7), 'SLURM_ARRAY_TASK_ID is "x"'],
  ['auto', { SLURM_ARRAY_TASK_ID: '0' }, 'SLURM_ARRAY_TASK_MIN is not set'],
  ['auto/0', slurm(0, 0, 7), '0 to n'],
  ['4/4', {}, '0 to n'],
  ['2', {}, '0 to n'],
] as [string, Environment, ...string[]][])
  test(`--shard ${text} under ${JSON.stringify(env)} is refused`, () => {
    try {
      parseShard(text, env);
    } catch (error) {
      const { code, message } = error as { code: string; message: string };
      assert.is(code, 'BAD_USAGE');
      for (const part of ['--shard', ...parts]) assert.ok(message.includes(part), `"${part}" is not in: ${message}`);
      assert.ok(message.length <= 300, message);
      return;
    }
    assert.unreachable('no error');
  });

const [H, W] = [8, 10];
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const weights = save('three.safetensors', blankWeights('regseg', 3));

/** Pictures and labels that agree here and there. */
async function plant(folder: string, names: readonly string[]): Promise<string> {
  for (const [n, name] of names.entries()) {
    const grey = (at: (i: number) => number, channels: 1 | 3) =>
      sharp(
        Uint8Array.from({ length: H * W * channels }, (_, i) => at(Math.floor(i / channels))),
        { raw: { width: W, height: H, channels } },
      ).png();
    for (const [path, image] of [
      [`${folder}/images/${name}.png`, grey(i => (i + n) % 3, 3)],
      [`${folder}/labels/${name}.png`, grey(i => (i % (n + 3)) % 3, 1).toColourspace('b-w')],
    ] as const) {
      mkdirSync(dirname(at(path)), { recursive: true });
      writeFileSync(at(path), await image.toBuffer());
    }
  }
  return at(folder);
}

const data = await plant('set', NAMES);
const words = ['regseg', '-w', weights, '--data', data];
const whole = await runFake([...words, '--json']);
assert.is(whole.code, 0, whole.stderr);

/** `eval` with the fake model in a process of its own. */
const fake = (args: readonly string[], env: Environment): Promise<Outcome> =>
  spawnCli(args, { script: '../../test/cli/fake-eval', env: { ...CLEAN, ...env } });
/** The same in this process. */
async function fakeHere(args: readonly string[], env: Environment): Promise<Outcome> {
  const before = { ...process.env };
  const set = (variables: Environment): void => {
    for (const [variable, value] of Object.entries(variables)) {
      if (value === undefined) delete process.env[variable];
      else process.env[variable] = value;
    }
  };
  set({ ...CLEAN, ...env });
  try {
    const { code, stdout, stderr } = await runFake([...args]);
    return { code, out: stdout, err: stderr };
  } finally {
    set(Object.fromEntries([...Object.keys(CLEAN), ...Object.keys(env)].map(variable => [variable, before[variable]])));
  }
}
const states = (folder: string): string[] =>
  readdirSync(at(folder))
    .filter(name => name.endsWith('.eval.json'))
    .sort()
    .map(name => at(folder, name));

for (const [name, shard, count, env] of [
  ['Slurm', 'auto', 2, index => slurm(2 + 2 * index, 2, 4, 2, 2)],
  ['Kubernetes', 'auto/2', 2, index => ({ JOB_COMPLETION_INDEX: String(index) })],
  ['AWS', 'auto/2', 2, index => ({ AWS_BATCH_JOB_ARRAY_INDEX: String(index) })],
  ['GNU', 'auto/2', 2, index => ({ PARALLEL_SEQ: String(index + 1) })],
] as const satisfies [string, string, number, (index: number) => Environment][])
  test(`${name}: tasks that each take a share leave the numbers of the whole`, async () => {
    const shares = Array.from({ length: count }, (_, index) => index);
    const run = (index: number, how: typeof fake) => how([...words, '-o', at(name), '--shard', shard], env(index));
    // Those of one scheduler are processes, at once; of the others only the variables are.
    const ran = name === 'Slurm' ? await Promise.all(shares.map(index => run(index, fake))) : [];
    for (const index of name === 'Slurm' ? [] : shares) ran.push(await run(index, fakeHere));
    for (const { code, err } of ran) assert.is(code, 0, err);
    assert.equal(
      states(name),
      shares.map(index => at(name, `regseg.${index}-of-${count}.eval.json`)),
    );
    const counts = await Promise.all(states(name).map(async file => (await readState(file)).done.size));
    assert.is(
      counts.reduce((a, b) => a + b),
      NAMES.length,
    );
    assert.ok(counts.filter(Boolean).length > 1, `${counts}`);
    const merged = await cli('eval', 'regseg', '--merge', ...states(name), '--json');
    assert.is(merged.code, 0, merged.err);
    assert.equal(JSON.parse(merged.out), JSON.parse(whole.stdout));
  });

test('a share without pictures is a line and no error, and can be merged', async () => {
  const count = 64;
  const [index] = Array.from({ length: count }, (_, n) => n).filter(
    n => !NAMES.some(name => isOwn({ index: n, count }, `images/${name}.png`)),
  );
  const { code, stdout, stderr } = await runFake([...words, '-o', at('Slurm'), '--shard', `${index}/${count}`, '--json']);
  assert.equal([code, stdout, stderr], [0, '', `shard ${index}/${count} has none of the 7 pictures\n`]);
  assert.is(states('Slurm').length, 3);
  const merged = await cli('eval', '--merge', ...states('Slurm'), '--json');
  assert.equal([merged.code, JSON.parse(merged.out)], [0, JSON.parse(whole.stdout)], merged.err);
});

test('what is missing or failed is said, and the exit code tells', async () => {
  const [first, ...rest] = states('GNU');
  const { code, out, err } = await cli('eval', '--merge', ...rest, '--json');
  const { missing, pictures } = JSON.parse(out);
  const held = (await readState(first)).done.size;
  assert.equal([code, missing, pictures], [1, held, NAMES.length - held]);
  assert.match(err, `${held} of 7 pictures are in none of the states`);

  const bad = await plant('bad', ['a', 'b', 'c']);
  writeFileSync(at('bad/labels/b.png'), 'no picture');
  const failing = ['regseg', '-w', weights, '--data', bad, '--json'];
  const alone = await runFake(failing);
  for (const shard of ['0/2', '1/2']) await runFake([...failing, '-o', at('failed'), '--shard', shard]);
  const merged = await cli('eval', '--merge', ...states('failed'), '--json');
  assert.equal([merged.code, JSON.parse(merged.out)], [1, JSON.parse(alone.stdout)]);
  assert.match(merged.err, '1 of 3 pictures failed: images/b.png');
});

test('states of other settings are not added, and both files are named', async () => {
  const [one, two] = states('GNU');
  await runFake([...words, '-o', at('other'), '--shard', '1/2', '--size', '64x64']);
  const [other] = states('other');
  complained(await cli('eval', '--merge', one, other), 2, one, other, 'size own', '64x64');
  complained(await cli('eval', '--merge', one, two, one), 2, one, 'twice');
  complained(await cli('eval', '--merge'), 2, '*.eval.json');
  complained(await cli('eval', '--merge', one, '--data', data), 2, '--data');
  complained(await cli('eval', '--merge', at('nowhere.json')), 1, at('nowhere.json'));
  complained(await cli('eval', '--merge', save('other.json', '{}')), 2, at('other.json'), 'no state');
  complained(await cli('eval', 'regseg-large', '--merge', one, two), 2, one, 'of regseg,', 'regseg-large');
});

test('a share goes on where it stopped, and new files move no other', async () => {
  const again = await runFake([...words, '-o', at('GNU'), '--shard', '0/2', '--json']);
  const held = (await readState(states('GNU')[0])).done.size;
  assert.match(again.stderr, `${held} of ${held} pictures are done already`);
  const grown = await plant('grown', [...NAMES, 'h', 'i']);
  renameSync(data, at('before'));
  renameSync(grown, data);
  try {
    for (const shard of ['0/2', '1/2']) {
      const { code, stderr } = await runFake([...words, '-o', at('GNU'), '--shard', shard]);
      assert.is(code, 0, stderr);
    }
    const merged = await cli('eval', '--merge', ...states('GNU'), '--json');
    assert.equal([merged.code, JSON.parse(merged.out)], [0, JSON.parse((await runFake([...words, '--json'])).stdout)]);
  } finally {
    renameSync(data, grown);
    renameSync(at('before'), data);
  }
});

test('two processes with the same share at once keep what each other did', async () => {
  const state = await readState(states('AWS')[0]);
  const [half, rest] = [0, 1].map(part => new Map([...state.done].filter((_, n) => n % 2 === part)));
  const file = at('same.eval.json');
  const [one, two] = [openState(file), openState(file)];
  assert.equal([await one.load(), await two.load()], [null, null]);
  await one.save({ ...state, done: half });
  await two.save({ ...state, done: rest, failed: [...half.keys()] });
  await one.save({ ...state, done: half });
  const kept = await readState(file);
  assert.equal([kept.done.size, kept.failed], [state.done.size, []]);
  const stranger = openState(file).save({ ...state, facts: { ...state.facts, size: '8x8' } });
  assert.match(await stranger.then(String, error => error.message), /written by another run, which was made with size own/);
  rmSync(file);
});

test('docs/archives.md: every command that it shows is one, and every variable stands there', () => {
  const page = readFileSync(`${repository}docs/archives.md`, 'utf8');
  const yaml = [...page.matchAll(/\[npx, atrous, (.*)\]/g)].map(([, list]) => list.replaceAll(', ', ' '));
  const shown = [...page.matchAll(/npx atrous ([^'\n]*)/g)].map(([, words]) => words);
  assert.ok(shown.length >= 5 && yaml.length === 1);
  for (const line of [...shown, ...yaml]) {
    const [name, ...rest] = line.split(' ');
    const parsed = parse(name, commands[name], rest);
    const shard = parsed.text('shard');
    if (shard) assert.ok(parseShard(shard, shard === 'auto' ? slurm(0, 0, 15) : { PARALLEL_SEQ: '1' }));
    else assert.ok(parsed.flag('merge'), line);
  }
  for (const variable of all) assert.ok(page.includes(variable), variable);
});

if (who)
  test('the same through the shaders: two tasks of a Slurm array at once, and the whole', async () => {
    save('rgb.onnx', classes());
    save('rgb.card.json', JSON.stringify({ classes: ['a', 'b', 'c'] }));
    const real = ['eval', at('rgb.onnx'), '--data', data, '--precision', 'f32'];
    const array = (id: number) =>
      spawnCli([...real, '--shard', 'auto', '-o', at('real')], { env: { ...CLEAN, ...slurm(id, 1, 2) } });
    for (const { code, err } of await Promise.all([1, 2].map(array))) assert.is(code, 0, err);
    const merged = await cli('eval', '--merge', ...states('real'), '--json');
    const alone = await cli(...real, '--json');
    assert.is(merged.code, 0, merged.err);
    assert.equal(JSON.parse(merged.out), JSON.parse(alone.out), said(alone.err).join('\n'));
    assert.ok(readFileSync(states('real')[0], 'utf8').includes(who.replace(/ \(software\)$/, '').split(' (')[0]));
    sat('device', who);
  });

test.run();
