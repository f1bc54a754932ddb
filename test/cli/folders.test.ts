// Folders as researchers have them: patterns, mirrored sub-folders, runs that are killed and go on, shards, own labels, and frames through a pipe.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openRecord } from '../../src/cli/settings.ts';
import { fnv1a } from '../../src/cli/shard.ts';
import { openWeights } from '../../src/cli/weights.ts';
import { decodeLabels } from '../../src/image/png.ts';
import { decodeWeights } from '../../src/load.ts';
import { numbers, onnx } from '../onnx/writer.ts';
import { at, cli, complained, home, type Outcome, pixels, repository, save, savePicture, spawnCli, WEIGHTS } from './harness.ts';
import { shareDevice } from './one-device.ts';

const cwd = process.cwd();
process.chdir(home);
const { INIT_CWD: caller } = process.env;
delete process.env.INIT_CWD;
const close = await shareDevice();
const gpu = close ? test : test.skip;
test.after(() => {
  close?.();
  process.chdir(cwd);
  if (caller !== undefined) process.env.INIT_CWD = caller;
});

mkdirSync(at('tree', 'left', 'deep'), { recursive: true });
mkdirSync(at('tree', 'right'));
const NAMES = ['a.png', 'b.jpg', 'left/a.png', 'left/deep/a.png', 'right/c.png'];
for (const name of NAMES) await savePicture(`tree/${name}`, 24, 32);

// Folders are the same for every network: this one's only convolution compiles in no time. Its classes are the package's.
save(
  'small.onnx',
  onnx({
    inputs: { x: [1, 3, 'h', 'w'] },
    outputs: ['y'],
    nodes: [{ op: 'Conv', inputs: ['x', 'w'], outputs: ['y'] }],
    initializers: { w: numbers([11, 3, 1, 1], n => ((n * 7) % 5) - 2) },
  }),
);
const { classes, palette, preprocessing } = (await decodeWeights(readFileSync(WEIGHTS), WEIGHTS, {})).card;
save('small.card.json', JSON.stringify({ classes, palette, preprocessing }));
const SEGMENT = ['segment', '-m', 'small.onnx'];
const segment = (...words: string[]): Promise<Outcome> => cli(...SEGMENT, ...words);
/** In a process of its own. */
const start = (words: readonly string[], stdio: ('pipe' | 'ignore')[]): ChildProcess =>
  spawn(process.execPath, ['--import', import.meta.resolve('tsx'), join(repository, 'src/cli/main.ts'), ...SEGMENT, ...words], {
    cwd: home,
    stdio,
  });

/** Every file below a folder with its bytes. */
function contents(folder: string): [string, string][] {
  return readdirSync(at(folder), { recursive: true, encoding: 'utf8' })
    .filter(name => statSync(at(folder, name)).isFile())
    .sort()
    .map(name => [name, readFileSync(at(folder, name)).toString('base64')]);
}

const names = (folder: string): string[] => contents(folder).map(([name]) => name);
const classMaps = NAMES.map(name => `${name.split('.')[0]}.classes.png`).sort();

gpu('sub-folders are mirrored; a second run takes no result for a picture', async () => {
  const whole = await segment('tree', '-o', 'whole', '--mask');
  assert.is(whole.code, 0, whole.err);
  assert.equal(names('whole'), classMaps);
  const inside = await segment('tree', '-o', 'tree/results', '--mask', '--json');
  const again = await segment('tree', '-o', 'tree/results', '--mask', '--json');
  assert.is(again.out.trim().split('\n').length, NAMES.length, again.err);
  assert.is(inside.out.trim().split('\n').length, NAMES.length, inside.err);
  assert.equal(contents('tree/results'), contents('whole'));
  rmSync(at('tree/results'), { recursive: true });
});

gpu('patterns: names begin behind the fixed part', async () => {
  const { code, err } = await segment('tree/left/**/*.png', 'tree/*.{jpg,tif}', '-o', 'pattern', '--mask');
  assert.is(code, 0, err);
  assert.equal(names('pattern'), ['a.classes.png', 'b.classes.png', 'deep/a.classes.png']);
});

