// Folders as researchers have them: patterns, mirrored sub-folders, runs that are killed and go on, shards, own labels, and frames through a pipe.
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openRecord } from '../../src/cli/settings.ts';
import { fnv1a } from '../../src/cli/shard.ts';
import { decodeLabels } from '../../src/image/png.ts';
import { at, cli, complained, home, pixels, repository, save, savePicture } from './harness.ts';
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
  const whole = await cli('segment', 'tree', '-o', 'whole', '--mask');
  assert.is(whole.code, 0, whole.err);
  assert.equal(names('whole'), classMaps);
  const inside = await cli('segment', 'tree', '-o', 'tree/results', '--mask', '--json');
  const again = await cli('segment', 'tree', '-o', 'tree/results', '--mask', '--json');
  assert.is(again.out.trim().split('\n').length, NAMES.length, again.err);
  assert.is(inside.out.trim().split('\n').length, NAMES.length, inside.err);
  assert.equal(contents('tree/results'), contents('whole'));
});

gpu('patterns: names begin behind the fixed part', async () => {
  const { code, err } = await cli('segment', 'tree/left/**/*.png', 'tree/*.{jpg,tif}', '-o', 'pattern', '--mask');
  assert.is(code, 0, err);
  assert.equal(names('pattern'), ['a.classes.png', 'b.classes.png', 'deep/a.classes.png']);
});

