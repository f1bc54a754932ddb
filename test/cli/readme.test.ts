// README's program and commands for the network that comes with weights, as they stand there, on small pictures. (Its pages: test/browser/readme.test.ts;
// networks of one's own: test/onnx/readme.test.ts.)
import { mkdirSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeIndexed } from '../../src/image/png.ts';
import { installs } from '../../src/node/webgpu.ts';
import { at, cli, home, listing, repository, save, savePicture } from './harness.ts';
import { shareDevice } from './one-device.ts';

const done = await shareDevice();
const gpu = done ? test : test.skip;
const caller = process.cwd();
test.before.each(() => process.chdir(home));
test.after.each(() => process.chdir(caller));
test.after(() => done?.());

const readme = readFileSync(`${repository}README.md`, 'utf8');

/** The first block of a language under a heading. */
function block(heading: string, language: string): string {
  const [, section] = new RegExp(`## ${heading}\\n(.*?)\\n## `, 's').exec(readme)!;
  return new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(section)![1];
}

gpu('the program', async () => {
  await savePicture('street.jpg', 32, 64);
  const text = block('In a program', 'ts').replace(/240, 300/, '24, 30');
  const entry = pathToFileURL(`${repository}src/node/index.ts`).href;
  await import(pathToFileURL(save('program.mts', text.replace("'atrous/node'", `'${entry}'`))).href);
  assert.ok(listing().includes('street.classes.png'));
});

test('the packages beside it, as errors name them', () => {
  for (const named of Object.values(installs)) assert.ok(new RegExp(`npm i [^\`]*${named}\\b`).test(readme), named);
});

gpu('the commands', async () => {
  for (const folder of ['holiday', 'camvid/images', 'camvid/labels']) mkdirSync(at(folder), { recursive: true });
  await savePicture('holiday/beach.jpg', 32, 64);
  await savePicture('camvid/images/a.png', 32, 64);
  const data = new Uint8Array(64 * 32).fill(3);
  save(
    'camvid/labels/a.png',
    await encodeIndexed(
      { data, width: 64, height: 32 },
      Array.from({ length: 11 }, () => [0, 0, 0] as const),
    ),
  );
  const lines = block('On the command line', 'sh').trim().split('\n');
  assert.ok(lines.length >= 3);
  for (const line of lines) {
    const words = line.replace(/ +#.*/, '').split(' ');
    assert.is(words.splice(0, 5).join(' '), 'npm run -s atrous --');
    const { code, err } = await cli(...words);
    assert.is(code, 0, `${line}: ${err}`);
  }
  assert.ok(listing().includes('out/beach.classes.png'));
});

test.run();