gpu('two shards together make the whole, whether they are named or a scheduler says which', async () => {
  let count = 0;
  for (const [index, shard] of ['0/2', 'auto/2'].entries()) {
    process.env.JOB_COMPLETION_INDEX = String(index);
    const { code, out, err } = await segment('tree', '--mask', '-o', 'shards', '--shard', shard, '--json');
    delete process.env.JOB_COMPLETION_INDEX;
    assert.is(code, 0, err);
    const inputs = out
      .trim()
      .split('\n')
      .map(line => relative(at('tree'), JSON.parse(line).input));
    assert.equal(
      inputs,
      NAMES.filter(name => fnv1a(name) % 2 === index),
    );
    count += inputs.length;
  }
  assert.is(count, NAMES.length);
  assert.equal(contents('shards'), contents('whole'));
});

test('a shard without pictures is a line and no error', async () => {
  const empty = Array.from({ length: 32 }, (_, n) => n).find(n => !NAMES.some(name => fnv1a(name) % 32 === n));
  const { code, out, err } = await segment('tree', '-o', 'empty', '--shard', `${empty}/32`);
  assert.equal([code, out, err], [0, '', `shard ${empty}/32 has none of the ${NAMES.length} pictures\n`]);
});

for (const shard of ['2/2', '-1/2', '1', '0/0', 'a/b']) {
  test(`--shard ${shard} is refused`, async () => {
    const { code, err } = await segment('tree', `--shard=${shard}`);
    assert.is(code, 2);
    assert.match(err, /^atrous: --shard .*from 0 to n/);
  });
}

gpu('a run that is killed in the middle and resumed gives the same files', async () => {
  // Large ones, so that the second is not there yet.
  mkdirSync(at('large'));
  for (const name of ['a.png', 'b.png', 'c.png', 'd.png']) await savePicture(`large/${name}`, 600, 800);
  const finished = await segment('large', '--mask', '-o', 'large-whole');
  assert.is(finished.code, 0, finished.err);
  const child = start(['large', '--mask', '-o', 'killed', '--json'], ['ignore', 'pipe', 'ignore']);
  child.stdout!.once('data', () => child.kill('SIGKILL'));
  await new Promise(resolve => child.on('close', resolve));
  const before = names('killed').filter(name => name.endsWith('.classes.png')).length;
  assert.ok(before >= 1 && before < 4, `${before} results when it was killed`);
  const { code, out, err } = await segment('large', '--mask', '-o', 'killed', '--json', '--resume');
  assert.is(code, 0, err);
  assert.is(out.trim().split('\n').length, 4 - before, 'only the missing ones are made');
  const kept = contents('killed').filter(([name]) => name.endsWith('.classes.png'));
  assert.equal(kept, contents('large-whole'));
  const nothing = await segment('large', '--mask', '-o', 'killed', '--json', '--resume');
  assert.equal([nothing.code, nothing.out], [0, '']);
  assert.equal(
    names('killed').filter(name => !names('large-whole').includes(name)),
    ['.atrous.json'],
    'nothing half-written',
  );
});

