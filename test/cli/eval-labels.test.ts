// What labels mean to `eval`: values that no class has, classes in another order, pictures that EXIF would turn, and Cityscapes' two kinds of ids.
// Numbers that are wrong in silence are the fault that every row looks for. A colour is a class here, so the right scores are known: 1.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import sharp from 'sharp';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { camvidOrders } from '../../src/eval/orders.ts';
import { blankWeights, runFake } from './fake-model.ts';
import { at, cli } from './harness.ts';

const [H, W] = [6, 22];
const { segnet, official } = camvidOrders;
const keys = (names: readonly string[]) =>
  names.map(name =>
    name.toLowerCase().replace('_', '').replace('column', '').replace('sidewalk', 'pavement').replace('symbol', ''),
  );
/** Place in the official order → place in SegNet's. */
const inSegnet = keys(official).map(name => segnet.indexOf(name));

type Values = (x: number, y: number) => number;

function put(path: string, bytes: Uint8Array | string): string {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), bytes);
  return at(path);
}

/** An H×W picture whose red is its class under the fake model, or a grey file of labels. */
function painted(values: Values, channels: 1 | 3, orientation?: number): Promise<Buffer> {
  const data = Uint8Array.from({ length: H * W * channels }, (_, i) => {
    const pixel = Math.floor(i / channels);
    return values(pixel % W, Math.floor(pixel / W));
  });
  const image = sharp(data, { raw: { width: W, height: H, channels } }).png();
  return (channels === 1 ? image.toColourspace('b-w') : image.withMetadata({ orientation })).toBuffer();
}

/** `images/`, `labels/` of one pair each. */
async function plant(
  folder: string,
  truth: Values,
  stored: Values,
  [images, labels]: readonly [string, string] = ['images/x.png', 'labels/x.png'],
): Promise<string> {
  put(`${folder}/${images}`, await painted(truth, 3));
  put(`${folder}/${labels}`, await painted(stored, 1));
  return at(folder);
}

const two = ['regseg', '-w', put('two.safetensors', blankWeights('regseg', 2)), '--labels', put('two.txt', 'background\nmole\n')];
const eleven = ['regseg', '-w', put('eleven.safetensors', blankWeights('regseg', 11))];
const named = (names: readonly string[], file: string) => [...eleven, '--labels', put(file, names.join('\n'))];

async function evaluated(...words: string[]) {
  const { code, stdout, stderr } = await runFake([...words, '--json']);
  return { code, stderr, result: JSON.parse(stdout) };
}

function holds(text: string, ...parts: string[]): void {
  for (const part of parts) assert.ok(text.includes(part), `"${part}" is not in: ${text}`);
}

const columns: Values = x => Math.floor(x / 2);
const half: Values = x => Number(x < 4);

test('masks of 0 and 255 for two classes: void is void, and a note says how the foreground comes back', async () => {
  const data = await plant('masks', half, (x, y) => half(x, y) * 255);
  const plain = await evaluated(...two, '--data', data);
  assert.is(plain.code, 0, plain.stderr);
  assert.is(plain.result.ignored_pixels, 4 * H);
  holds(plain.stderr, '"mole" never occurs', `${4 * H} pixels are 255`, '--map 255=1');
  const mapped = await evaluated(...two, '--data', data, '--map', '255=1');
  assert.equal([mapped.code, mapped.result.miou, mapped.result.ignored_pixels], [0, 1, 0]);
  assert.not(mapped.stderr.includes('255'));
});

