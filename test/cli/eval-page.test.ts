// `eval --html`: the page has what `eval` says, asks nothing of anybody, and shows the pictures that came out worst.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fourOf } from '../../src/cli/eval-page.ts';
import { main } from '../../src/cli/main.ts';
import { decodeLabels, encodeIndexed } from '../../src/image/png.ts';
import { vocPalette } from '../../src/models/palettes.ts';
import { blankWeights, listen, runFake } from './fake-model.ts';

const home = mkdtempSync(join(tmpdir(), 'atrous-page-'));
const at = (...names: string[]) => join(home, ...names);
test.after(() => rmSync(home, { recursive: true, force: true }));

const [H, W] = [6, 8];
/** Name → wrong pixels of 48; the first row of labels is void. */
const wrong: Readonly<Record<string, number>> = { 'all right': 0, 'a <few>': 3, most: 30 };

test.before(async () => {
  for (const folder of ['data/images', 'data/labels']) mkdirSync(at(folder), { recursive: true });
  for (const [name, count] of Object.entries(wrong)) {
    // The fake model takes red as the class.
    const rgb = Uint8Array.from({ length: H * W * 3 }, (_, i) => (i % 3 === 0 ? (i / 3) % 3 : 0));
    writeFileSync(
      at('data/images', `${name}.png`),
      await sharp(rgb, { raw: { width: W, height: H, channels: 3 } })
        .png()
        .toBuffer(),
    );
    const labels = Uint8Array.from({ length: H * W }, (_, i) => (i < W ? 255 : i - W < count ? (i + 1) % 3 : i % 3));
    writeFileSync(at('data/labels', `${name}.png`), await encodeIndexed({ data: labels, width: W, height: H }, vocPalette(256)));
  }
  writeFileSync(at('weights.safetensors'), blankWeights('regseg', 3));
});

const words = (...more: string[]) => ['regseg', '-w', at('weights.safetensors'), '--data', at('data'), ...more];
const pageOf = (file: string): string => readFileSync(file, 'utf8');

test('scores, matrix, bars, worst pictures and the command', async () => {
  const said = await runFake(words('--html', at('report.html'), '--json'));
  assert.is(said.code, 0, said.stderr);
  const scores = JSON.parse(said.stdout);
  const page = pageOf(at('report.html'));
  // Nothing is fetched: no address but data.
  assert.not.match(page.replace(/content="[^"]*"/g, ''), /(src|href)="(?!data:)|url\(|<script|<link/);
  for (const value of [scores.miou, scores.pixel_accuracy, ...(Object.values(scores.iou) as number[])])
    assert.ok(page.includes(value.toFixed(4)), `${value}`);
  for (const count of scores.confusion.flat()) assert.ok(page.includes(`: ${count} pixels`), `${count}`);
  assert.match(page, /npx atrous eval regseg -w /);
  const four = [...page.matchAll(/<p>([^<]*), mIoU ([\d.]+)<\/p><div class="four">(.*?)<\/div>/gs)];
  assert.equal(
    four.map(([, picture]) => picture),
    ['images/most.png', 'images/a &lt;few&gt;.png'],
  );
  const images = [...four[1][3].matchAll(/src="data:image\/(\w+);base64,([^"]+)"/g)];
  assert.equal(
    images.map(([, type]) => type),
    ['jpeg', 'png', 'png', 'png'],
  );
  const map = async (n: number): Promise<Uint8Array> => (await decodeLabels(Buffer.from(images[n][2], 'base64'), 'map')).data;
  const [label, result, difference] = [await map(1), await map(2), await map(3)];
  assert.is(difference.filter(value => value === 1).length, 3);
  assert.is(difference.filter(value => value === 2).length, W);
  assert.is(label.filter(value => value === 3).length, W);
  assert.equal(
    [...result],
    Array.from({ length: H * W }, (_, i) => i % 3),
  );
});

test('a large picture is shown smaller', async () => {
  const [h, w] = [250, 1000];
  const [classes, labels] = [new Uint8Array(h * w), new Uint8Array(h * w).fill(1)];
  const seen = { rgba: new Uint8ClampedArray(h * w * 4).fill(90), size: { h, w }, classes, labels };
  const html = await fourOf('wide', 0, seen, vocPalette(2));
  for (const [, data] of html.matchAll(/base64,([^"]+)"/g)) {
    const { width, height } = await sharp(Buffer.from(data, 'base64')).metadata();
    assert.equal([height, width], [120, 480]);
  }
});

test('of states that are merged there are no pictures', async () => {
  await runFake(words('--resume', '-o', at('out')));
  const said = await listen(() => main(['eval', '--merge', at('out/regseg.eval.json'), '--html', at('merged.html')]));
  assert.is(said.code, 0, said.stderr);
  assert.match(pageOf(at('merged.html')), /Confusion matrix/);
  assert.not.match(pageOf(at('merged.html')), /<img/);
});

test('a page that can not be written is refused before anything is opened', async () => {
  const said = await listen(() => main(['eval', ...words('--html', home)]));
  assert.is(said.code, 1);
  assert.match(said.stderr, /it is a folder; name a file in it/);
});

test.run();