gpu('--resume goes on with the same settings only', async () => {
  const words = ['tree', '--mask', '-o', 'settings', '--json'];
  const begun = await segment(...words, '--shard', '0/2', '--resume');
  assert.is(begun.code, 0, begun.err);
  const record = readFileSync(at('settings', '.atrous.json'), 'utf8');
  const before = contents('settings');
  const next = [at('settings', '.atrous.json'), '--output', 'without --resume'];
  complained(await segment(...words, '--resume', '--size', '40x24'), 2, 'size own', 'now it is 40x24', ...next);
  complained(await segment(...words, '--resume', '--precision', 'half'), 2, 'precision auto', 'now it is half', ...next);
  save('names.txt', Array.from({ length: 11 }, (_, n) => `class ${n}`).join('\n'));
  complained(await segment(...words, '--resume', '--labels', 'names.txt'), 2, 'classes sky', 'now it is class 0', ...next);
  assert.equal(contents('settings'), before, 'a run that is refused changes nothing');
  const rest = await segment(...words, '--resume');
  assert.is(rest.code, 0, rest.err);
  assert.is(rest.out.trim().split('\n').length, NAMES.length - (before.length - 1));
  assert.is(readFileSync(at('settings', '.atrous.json'), 'utf8'), record);

  // Without --resume results are written over, and what stays beside them is of other settings.
  const other = await segment('tree/a.png', '--mask', '-o', 'settings', '--size', '40x24');
  assert.is(other.code, 0, other.err);
  for (const size of [[], ['--size', '40x24']])
    complained(await segment(...words, '--resume', ...size), 2, 'size several', ...next);

  // A run that is killed over results of a finished one, which left no record of its settings: what is there is of both.
  await segment('tree', '--mask', '-o', 'both');
  const killed = { resume: false, several: true, others: true };
  await (await openRecord(at('both'), () => JSON.parse(record), killed)).begin();
  complained(await segment('tree', '--mask', '-o', 'both', '--resume'), 2, 'network several', at('both', '.atrous.json'));

  const unknown = await segment('tree', '--mask', '-o', 'whole', '--json', '--resume');
  assert.equal([unknown.code, unknown.out], [0, '']);
  assert.match(unknown.err, /5 of 5 pictures .* settings that are not recorded/);
  save('settings/.atrous.json', '{"size": ');
  complained(await segment(...words), 2, at('settings', '.atrous.json'), 'remove it');
});

gpu('--labels: own names and colours', async () => {
  const labels = Array.from({ length: 11 }, (_, n) => (n === 3 ? 'our street 1,2,3' : `class ${n}`));
  save('labels.txt', `# ours\n${labels.join('\n')}\n`);
  const { code, out, err } = await segment('tree/a.png', '--mask', '-o', 'labelled', '--labels', 'labels.txt', '--json');
  assert.is(code, 0, err);
  assert.ok(
    Object.keys(JSON.parse(out).shares).every(name => /^our street$|^class \d+$/.test(name)),
    out,
  );
  const { palette } = await decodeLabels(readFileSync(at('labelled', 'a.classes.png')), 'a');
  assert.equal(palette?.[3] && [...palette[3]], [1, 2, 3]);
  save('few.txt', 'one\ntwo\n');
  const few = await segment('tree/a.png', '--labels', 'few.txt');
  assert.is(few.code, 2);
  assert.match(few.err, /few\.txt has 2 lines, the weights have 11 classes/);
});

gpu('--raw: frames in, class maps out, and an end within a frame', async () => {
  const frame = pixels('frame', 24, 32);
  const child = start(['--raw', '24x32'], ['pipe', 'pipe', 'pipe']);
  const parts: Buffer[] = [];
  let said = '';
  child.stdout!.on('data', part => parts.push(part));
  child.stderr!.on('data', text => (said += text));
  // Two frames and a piece of a third, cut where no frame ends.
  const bytes = Buffer.concat([frame.data, frame.data, frame.data.subarray(0, 100)]);
  child.stdin!.write(bytes.subarray(0, 1000));
  child.stdin!.end(bytes.subarray(1000));
  const code = await new Promise(resolve => child.on('close', resolve));
  assert.is(code, 1);
  assert.match(said, /stdin ended within frame 2, after 100 of its 2304 bytes/);
  const classes = Buffer.concat(parts);
  assert.is(classes.length, 2 * 24 * 32);
  assert.equal(classes.subarray(0, 768), classes.subarray(768));
});

gpu('--raw: an empty stdin is a failure', async () => {
  const child = start(['--raw', '24x32'], ['ignore', 'pipe', 'pipe']);
  let [made, said] = ['', ''];
  child.stdout!.on('data', part => (made += part));
  child.stderr!.on('data', text => (said += text));
  assert.is(await new Promise(resolve => child.on('close', resolve)), 1);
  assert.is(made, '');
  assert.match(said, /atrous: --raw: stdin is empty: not one frame of 24x32 came/);
});

