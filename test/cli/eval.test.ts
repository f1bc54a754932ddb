// `eval` from its words to its numbers: a few tiny pictures, a run that is stopped and goes on, and PyTorch's classes of real ones.

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { main } from '../../src/cli/main.ts';
import { countConfusion, mergeConfusions, scoresOf } from '../../src/eval/confusion.ts';
import { cityscapesIds } from '../../src/eval/layouts.ts';
import { decodeLabels, encodeIndexed } from '../../src/image/png.ts';
import { vocPalette } from '../../src/models/palettes.ts';
import { readImage } from '../../src/node/photograph.ts';
import { deviceJudge } from '../judges.ts';
import { sat } from '../record.ts';
import { shared } from '../shared.ts';
import { blankWeights, listen, runFake, type Said } from './fake-model.ts';

const home = mkdtempSync(join(tmpdir(), 'atrous-eval-'));
const at = (...names: string[]) => join(home, ...names);
test.after(() => rmSync(home, { recursive: true, force: true }));

const sitting = await deviceJudge();
const who = sitting?.who;
sitting?.close();
/** Tests that run a model; without an adapter the missing judge has been said. */
const device = (name: string, work: () => Promise<void>) => {
  if (!who) return;
  test(name, async () => {
    await work();
    sat('device', who);
  });
};

const [H, W] = [32, 48];
const segnet = 'sky building pole road pavement tree sign fence car pedestrian bicyclist'.split(' ');
const official = 'Building Tree Sky Car SignSymbol Road Pedestrian Fence Column_Pole Sidewalk Bicyclist'.split(' ');
const inOfficial = [2, 0, 8, 5, 9, 1, 4, 7, 3, 6, 10];

/** The whole command line, in this process. */
const run = (...words: string[]): Promise<Said> => listen(() => main(['eval', ...words]));

/** Soft blobs, so that a trained model sees more than one class, and labels that agree with nothing in particular. */
async function plant(): Promise<void> {
  for (const folder of ['pairs/images', 'pairs/labels', 'city/test_labels']) mkdirSync(at(folder), { recursive: true });
  for (const [n, name] of ['a', 'b', 'c', 'd', 'e'].entries()) {
    const pixels = Uint8Array.from({ length: H * W * 3 }, (_, i) => {
      const [channel, x, y] = [i % 3, Math.floor(i / 3) % W, Math.floor(i / 3 / W)];
      return 128 + 120 * Math.sin((x * (channel + 1) + n * 20) / 15) * Math.cos((y * (n + 1)) / 12);
    });
    await sharp(pixels, { raw: { width: W, height: H, channels: 3 } })
      .png()
      .toFile(at('pairs/images', `${name}.png`));
    // One picture has labels of another size, another has none.
    const height = name === 'c' ? H / 2 : H;
    const labels = Uint8Array.from({ length: height * W }, (_, i) => (Math.floor((i % W) / 4) + n) % 12);
    if (name === 'e') continue;
    const painted = (data: Uint8Array) => encodeIndexed({ data, width: W, height }, vocPalette(256));
    writeFileSync(at('pairs/labels', `${name}.png`), await painted(labels));
    writeFileSync(at('city/test_labels', `${name}_L.png`), await painted(labels.map(value => inOfficial[value] ?? 255)));
  }
  symlinkSync(at('pairs/images'), at('city/test'));
}
await plant();

const pairs = ['regseg-camvid', '--data', at('pairs')];
const undisturbed = await runFake([...pairs, '--json', '-o', at('unused')]);

test('every score, as JSON; bad pictures are listed and the rest goes on', () => {
  const { code, stdout, stderr } = undisturbed;
  assert.is(code, 1, stderr);
  checkResult(JSON.parse(stdout));
  for (const part of ['images/c.png is 32x48', 'labels/c.png, are 16x48', 'images/e.png has no label', '2 of 5 pictures failed'])
    assert.ok(stderr.includes(part), `"${part}" is not in: ${stderr}`);
  assert.not(existsSync(at('unused')));
});

