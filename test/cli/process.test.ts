// What only a process of its own shows: exit codes, that it ends, that no stack trace comes out, and where relative paths lead.
import { spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeLabels } from '../../src/image/png.ts';
import { openAdapter } from '../../src/node/dawn.ts';
import { at, complained, listing, repository, said, save, saveInput, savePicture, spawnCli } from './harness.ts';

await savePicture('good.png', 24, 32);
saveInput(5, 3);
save('text.png', 'no picture');
const adapter = await openAdapter().then(
  opened => {
    opened.release();
    return true;
  },
  error => console.log(`skipped: no adapter: ${error.message}`),
);
const gpu = adapter ? test : test.skip;

/** Drivers that are not there: a machine without a GPU, whatever this one has. */
const noDriver = { VK_DRIVER_FILES: '/nowhere/icd.json', VK_ICD_FILENAMES: undefined };

gpu('npm start, from elsewhere: the sample, into the repository', async () => {
  const results = ['classes', 'overlay'].map(kind => join(repository, `out/seed2_t0_480x360.${kind}.png`));
  for (const file of results) rmSync(file, { force: true });
  const before = listing();
  const { code, out, err } = await spawnCli([], { script: 'start' });
  assert.is(code, 0, err);
  assert.equal(said(err), []);
  const accuracy = Number(/^accuracy (\d+\.\d) %/m.exec(out)?.[1]);
  assert.ok(accuracy >= 95 && Math.abs(accuracy - 95.55) <= 0.5, `accuracy ${accuracy} %`);
  for (const file of results) assert.ok(existsSync(file), file);
  const { height, width } = await decodeLabels(readFileSync(results[0]), results[0]);
  assert.equal([height, width], [360, 480]);
  assert.equal(listing(), before);
});

test('--adapter hardware without a GPU ends with 1 and writes nothing', async () => {
  if (process.platform !== 'linux') return console.log('skipped: --adapter hardware: drivers are only hidden on Linux');
  const before = listing();
  const words = ['--adapter', 'hardware', '-o'];
  const [segment, run] = await Promise.all([
    spawnCli(['segment', 'good.png', ...words, 'never'], { env: noDriver }),
    spawnCli(['run', 'regseg-camvid', '--input', '5x3.safetensors', ...words, 'y.safetensors'], { env: noDriver }),
  ]);
  for (const outcome of [segment, run]) {
    complained(outcome, 1, '--adapter hardware', 'driver');
    assert.is(outcome.out, '');
  }
  assert.equal(listing(), before);
});

test('failures end, with their code, one line and no stack trace', async () => {
  const before = listing();
  const [usage, missing, proc, picture] = await Promise.all([
    spawnCli(['segment', 'good.png', '--size', '-3x4']),
    spawnCli(['segment', 'none.png']),
    spawnCli(['run', 'regseg-camvid', '--input', '5x3.safetensors', '-o', '/proc/x/y.safetensors', '--backend', 'cpu']),
    spawnCli(['segment', 'text.png', '-o', 'never']),
  ]);
  complained(usage, 2, '--size');
  complained(missing, 1, at('none.png'));
  complained(proc, 1, '/proc/x');
  if (adapter) complained(picture, 1, at('text.png'));
  assert.equal(listing(), before);
});

test('npm leaves the caller’s folder in INIT_CWD', async () => {
  const { code, err } = await spawnCli(['segment', 'none.png'], { cwd: repository, env: { INIT_CWD: at() } });
  assert.is(code, 1);
  assert.ok(err.includes(at('none.png')), err);
});

gpu('--json: one object on stdout, all else on stderr', async () => {
  const { code, out, err } = await spawnCli(['inspect', 'regseg', '--size', '32x32', '--adapter', 'this', '--json']);
  assert.is(code, 0);
  assert.is(JSON.parse(out).plan.size.join('x'), '32x32');
  assert.equal(said(err), []);
});

/** `inspect --passes`, 100 kB of text, into a file descriptor; or read until the first bytes came. */
function print(stdout: number | 'pipe'): Promise<{ code: number | null; err: string }> {
  const args = ['--import', import.meta.resolve('tsx'), join(repository, 'src/cli/main.ts'), 'inspect', 'regseg', '--passes'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', stdout, 'pipe'] });
  let err = '';
  child.stderr!.on('data', chunk => (err += chunk));
  child.stdout?.once('data', () => child.stdout!.destroy());
  return new Promise(resolve => child.on('close', code => resolve({ code, err })));
}

test('a pipe that closes is no news; a full disk is', async () => {
  assert.equal((await print('pipe')).err, '');
  if (!existsSync('/dev/full') || !statSync('/dev/full').isCharacterDevice()) return console.log('skipped: there is no /dev/full');
  const { code, err } = await print(openSync('/dev/full', 'w'));
  assert.is(code, 1);
  assert.match(err, /^atrous: standard output .*no space.*\n$/);
});

test.run();