test('values that are no class are an error with all of them, their counts and what helps; --map says what they mean', async () => {
  const data = await plant('hundred', half, x => 100 + (x % 11));
  const { code, stderr, result } = await evaluated(...two, '--data', data);
  assert.equal([code, result.miou, result.failed], [1, null, ['images/x.png']]);
  holds(
    stderr,
    `labels/x.png has label values of no class: 100 (${2 * H} pixels), 101`,
    'and 5 more up to 110',
    'classes are 0 to 1',
  );
  holds(stderr, '--map 100=255', '--labels', 'no pixel of', 'counts: every picture failed');
  assert.not.match(stderr, '--map 255=');
  const all = Array.from({ length: 11 }, (_, n) => `${100 + n}=${n % 2}`);
  const mapped = await evaluated(...two, '--data', data, '--map', all.slice(0, 4).join(), '--map', all.slice(4).join(', '));
  assert.equal([mapped.code, mapped.result.ignored_pixels], [0, 0], mapped.stderr);
  // One stray value is an error too.
  await plant('stray', half, (x, y) => (x + y === 0 ? 7 : half(x, y)));
  const stray = await evaluated(...two, '--data', at('stray'));
  assert.is(stray.code, 1);
  holds(stray.stderr, '7 (1 pixels)');
});

test('two classes of one name are refused: a score of one would stand for the other', async () => {
  const data = await plant('twins', half, half);
  put('twins.txt', 'mole\nmole\n');
  const error = await runFake([...two, '--labels', at('twins.txt'), '--data', data]).then(String, thrown => thrown);
  assert.is(error.code, 'BAD_USAGE', error.message);
  holds(error.message, '0 and 1', '"mole"', '--labels');
});

test('pictures in formats that are not read are told', async () => {
  const data = await plant('formats', half, half);
  for (const name of ['y.bmp', 'z.ppm', 'notes.txt']) put(`formats/images/${name}`, '');
  const { code, stderr, result } = await evaluated(...two, '--data', data);
  assert.equal([code, result.pictures], [0, 1]);
  holds(stderr, `${data}/images: 3 files are left out`, '.bmp 1, .ppm 1', 'no pictures by their endings (1)');
});

test('nothing counted is a failure', async () => {
  const data = await plant('void', half, () => 255);
  const { code, stderr, result } = await evaluated(...two, '--data', data);
  assert.equal([code, result.miou, result.failed], [1, null, []]);
  holds(stderr, 'no pixel of', `${H * W} are void`, '--map 255=1');
  // Of a share it need not be, of all shares together it is.
  const share = await evaluated(...two, '--data', data, '--shard', '0/1', '-o', at('void-state'));
  assert.is(share.code, 0);
  holds(share.stderr, 'no pixel of');
  const merged = await cli('eval', '--merge', at('void-state', 'regseg.0-of-1.eval.json'));
  assert.is(merged.code, 1);
  holds(merged.err, 'no pixel of');
});

for (const [map, ...parts] of [
  ['255', 'value=class'],
  [' ,', 'is empty'],
  ['300=1', 'value=class'],
  ['255=2', '2 stands for no class', '0 to 1'],
  ['4=0,4=1', 'two targets'],
])
  test(`--map ${map} is refused`, async () => {
    await plant('masks', half, (x, y) => half(x, y) * 255);
    const error = await runFake([...two, '--data', at('masks'), '--map', map]).then(String, thrown => thrown);
    assert.is(error.code, 'BAD_USAGE', error.message);
    holds(error.message, '--map', ...parts);
  });

test('a model of numbered classes: whose order is taken is said, and how the other is given; the better one is seen', async () => {
  // Such a model counts in the official order, and `testannot` in SegNet's.
  const stored: Values = (x, y) => inSegnet[columns(x, y)];
  const data = await plant('annot', columns, stored, ['test/x.png', 'testannot/x.png']);
  const { code, stderr, result } = await evaluated(...eleven, '--data', data);
  assert.is(code, 0);
  assert.ok(result.miou < 0.2, `mIoU ${result.miou}`);
  const { order, better_fit: fit, matched } = result.labels;
  assert.equal([matched, order.of, order.taken, order.other], ['index', 'model', 'segnet', 'official']);
  assert.equal([fit.order, fit.miou, fit.map], ['official', 1, order.map]);
  holds(stderr, "SegNet's (sky, building, pole …) order", '--labels', `--map ${order.map}`, 'fit far better', 'mIoU 1.0000');
  const mapped = await evaluated(...eleven, '--data', data, '--map', order.map);
  assert.equal([mapped.result.miou, mapped.result.labels.better_fit], [1, null]);
  const byName = await evaluated(...named(official, 'official.txt'), '--data', data);
  assert.equal([byName.result.miou, byName.result.labels.matched, byName.result.labels.order.of], [1, 'name', 'labels']);
});