/** What must hold of the result on `pairs`, whoever predicts. */
function checkResult(result: Record<string, unknown> & { confusion: number[][] }): void {
  assert.equal(Object.keys(result), [
    ...['model', 'data', 'layout', 'labels', 'pictures', 'miou', 'miou_r', 'pixel_accuracy', 'mean_accuracy', 'iou', 'confusion'],
    ...['ignored_pixels', 'failed', 'missing'],
  ]);
  const counts = Float64Array.from(result.confusion.flat());
  const scores = scoresOf({ classes: 11, counts, ignored: 0 }, segnet);
  // Label 11 is CamVid's void: four columns of each of the three pictures.
  assert.is(result.ignored_pixels, 3 * 4 * H);
  assert.is(
    counts.reduce((a, b) => a + b, 0),
    3 * H * W - 3 * 4 * H,
  );
  assert.equal(
    [result.miou, result.pixel_accuracy, result.mean_accuracy, Object.values(result.iou as object)],
    [scores.miou, scores.pixelAccuracy, scores.meanAccuracy, scores.iou],
  );
  assert.equal(
    [result.model, result.data, result.layout, result.pictures, result.miou_r, Object.keys(result.iou as object), result.failed],
    ['regseg-camvid', at('pairs'), 'pairs', 3, null, segnet, ['images/c.png', 'images/e.png']],
  );
}

test('a run that is stopped goes on and ends with the same numbers; with other facts it does not', async () => {
  const words = [...pairs, '--resume', '-o', at('state')];
  const heard: string[] = [];
  const stopped = runFake(words, picture => {
    heard.push(picture);
    if (heard.length === 2) throw new Error('stopped');
  });
  assert.is(await stopped.then(String, error => error.message), 'stopped');
  assert.equal(heard, ['images/a.png', 'images/b.png']);
  const file = at('state', 'regseg-camvid.eval.json');
  assert.equal(Object.keys(JSON.parse(readFileSync(file, 'utf8')).pictures), heard);

  await refuses([...words, '--size', '64x64'], file, 'size own', 'now it is 64x64', '--output');
  const picture = readFileSync(at('pairs/images/a.png'));
  copyFileSync(at('pairs/images/b.png'), at('pairs/images/a.png'));
  await refuses(words, file, 'images/a.png', '--output');
  writeFileSync(at('pairs/images/a.png'), picture);
  renameSync(at('pairs/images/b.png'), at('pairs/images/b2.png'));
  await refuses(words, file, 'images/b.png', 'no such picture');
  renameSync(at('pairs/images/b2.png'), at('pairs/images/b.png'));

  const { code, stdout, stderr } = await runFake([...words, '--json'], name => heard.push(name));
  assert.is(code, 1);
  assert.ok(stderr.includes('2 of 5 pictures are done already'), stderr);
  assert.equal(heard.slice(2), ['images/d.png']);
  assert.is(stdout, undisturbed.stdout);
});

async function refuses(words: string[], ...parts: string[]): Promise<void> {
  const error = await runFake(words).then(
    () => assert.unreachable('no error'),
    thrown => thrown,
  );
  assert.is(error.code, 'BAD_USAGE', error.stack);
  for (const part of parts) assert.ok(error.message.includes(part), `"${part}" is not in: ${error.message}`);
}

test('labels of another order are matched by name: the same numbers, and a table', async () => {
  const { code, stdout } = await runFake(['regseg-camvid', '--data', at('city'), '--layout', 'camvid']);
  assert.is(code, 1);
  assert.ok(stdout.includes('matched by name'));
  const { iou, miou } = JSON.parse(undisturbed.stdout);
  for (const [name, value] of Object.entries(iou as Record<string, number | null>)) {
    const [, shown] = new RegExp(`^${name} +(\\S+) +\\d+$`, 'm').exec(stdout) ?? [];
    assert.is(shown, value === null ? '–' : value.toFixed(4), name);
  }
  assert.match(stdout, new RegExp(`^mIoU +${miou.toFixed(4)}$`, 'm'));
});

