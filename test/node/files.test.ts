// Files: written whole or not at all, listed in order, and every failure with its path and reason.

import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AtrousError } from '../../src/errors.ts';
import { checkFolder, decodeText, isDiskFull, readBytes, resolveFrom, writeAtomic, writeTogether } from '../../src/node/files.ts';
import { describeLeft, findPictures, splitPattern } from '../../src/node/pictures.ts';

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
  const names = async (...words: string[]): Promise<string[]> => (await findPictures(words, out)).pictures.map(({ name }) => name);
  assert.equal(await names(at('pictures')), ['a', 'b', 'c', 'd', 'sub/a', 'sub/x']);
  assert.equal((await findPictures([at('pictures', 'b.JPG')], out)).pictures, [
    { file: at('pictures', 'b.JPG'), name: 'b', path: 'b.JPG' },
  ]);
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

test('folders that are linked: each real folder once, by its own path first; circles are left alone', async () => {
  mkdirSync(at('around', 'elsewhere'), { recursive: true });
  mkdirSync(at('around', 'linked', 'sub', 'own'), { recursive: true });
  const picture = (...path: string[]): void => writeFileSync(at('around', ...path), '');
  picture('linked', 'a.png');
  picture('linked', 'sub', 'own', 'b.png');
  picture('outside.png');
  picture('elsewhere', 'c.png');
  for (let n = 0; n < 7; n++) {
    symlinkSync('.', at('around', 'linked', `self${n}`));
    symlinkSync('..', at('around', 'linked', 'sub', `up${n}`));
    symlinkSync('../..', at('around', 'linked', 'sub', 'own', `higher${n}`));
  }
  symlinkSync('..', at('around', 'linked', 'outside'));
  symlinkSync('sub/own', at('around', 'linked', 'again'));
  symlinkSync('../elsewhere', at('around', 'linked', 'there'));
  symlinkSync('../elsewhere', at('around', 'linked', 'there-too'));
  symlinkSync('a.png', at('around', 'linked', 'link.png'));
  const found = async (...words: string[]): Promise<string[]> =>
    (await findPictures(words, at('out'))).pictures.map(({ name }) => name);
  assert.equal(await found(at('around', 'linked')), ['a', 'link', 'sub/own/b', 'there/c']);
  assert.equal(await found(at('around', 'linked', '**', '*.png')), ['a', 'link', 'sub/own/b', 'there/c']);
});

test('what a folder leaves out is counted, and results of pictures that are named are not segmented', async () => {
  mkdirSync(at('mixed', 'sub'), { recursive: true });
  const names = [
    'a.png',
    'a.classes.png',
    'a.overlay.png',
    'b.bmp',
    'c.BMP',
    'sub/d.ppm',
    'notes.txt',
    'x.heic',
    'lone.classes.png',
  ];
  for (const name of names) writeFileSync(at('mixed', name), '');
  const { pictures, left } = await findPictures([at('mixed')], at('out'));
  assert.equal(
    pictures.map(({ name }) => name),
    ['a'],
  );
  assert.equal(left, [{ input: at('mixed'), formats: { '.bmp': 2, '.heic': 1, '.ppm': 1 }, results: 3, others: 1 }]);
  assert.is(
    describeLeft(left[0]),
    '8 files are left out: formats that are not read (.bmp 2, .heic 1, .ppm 1: convert to PNG), results of an earlier run (3), no pictures by their endings (1)',
  );
  // As a shell expands *.png; a class map whose picture is not named is a picture like any other.
  const words = ['a.classes.png', 'a.overlay.png', 'a.png', 'lone.classes.png'].map(name => at('mixed', name));
  const named = await findPictures(words, at('out'));
  assert.equal(
    named.pictures.map(({ name }) => name),
    ['a', 'lone.classes'],
  );
  assert.equal(named.left, [{ input: at('mixed'), formats: {}, results: 2, others: 0 }]);
  assert.equal((await findPictures([words[0]], at('out'))).pictures.length, 1);
  await fails(findPictures([at('mixed', 'sub')], at('out')), 'NO_FILE', 'holds no picture', '.ppm 1: convert to PNG');
});

for (const [platform, word, folder, pattern] of [
  ['win32', 'C:\\pics\\*.jpg', 'C:\\pics', '*.jpg'],
  ['win32', 'C:\\*.jpg', 'C:\\', '*.jpg'],
  ['win32', 'C:/pics/2020/**/*.{jpg,png}', 'C:\\pics\\2020', '**/*.{jpg,png}'],
  ['win32', '\\\\server\\share\\pics\\a?.png', '\\\\server\\share\\pics', 'a?.png'],
  ['win32', 'pics\\sub\\x.jpg', null, null],
  ['linux', '/pics/*.jpg', '/pics', '*.jpg'],
  ['linux', '/*.jpg', '/', '*.jpg'],
  ['linux', '*.jpg', '.', '*.jpg'],
  ['linux', 'holiday (1)/[ab]/*.jpg', 'holiday (1)', '[ab]/*.jpg'],
  ['linux', 'a\\[1\\]/*.png', 'a[1]', '*.png'],
  ['linux', 'a\\*.png', null, null],
] as const) {
  test(`a pattern on ${platform}: ${word}`, () => assert.equal(splitPattern(word, platform), pattern && { folder, pattern }));
}