gpu('--raw: frames that no texture holds are refused though stdin goes on', async () => {
  const child = start(['--raw', '1x200000'], ['pipe', 'ignore', 'pipe']);
  let said = '';
  child.stderr!.on('data', text => (said += text));
  child.stdin!.on('error', () => {});
  child.stdin!.write(new Uint8Array(100)); // and no end
  assert.is(await new Promise(resolve => child.on('close', resolve)), 1);
  assert.match(said, /atrous: the picture is 1×200000, the adapter's textures hold at most/);
});

for (const size of ['999999x999999', '20000x20000']) {
  test(`--raw ${size} is refused before anything is allocated`, async () => {
    complained(await segment('--raw', size), 1, `--raw ${size}`, 'at most 268435456');
  });
}

gpu('a folder says what it leaves out, in words and in JSON', async () => {
  mkdirSync(at('foreign'));
  await savePicture('foreign/a.png', 24, 32);
  for (const name of ['b.bmp', 'c.bmp', 'd.ppm', 'notes.txt', 'a.classes.png']) save(`foreign/${name}`, '');
  const { code, out, err } = await segment('foreign', '-o', 'foreign-out', '--mask', '--json');
  assert.is(code, 0, err);
  const [first, second] = out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));
  assert.equal(first, { input: at('foreign'), left_out: { formats: { '.bmp': 2, '.ppm': 1 }, results: 1, others: 1 } });
  assert.is(second.input, at('foreign', 'a.png'));
  assert.match(err, /foreign: 5 files are left out: formats that are not read \(\.bmp 2, \.ppm 1: convert to PNG\)/);
});

gpu('*.png twice, as a shell expands it, beside the pictures', async () => {
  mkdirSync(at('beside'));
  for (const name of ['a.png', 'b.png']) await savePicture(`beside/${name}`, 24, 32);
  for (const run of [1, 2]) {
    const words = readdirSync(at('beside')).filter(name => !name.startsWith('.'));
    const { code, err } = await segment(...words.map(name => `beside/${name}`), '-o', 'beside');
    assert.is(code, 0, err);
    assert.is(names('beside').length, 6, `after run ${run}: ${names('beside')}`);
  }
});

gpu('a name of 240 bytes', async () => {
  const name = 'n'.repeat(236);
  mkdirSync(at('long'));
  await savePicture(`long/${name}.png`, 24, 32);
  const { code, err } = await segment('long', '-o', 'long-out');
  assert.is(code, 0, err);
  assert.equal(names('long-out'), [`${name}.classes.png`, `${name}.overlay.png`]);
});

gpu('control characters of file names and labels are escaped for people, and in JSON as JSON does', async () => {
  mkdirSync(at('rude'));
  const name = 'a\u001b[2J\u0007\r\u009b\n\u202egnp.png';
  await savePicture(`rude/${name}`, 24, 32);
  save('rude/broken\u001b[31m.png', 'no picture');
  const label = 'street\u001b]0;title\u0007';
  save('rude.txt', Array.from({ length: 11 }, (_, n) => `${label}${n}`).join('\n'));
  const words = ['rude', '-o', 'rude-out', '--labels', 'rude.txt'];
  const plain = await segment(...words);
  const json = await segment(...words, '--json');
  for (const [stream, text] of Object.entries({ out: plain.out, err: plain.err, 'err of --json': json.err })) {
    const raw = text.match(/[\p{Cc}\p{Cf}]/gu)?.filter(character => character !== '\n') ?? [];
    assert.equal(raw, [], `${stream}: ${JSON.stringify(text)}`);
  }
  assert.ok(plain.out.includes('a\\u001b[2J\\u0007\\u000d\\u009b\\u000a\\u202egnp.png'), plain.out);
  assert.ok(plain.err.includes('broken\\u001b[31m.png'), plain.err);
  const rows = json.out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));
  assert.ok(rows.some(({ input }) => input === at('rude', name)));
  assert.ok(Object.keys(rows.find(({ shares }) => shares).shares).every(found => found.startsWith(label)));
  assert.not.match(json.out, '\u001b');
});

for (const [encoding, encode] of [
  ['UTF-16 with a mark', text => Buffer.from(`\ufeff${text}`, 'utf16le')],
  ['UTF-8 with a mark, CR alone', text => `\ufeff${text.replaceAll('\n', '\r')}`],
  ['lines that end with U+2028', text => text.replaceAll('\n', '\u2028')],
] as [string, (text: string) => string | Buffer][]) {
  test(`--labels in ${encoding}`, async () => {
    const lines = Array.from({ length: 11 }, (_, n) => `straße ${n}`);
    const file = save('encoded.txt', encode(`${lines.join('\n')}\n`));
    const words = { words: [], positionals: [], flag: () => false, list: () => [] };
    const { card } = await openWeights('regseg-camvid', { ...words, text: option => (option === 'labels' ? file : undefined) });
    assert.equal(card.classes, lines);
  });
}