gpu('two shards together make the whole, whether they are named or a scheduler says which', async () => {
  let count = 0;
  for (const [index, shard] of ['0/2', 'auto/2'].entries()) {
    process.env.JOB_COMPLETION_INDEX = String(index);
    const { code, out, err } = await cli('segment', 'tree', '--mask', '-o', 'shards', '--shard', shard, '--json');
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
  const { code, out, err } = await cli('segment', 'tree', '-o', 'empty', '--shard', `${empty}/32`);
  assert.equal([code, out, err], [0, '', `shard ${empty}/32 has none of the ${NAMES.length} pictures\n`]);
});

for (const shard of ['2/2', '-1/2', '1', '0/0', 'a/b']) {
  test(`--shard ${shard} is refused`, async () => {
    const { code, err } = await cli('segment', 'tree', `--shard=${shard}`);
    assert.is(code, 2);
    assert.match(err, /^atrous: --shard .*from 0 to n/);
  });
}

gpu('a run that is killed in the middle and resumed gives the same files', async () => {
  const args = [
    '--import',
    import.meta.resolve('tsx'),
    join(repository, 'src/cli/main.ts'),
    'segment',
    'tree',
    '--mask',
    '-o',
    'killed',
    '--json',
  ];
  const child = spawn(process.execPath, args, { cwd: home, stdio: ['ignore', 'pipe', 'ignore'] });
  child.stdout.once('data', () => child.kill('SIGKILL'));
  await new Promise(resolve => child.on('close', resolve));
  const before = names('killed').filter(name => name.endsWith('.classes.png')).length;
  assert.ok(before >= 1 && before < NAMES.length, `${before} results when it was killed`);
  const { code, out, err } = await cli('segment', 'tree', '--mask', '-o', 'killed', '--json', '--resume');
  assert.is(code, 0, err);
  assert.is(out.trim().split('\n').length, NAMES.length - before, 'only the missing ones are made');
  const kept = contents('killed').filter(([name]) => name.endsWith('.classes.png'));
  assert.equal(kept, contents('whole'));
  const nothing = await cli('segment', 'tree', '--mask', '-o', 'killed', '--json', '--resume');
  assert.equal([nothing.code, nothing.out], [0, '']);
  assert.equal(
    names('killed').filter(name => !classMaps.includes(name)),
    ['.atrous.json'],
    'nothing half-written',
  );
});

gpu('--resume goes on with the same settings only', async () => {
  const words = ['segment', 'tree', '--mask', '-o', 'settings', '--json'];
  const begun = await cli(...words, '--shard', '0/2', '--resume');
  assert.is(begun.code, 0, begun.err);
  const record = readFileSync(at('settings', '.atrous.json'), 'utf8');
  const before = contents('settings');
  const next = [at('settings', '.atrous.json'), '--output', 'without --resume'];
  complained(await cli(...words, '--resume', '--size', '40x24'), 2, 'size own', 'now it is 40x24', ...next);
  complained(await cli(...words, '--resume', '--precision', 'half'), 2, 'precision auto', 'now it is half', ...next);
  save('names.txt', Array.from({ length: 11 }, (_, n) => `class ${n}`).join('\n'));
  complained(await cli(...words, '--resume', '--labels', 'names.txt'), 2, 'classes sky', 'now it is class 0', ...next);
  assert.equal(contents('settings'), before, 'a run that is refused changes nothing');
  const rest = await cli(...words, '--resume');
  assert.is(rest.code, 0, rest.err);
  assert.is(rest.out.trim().split('\n').length, NAMES.length - (before.length - 1));
  assert.is(readFileSync(at('settings', '.atrous.json'), 'utf8'), record);

  // Without --resume results are written over, and what stays beside them is of other settings.
  const other = await cli('segment', 'tree/a.png', '--mask', '-o', 'settings', '--size', '40x24');
  assert.is(other.code, 0, other.err);
  for (const size of [[], ['--size', '40x24']]) complained(await cli(...words, '--resume', ...size), 2, 'size several', ...next);

  // A run that is killed over results of a finished one, which left no record of its settings: what is there is of both.
  await cli('segment', 'tree', '--mask', '-o', 'both');
  const killed = { resume: false, several: true, others: true };
  await (await openRecord(at('both'), () => JSON.parse(record), killed)).begin();
  complained(await cli('segment', 'tree', '--mask', '-o', 'both', '--resume'), 2, 'network several', at('both', '.atrous.json'));

  const unknown = await cli('segment', 'tree', '--mask', '-o', 'whole', '--json', '--resume');
  assert.equal([unknown.code, unknown.out], [0, '']);
  assert.match(unknown.err, /5 of 5 pictures .* settings that are not recorded/);
  save('settings/.atrous.json', '{"size": ');
  complained(await cli(...words), 2, at('settings', '.atrous.json'), 'remove it');
});

gpu('--labels: own names and colours', async () => {
  const labels = Array.from({ length: 11 }, (_, n) => (n === 3 ? 'our street 1,2,3' : `class ${n}`));
  save('labels.txt', `# ours\n${labels.join('\n')}\n`);
  const { code, out, err } = await cli('segment', 'tree/a.png', '--mask', '-o', 'labelled', '--labels', 'labels.txt', '--json');
  assert.is(code, 0, err);
  assert.ok(
    Object.keys(JSON.parse(out).shares).every(name => /^our street$|^class \d+$/.test(name)),
    out,
  );
  const { palette } = await decodeLabels(readFileSync(at('labelled', 'a.classes.png')), 'a');
  assert.equal(palette?.[3] && [...palette[3]], [1, 2, 3]);
  save('few.txt', 'one\ntwo\n');
  const few = await cli('segment', 'tree/a.png', '--labels', 'few.txt');
  assert.is(few.code, 2);
  assert.match(few.err, /few\.txt has 2 lines, the weights have 11 classes/);
});

gpu('--raw: frames in, class maps out, and an end within a frame', async () => {
  const frame = pixels('frame', 24, 32);
  const args = ['--import', import.meta.resolve('tsx'), join(repository, 'src/cli/main.ts'), 'segment', '--raw', '24x32'];
  const child = spawn(process.execPath, args, { cwd: home, stdio: ['pipe', 'pipe', 'pipe'] });
  const parts: Buffer[] = [];
  let said = '';
  child.stdout.on('data', part => parts.push(part));
  child.stderr.on('data', text => (said += text));
  // Two frames and a piece of a third, cut where no frame ends.
  const bytes = Buffer.concat([frame.data, frame.data, frame.data.subarray(0, 100)]);
  child.stdin.write(bytes.subarray(0, 1000));
  child.stdin.end(bytes.subarray(1000));
  const code = await new Promise(resolve => child.on('close', resolve));
  assert.is(code, 1);
  assert.match(said, /stdin ended within frame 2, after 100 of its 2304 bytes/);
  const classes = Buffer.concat(parts);
  assert.is(classes.length, 2 * 24 * 32);
  assert.equal(classes.subarray(0, 768), classes.subarray(768));
});

test('--raw takes no pictures', async () => {
  const { code, err } = await cli('segment', '--raw', '24x32', 'tree', '--mask');
  assert.is(code, 2);
  assert.match(err, /leave out tree --mask/);
});

test.run();