test('a pattern below a folder whose name has wildcards', async () => {
  mkdirSync(at('holiday (1) [x]', 'part (a)'), { recursive: true });
  writeFileSync(at('holiday (1) [x]', 'part (a)', 'p.png'), '');
  process.env.INIT_CWD = at('holiday (1) [x]');
  try {
    const { pictures } = await findPictures(['part (*)/p.png'], at('out'));
    assert.equal(pictures, [{ file: at('holiday (1) [x]', 'part (a)', 'p.png'), name: 'part (a)/p', path: 'part (a)/p.png' }]);
  } finally {
    delete process.env.INIT_CWD;
  }
});

test('names as long as the file system takes them', async () => {
  const name = `${'n'.repeat(251)}.png`;
  await writeAtomic(at('long', name), 'x');
  await writeAtomic(at('long', name), 'y');
  assert.is(readFileSync(at('long', name), 'utf8'), 'y');
  assert.equal(readdirSync(at('long')), [name]);
});

test('files that belong together: all or none', async () => {
  await writeTogether([
    [at('pair', 'a'), '1'],
    [at('pair', 'b'), '2'],
  ]);
  assert.equal(readdirSync(at('pair')), ['a', 'b']);
  // The second is a folder: it is met before anything is in its place.
  mkdirSync(at('pair', 'c'));
  await fails(
    writeTogether([
      [at('pair', 'a'), 'new'],
      [at('pair', 'd'), 'new'],
      [at('pair', 'c'), ''],
    ]),
    'NOT_WRITABLE',
    at('pair', 'c'),
  );
  assert.equal([readdirSync(at('pair')), readFileSync(at('pair', 'a'), 'utf8')], [['a', 'b', 'c'], '1']);
});

const full = process.platform === 'linux' ? test : test.skip;
full('a full disk is told from a bad place, and leaves nothing', async () => {
  // A write to /dev/full fails as one to a disk without space does.
  mkdirSync(at('full'));
  symlinkSync('/dev/full', at('full', 'b'));
  const files = [
    [at('full', 'a'), 'x'],
    [at('full', 'b'), 'x'],
  ] as const;
  const error = await writeTogether(files).catch(thrown => thrown);
  assert.match(error.message, `${at('full', 'b')} can't be written: no space is left on the disk`);
  assert.equal([isDiskFull(error), readdirSync(at('full'))], [true, ['b']]);
  assert.not.ok(isDiskFull(await writeAtomic(at('file', 'x'), 'x').catch(thrown => thrown)));
});

full('a small disk that fills up', async () => {
  mkdirSync(at('small'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', at('small')]).status === 0;
  if (!mounted) return console.log('skipped: a small tmpfs: this user can not mount one');
  try {
    await writeAtomic(at('small', 'a'), new Uint8Array(30_000));
    const pair = [
      [at('small', 'b'), new Uint8Array(10_000)],
      [at('small', 'c'), new Uint8Array(60_000)],
    ] as const;
    const error = await writeTogether(pair).catch(thrown => thrown);
    assert.match(error.message, `${at('small', 'c')} can't be written: no space is left on the disk`);
    assert.equal([isDiskFull(error), readdirSync(at('small'))], [true, ['a']]);
  } finally {
    spawnSync('umount', [at('small')]);
  }
});

for (const [what, bytes, wanted] of [
  ['UTF-8', Buffer.from('über\n'), 'über\n'],
  ['UTF-8 with a mark', Buffer.from('\ufeffüber'), 'über'],
  ['UTF-16, as Windows writes it', Buffer.from('\ufeffüber\r\n', 'utf16le'), 'über\r\n'],
  ['UTF-16, the other order', Buffer.from('\ufeffüber', 'utf16le').swap16(), 'über'],
  ['UTF-16 without a mark', Buffer.from('street', 'utf16le'), 'street'],
  ['the other order without a mark', Buffer.from('street', 'utf16le').swap16(), 'street'],
  ['nothing', Buffer.alloc(0), ''],
  ['Latin-1', Buffer.from('straße', 'latin1'), /x\.txt is neither UTF-8 nor UTF-16 \(Latin-1, perhaps\): save it as UTF-8/],
  ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 65, 0, 0, 0]), /x\.txt is UTF-32/],
  ['half a character', Buffer.from([0xff, 0xfe, 65, 0, 66]), /x\.txt is damaged UTF-16LE/],
] as const) {
  test(`text in ${what}`, () => {
    if (typeof wanted === 'string') return assert.is(decodeText(bytes, 'x.txt'), wanted);
    assert.throws(
      () => decodeText(bytes, 'x.txt'),
      (error: AtrousError) => error.code === 'BAD_USAGE' && wanted.test(error.message),
    );
  });
}

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

test('advice names an option where there is one', async () => {
  if (process.platform !== 'linux') return console.log('skipped: only Linux has a /proc that takes no folder');
  for (const [option, advice] of [
    [undefined, /choose another with --output$/],
    ['--json', /with --json$/],
    [null, /make it writable$/],
  ] as const) {
    const error = await checkFolder('/proc/none', option).then(
      () => assert.unreachable(`no error for ${option}`),
      thrown => thrown,
    );
    assert.match(error.message, advice);
  }
});

test.run();