gpu('a disk that is full ends the run: what is done is told, and the picture that failed leaves nothing', async () => {
  mkdirSync(at('filling'));
  for (const name of ['a.png', 'b.png', 'c.png', 'd.png']) await savePicture(`filling/${name}`, 24, 32);
  // Writing to this device fails as on a full disk.
  mkdirSync(at('disk'));
  symlinkSync('/dev/full', at('disk', 'b.overlay.png'));
  const { code, out, err } = await segment('filling', '-o', 'disk', '--json', '--resume');
  assert.is(code, 1);
  const rows = out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));
  assert.equal(
    rows.map(({ input, error }) => [input, error?.code]),
    [
      [at('filling', 'a.png'), undefined],
      [at('filling', 'b.png'), 'NOT_WRITABLE'],
    ],
  );
  assert.match(
    err,
    /^atrous: stopped: 1 of 4 pictures are done; .*b\.overlay\.png can't be written: no space is left on the disk/m,
  );
  assert.equal(readdirSync(at('disk')).sort(), ['.atrous.json', 'a.classes.png', 'a.overlay.png', 'b.overlay.png']);
});

gpu('two processes on one folder', async () => {
  for (const resume of [[], ['--resume']]) {
    const folder = `both-at-once${resume.length}`;
    const words = ['tree', '--mask', '-o', folder, ...resume];
    const runs = await Promise.all(['0/2', '1/2', '0/2'].map(shard => spawnCli([...SEGMENT, ...words, '--shard', shard])));
    for (const { code, err } of runs) assert.is(code, 0, err);
    assert.equal(names(folder), [...(resume.length ? ['.atrous.json'] : []), ...classMaps]);
    assert.equal(
      contents(folder).filter(([name]) => name !== '.atrous.json'),
      contents('whole'),
    );
  }
});

// Runs that begin (+) and end (-) in this order, and what is left: r resumes, s does not, t does not and has other settings.
for (const [order, left] of [
  ['s+ s-', 'nothing'],
  ['r+ r-', 'own'],
  ['s+ r+ s- r-', 'own'],
  ['s+ r+ s-', 'own'],
  ['r+ s+ s- r-', 'own'],
  ['s+ S+ s- S-', 'nothing'],
  ['s+ S+ s-', 'own'],
  ['s+ t+ s- t-', 'several'],
  ['s+ t+ t- s-', 'several'],
  ['s+ t+ s-', 'several'],
] as const) {
  test(`the record of runs that share a folder: ${order}`, async () => {
    const folder = at('records', order);
    const runs = new Map<string, Awaited<ReturnType<typeof openRecord>>>();
    for (const [who, what] of order.split(' ')) {
      const facts = { weights: 'w', size: who === 't' ? '4x4' : 'own' };
      const record =
        runs.get(who) ?? (await openRecord(folder, () => facts, { resume: who === 'r', several: true, others: false }));
      runs.set(who, record);
      await (what === '+' ? record.begin() : record.end());
    }
    const file = join(folder, '.atrous.json');
    const found = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).size : 'nothing';
    assert.match(found, left);
  });
}

test('a run that was opened before another had begun is refused if that one has other settings', async () => {
  const open = (size: string) =>
    openRecord(at('records', 'raced'), () => ({ weights: 'w', size }), { resume: true, several: true, others: false });
  const [first, second] = [await open('own'), await open('4x4')];
  await first.begin();
  const error = await second.begin().catch(thrown => thrown);
  assert.match(error.message, /size own, and now it is 4x4/);
});

test('--raw takes no pictures', async () => {
  const { code, err } = await segment('--raw', '24x32', 'tree', '--mask');
  assert.is(code, 2);
  assert.match(err, /leave out tree --mask/);
});

test.run();
