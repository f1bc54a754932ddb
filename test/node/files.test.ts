// Files: written whole or not at all, listed in order, and every failure with its path and reason.

import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readBytes, resolveFrom, writeAtomic } from '../../src/node/files.ts';
import { findPictures } from '../../src/node/pictures.ts';

const home = mkdtempSync(join(tmpdir(), 'atrous-files-'));
const at = (...names: string[]) => join(home, ...names);
test.after(() => rmSync(home, { recursive: true, force: true }));

async function fails(work: Promise<unknown>, code: string, ...parts: string[]): Promise<void> {
  const error = await work.then(
    () => assert.unreachable('no error'),
    thrown => thrown,
  );
  assert.is(error.code, code, error.stack);
  for (const part of parts) assert.ok(error.message.includes(part), `"${part}" is not in: ${error.message}`);
}

test('writes, makes folders, overwrites, leaves nothing else', async () => {
  await writeAtomic(at('a', 'b', 'x.bin'), Uint8Array.of(1, 2, 3));
  await writeAtomic(at('a', 'b', 'x.bin'), 'text');
  assert.is(readFileSync(at('a', 'b', 'x.bin'), 'utf8'), 'text');
  assert.equal(readdirSync(at('a', 'b')), ['x.bin']);
});

test('many writers of one file: one of them wins, whole', async () => {
  const texts = Array.from({ length: 20 }, (_, i) => `${i}`.repeat(10_000));
  await Promise.all(texts.map(text => writeAtomic(at('race', 'x'), text)));
  assert.ok(texts.includes(readFileSync(at('race', 'x'), 'utf8')));
  assert.equal(readdirSync(at('race')), ['x']);
});

test('a link stays a link, a device stays a device', async () => {
  writeFileSync(at('real'), 'old');
  symlinkSync(at('real'), at('link'));
  await writeAtomic(at('link'), 'new');
  assert.is(readFileSync(at('real'), 'utf8'), 'new');
  await writeAtomic('/dev/null', 'gone');
  await writeAtomic('/dev/null', 'again');
});

test('what can not be written says why, and leaves nothing', async () => {
  mkdirSync(at('folder'));
  writeFileSync(at('file'), '');
  await fails(writeAtomic(at('folder'), 'x'), 'NOT_WRITABLE', at('folder'), 'is a folder');
  await fails(writeAtomic(at('file', 'x'), 'x'), 'NOT_WRITABLE', at('file', 'x'), 'is a file, not a folder');
  await fails(writeAtomic(at('file', 'y', 'x'), 'x'), 'NOT_WRITABLE', 'is a file, not a folder');
  await fails(writeAtomic(at('n'.repeat(300)), 'x'), 'NOT_WRITABLE', 'too long');
  assert.equal(
    readdirSync(home).filter(name => name.includes('.part')),
    [],
  );
});

test('a folder without permission', async () => {
  if (process.getuid?.() === 0) return console.log('skipped: permissions do not bind user 0');
  mkdirSync(at('locked'));
  chmodSync(at('locked'), 0o500);
  await fails(writeAtomic(at('locked', 'x'), 'x'), 'NOT_WRITABLE', 'permission is denied');
  writeFileSync(at('secret'), '', { mode: 0 });
  await fails(readBytes(at('secret')), 'NO_FILE', 'permission is denied');
});

test('a signal removes the temporary and ends the process as ever', async () => {
  const source = pathToFileURL(fileURLToPath(new URL('../../src/node/files.ts', import.meta.url))).href;
  const script = `import { writeAtomic } from '${source}';
    void writeAtomic('${at('stopped', 'big')}', new Uint8Array(2 ** 26));
    const { readdirSync } = await import('node:fs');
    const timer = setInterval(() => {
      try { if (readdirSync('${at('stopped')}').length) { clearInterval(timer); process.kill(process.pid, 'SIGINT'); } } catch {}
    }, 0);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], { stdio: 'inherit' });
  const signal = await new Promise(done => child.on('exit', (_, name) => done(name)));
  assert.is(signal, 'SIGINT');
  assert.equal(readdirSync(at('stopped')), []);
});

test('reads', async () => {
  writeFileSync(at('bytes'), Uint8Array.of(7, 8));
  assert.equal(await readBytes(at('bytes')), Uint8Array.of(7, 8));
  await fails(readBytes(at('nowhere')), 'NO_FILE', at('nowhere'), 'no such file');
  await fails(readBytes(home), 'NO_FILE', 'is a folder');
});

test('pictures of a folder', async () => {
  mkdirSync(at('pictures', 'deeper.png'), { recursive: true });
  for (const name of ['b.JPG', 'a.png', 'c.jpeg', '.hidden.png', 'notes.txt', 'd.webp', 'e.bmp', 'png'])
    writeFileSync(at('pictures', name), '');
  for (const name of ['a.png', 'x.png']) {
    mkdirSync(at('pictures', 'sub', 'out'), { recursive: true });
    writeFileSync(at('pictures', 'sub', name), '');
    writeFileSync(at('pictures', 'sub', 'out', name), '');
  }
  const out = at('pictures', 'sub', 'out');
  const names = async (...words: string[]): Promise<string[]> => (await findPictures(words, out)).map(({ name }) => name);
  assert.equal(await names(at('pictures')), ['a', 'b', 'c', 'd', 'sub/a', 'sub/x']);
  assert.equal(await findPictures([at('pictures', 'b.JPG')], out), [{ file: at('pictures', 'b.JPG'), name: 'b', path: 'b.JPG' }]);
  // A file that is named is taken, whatever its ending; a pattern's names start behind its fixed part.
  assert.equal(await names(at('pictures', 'notes.txt')), ['notes']);
  assert.equal(await names(at('pictures', '*', '*.png')), ['sub/a', 'sub/x']);
  assert.equal(await names(at('pictures', 'sub', '{x,y}.png')), ['x']);
  await fails(findPictures([at('pictures', 'deeper.png')], out), 'NO_FILE', 'holds no picture');
  await fails(findPictures([at('pictures', '*.bmp2')], out), 'NO_FILE', 'matches no picture');
  await fails(findPictures([at('nowhere')], out), 'NO_FILE', 'no such file');
  await fails(
    findPictures([at('pictures', 'a.png'), at('pictures', 'sub', 'a.png')], out),
    'BAD_USAGE',
    'both be written to a.classes.png',
  );
});

test('relative paths start where the caller was', () => {
  const { INIT_CWD: caller, npm_package_json: manifest } = process.env;
  const set = (values: Record<string, string | undefined>) => {
    for (const [name, value] of Object.entries(values))
      value === undefined ? delete process.env[name] : (process.env[name] = value);
  };
  set({ INIT_CWD: undefined, npm_package_json: undefined });
  assert.is(resolveFrom('x/y'), resolve('x/y'));
  set({ INIT_CWD: home });
  assert.is(resolveFrom('x'), at('x'));
  assert.is(resolveFrom('/x'), '/x');
  set({ npm_package_json: resolve('package.json') });
  assert.is(resolveFrom('x'), at('x'));
  set({ npm_package_json: '/elsewhere/package.json' }); // the process has gone to another folder since npm started it
  assert.is(resolveFrom('x'), resolve('x'));
  set({ INIT_CWD: caller, npm_package_json: manifest });
});

test.run();
