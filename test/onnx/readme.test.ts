// README's program and command for networks of one's own, as they stand there, on a network of one convolution. (Its page: test/browser/onnx.test.ts.)
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { at, cli, home, listing, repository, save, savePicture } from '../cli/harness.ts';
import { shareDevice } from '../cli/one-device.ts';
import { matte } from './pictures.ts';

const done = await shareDevice();
const gpu = done ? test : test.skip;
const caller = process.cwd();
test.before.each(() => process.chdir(home));
test.after.each(() => process.chdir(caller));
test.after(() => done?.());

const section = /## Bring your own network\n(.*?)\n## /s.exec(readFileSync(`${repository}README.md`, 'utf8'))![1];
const block = (language: string): string => new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(section)![1];

save('modnet.onnx', matte(false));
await savePicture('person.jpg', 12, 10);
/** As it was decoded. */
const decoded = await sharp(at('person.jpg')).raw().toBuffer();
// (x/255 − 0.5) / 0.5 of red.
const expected = Array.from({ length: 120 }, (_, n) => 255 / (1 + Math.exp(1 - decoded[n * 3] / 127.5)));

async function judgeCutout(file: string): Promise<void> {
  const { data, info } = await sharp(at(file)).raw().toBuffer({ resolveWithObject: true });
  assert.equal([info.width, info.height, info.channels], [10, 12, 4]);
  assert.ok(expected.every((value, n) => Math.abs(value - data[n * 4 + 3]) < 0.51));
}

gpu('the program', async () => {
  const text = block('ts');
  assert.ok(text.trim().split('\n').length <= 10, 'ten lines');
  const entry = pathToFileURL(`${repository}src/node/index.ts`).href;
  const path = save('program.mts', text.replace("'atrous/node'", `'${entry}'`));
  await import(pathToFileURL(path).href);
  assert.ok(listing().includes('person.classes.png'));
  await judgeCutout('person.cutout.png');
});

gpu('the command', async () => {
  const line = block('sh').trim();
  assert.ok(line.startsWith('npm run -s atrous -- '));
  const { code, err } = await cli(...line.split(' ').slice(5));
  assert.is(code, 0, err);
  await judgeCutout('out/person.cutout.png');
  assert.ok(listing().includes('out/person.matte.png'));
});

test.run();