test('label values in the other order than their folder or their model suggests', async () => {
  const stored: Values = (x, y) => inSegnet.indexOf(columns(x, y)); // official order, under a model that counts in SegNet's
  for (const [folder, files] of [
    ['pairs', ['images/x.png', 'labels/x.png']],
    ['forms', ['test/x.png', 'testannot/x.png']],
  ] as const) {
    const words = [...named(segnet, 'segnet.txt'), '--data', await plant(`order-${folder}`, columns, stored, files)];
    const { result, stderr } = await evaluated(...words);
    const { order, better_fit: fit } = result.labels;
    assert.equal([order.of, order.taken, fit.order, fit.map], ['labels', 'segnet', 'official', order.map]);
    holds(stderr, `--map ${order.map}`);
    assert.is((await evaluated(...words, '--map', order.map)).result.miou, 1);
  }
});

test('two classes that were taken for each other: the map that helps takes the place of the one that was given', async () => {
  const stored: Values = (x, y) => [0, 2, 1, 12, 4, 5, 6, 7, 8, 9, 10][columns(x, y)];
  const data = await plant('swapped', columns, stored);
  const words = [...named(segnet, 'segnet.txt'), '--data', data];
  const { result, stderr } = await evaluated(...words, '--map', '12=3');
  const { better_fit: fit } = result.labels;
  assert.equal([fit.map, fit.order, fit.classes], ['1=2,2=1,12=3', null, { building: 'pole', pole: 'building' }]);
  holds(stderr, 'building → pole', '--map 1=2,2=1,12=3');
  assert.is((await evaluated(...words, '--map', fit.map)).result.miou, 1);
});

test('EXIF: eval takes pictures as stored, like their labels, and says so; a quarter turn of the labels is an error', async () => {
  const corner: Values = (x, y) => Number(x < 5 && y < 3);
  const data = await plant('exif', corner, corner);
  for (const orientation of [3, 6]) {
    put('exif/images/x.png', await painted(corner, 3, orientation));
    const { code, result, stderr } = await evaluated(...two, '--data', data);
    assert.equal([code, result.miou], [0, 1], stderr);
    holds(stderr, '1 pictures have an EXIF orientation');
  }
  put(
    'exif/labels/x.png',
    await sharp(await painted(corner, 1))
      .rotate(90)
      .toColourspace('b-w')
      .png()
      .toBuffer(),
  );
  const { code, stderr } = await evaluated(...two, '--data', data);
  assert.is(code, 1);
  holds(stderr, `is ${H}x${W}`, `are ${W}x${H}`, 'EXIF orientation 6');
});

test('cityscapes: train ids of some pictures and label ids of others give right numbers, and it is said', async () => {
  const ids = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23];
  const place = (kind: string, n: number) =>
    [`leftImg8bit/val/ulm/u${n}_leftImg8bit.png`, `gtFine/val/ulm/u${n}_gtFine_${kind}.png`] as const;
  await plant('mixed', columns, columns, place('labelTrainIds', 0));
  const data = await plant('mixed', columns, (x, y) => ids[columns(x, y)], place('labelIds', 1));
  const words = ['regseg', '-w', put('cities.safetensors', blankWeights('regseg', 19)), '--data', data];
  const { code, result, stderr } = await evaluated(...words);
  assert.equal([code, result.pictures, result.miou], [0, 2, 1], stderr);
  assert.equal(result.labels.forms, { 'train ids': 1, 'label ids': 1 });
  holds(stderr, 'train ids for 1 pictures, label ids for 1 pictures');
});

test.run();