test('cityscapes: mIoU^R, and predictions in label ids for the test server', async () => {
  const picture = at('pairs/images/a.png');
  for (const split of ['val', 'test']) {
    mkdirSync(at(`cityscapes/leftImg8bit/${split}/ulm`), { recursive: true });
    copyFileSync(picture, at(`cityscapes/leftImg8bit/${split}/ulm/ulm_0_leftImg8bit.png`));
  }
  const { data } = await readImage(picture);
  const trainIds = Uint8Array.from({ length: H * W }, (_, pixel) => data[pixel * 4] % 19);
  mkdirSync(at('cityscapes/gtFine/val/ulm'), { recursive: true });
  const truth = await encodeIndexed({ data: trainIds, width: W, height: H }, vocPalette(256));
  writeFileSync(at('cityscapes/gtFine/val/ulm/ulm_0_gtFine_labelTrainIds.png'), truth);
  writeFileSync(at('regseg.safetensors'), blankWeights('regseg', 19));
  const words = ['regseg', '-w', at('regseg.safetensors'), '--data', at('cityscapes'), '--json', '--submission', at('sent')];

  const val = await runFake(words);
  assert.is(val.code, 0, val.stderr);
  const { miou, miou_r, pixel_accuracy, pictures } = JSON.parse(val.stdout);
  assert.equal([miou, miou_r, pixel_accuracy, pictures], [1, 1, 1, 1]);
  const sent = await decodeLabels(readFileSync(at('sent/ulm_0_leftImg8bit_pred.png')), 'prediction');
  assert.equal([sent.width, sent.height, sent.palette], [W, H, undefined]);
  assert.equal(
    sent.data,
    trainIds.map(id => cityscapesIds[id]),
  );
  // The test split has no labels: predictions only.
  rmSync(at('sent'), { recursive: true });
  const unlabelled = await runFake([...words, '--split', 'test']);
  assert.is(unlabelled.code, 0, unlabelled.stderr);
  const nothing = JSON.parse(unlabelled.stdout);
  assert.equal([nothing.pictures, nothing.miou, nothing.failed], [0, null, []]);
  assert.equal(readdirSync(at('sent')), ['ulm_0_leftImg8bit_pred.png']);
});

test('what is wrong is said before anything is computed', async () => {
  const wrong = async (words: string[], code: number, ...parts: string[]): Promise<void> => {
    const { code: got, stdout, stderr } = await run(...words);
    assert.equal([got, stdout], [code, ''], stderr);
    for (const part of parts) assert.ok(stderr.includes(part), `"${part}" is not in: ${stderr}`);
  };
  const model = 'regseg-camvid';
  await wrong([model], 2, '--data');
  await wrong(['--data', at('pairs')], 2, 'one MODEL');
  await wrong([model, '--data', at('nowhere')], 1, at('nowhere'), 'no such folder');
  await wrong([model, '--data', at('pairs'), '--layout', 'voc'], 2, 'no JPEGImages/', '--layout pairs');
  await wrong([model, '--data', at('pairs'), '--split', 'val'], 2, 'val');
  await wrong([model, '--data', at('pairs'), '--submission', at('sent')], 2, '--submission', 'pairs');
  await wrong(['regseg', '--data', at('pairs')], 2, '--weights');
  writeFileSync(at('labels.txt'), official.join('\n').replace('Tree', 'Shrub'));
  await wrong([model, '--data', at('city'), '--labels', at('labels.txt')], 2, 'Shrub', 'Tree', '--labels');
  mkdirSync(at('bare/images'), { recursive: true });
  mkdirSync(at('bare/labels'));
  copyFileSync(at('pairs/images/a.png'), at('bare/images/a.png'));
  await wrong([model, '--data', at('bare')], 1, 'images/a.png', 'labels/a.png');
});

const [real, trained] = [
  shared('data/camvid', 'drawn pictures stand in for photographs'),
  shared('weights/regseg_camvid_expected', 'nothing is scored beside PyTorch'),
];

if (!real || !trained) {
  device('through the shaders', async () => {
    const { code, stdout, stderr } = await run(...pairs, '--json');
    assert.is(code, 1, stderr);
    checkResult(JSON.parse(stdout));
  });
} else
  device('real pictures: what PyTorch scores', async () => {
    const all = readdirSync(join(real, 'images')).sort();
    const names = [0, 19, 38].map(index => all[index]);
    const expected = await Promise.all(
      names.map(async name => {
        const [labels, classes] = [join(real, 'labels', name), join(trained, name)];
        mkdirSync(at('camvid/images'), { recursive: true });
        mkdirSync(at('camvid/labels'), { recursive: true });
        symlinkSync(join(real, 'images', name), at('camvid/images', name));
        symlinkSync(labels, at('camvid/labels', name));
        const [truth, guess] = await Promise.all([labels, classes].map(file => decodeLabels(readFileSync(file), file)));
        return countConfusion(guess.data, truth.data, 11);
      }),
    );
    const wanted = scoresOf(mergeConfusions(11, expected), segnet);
    const { code, stdout, stderr } = await run('regseg-camvid', '--data', at('camvid'), '--json');
    assert.is(code, 0, stderr);
    const got = JSON.parse(stdout);
    assert.ok(Math.abs(got.miou - wanted.miou!) < 0.002, `mIoU ${got.miou}, PyTorch's ${wanted.miou}`);
    assert.ok(Math.abs(got.pixel_accuracy - wanted.pixelAccuracy!) < 0.001, `${got.pixel_accuracy}, ${wanted.pixelAccuracy}`);
  });

test.run();
