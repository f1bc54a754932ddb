// Every published layout as a tree of a few pixels: which files belong together, and which class of the model a label means.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cityscapesIds, findData, readLabels, type Sample } from '../../src/eval/layouts.ts';
import { meaningOf } from '../../src/eval/meaning.ts';
import { encodeIndexed } from '../../src/image/png.ts';
import { cityscapes, vocPalette } from '../../src/models/palettes.ts';
import { openTree } from '../../src/node/tree.ts';

const home = mkdtempSync(join(tmpdir(), 'atrous-layouts-'));
test.after(() => rmSync(home, { recursive: true, force: true }));

const segnet = 'sky building pole road pavement tree sign fence car pedestrian bicyclist'.split(' ');
const official = 'Building Tree Sky Car SignSymbol Road Pedestrian Fence Column_Pole Sidewalk Bicyclist'.split(' ');

let trees = 0;
/** A new folder with these files. */
function plant(files: Record<string, Uint8Array | string>): string {
  const root = join(home, String(trees++));
  mkdirSync(root);
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), bytes);
  }
  return root;
}

/** One row of values, as grey or palette. */
const grey = (...values: number[]): Promise<Uint8Array> =>
  sharp(Uint8Array.from(values), { raw: { width: values.length, height: 1, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer();
const indexed = (values: number[], palette = vocPalette(256)): Promise<Uint8Array> =>
  encodeIndexed({ data: Uint8Array.from(values), width: values.length, height: 1 }, palette);
const colours = (...row: number[][]): Promise<Uint8Array> =>
  sharp(Uint8Array.from(row.flat()), { raw: { width: row.length, height: 1, channels: 3 } })
    .png()
    .toBuffer();

/** Layout, pictures, and the first label row in classes of the model. */
async function read(root: string, model: readonly string[], layout?: string, split?: string, map: [number, number][] = []) {
  const tree = openTree(root);
  const data = await findData(tree, { layout, split, needLabels: true });
  const meaning = meaningOf(data, model, new Map(map), root);
  const rows = async (sample: Sample) => readLabels(tree, sample, meaning.forms[sample.form].table);
  const labels = await rows(data.samples.find(({ label }) => label !== null)!);
  return {
    data,
    meaning,
    rows,
    unknown: labels.unknown,
    pictures: data.samples.map(({ picture }) => picture),
    row: [...labels.data],
  };
}

async function fails(work: Promise<unknown>, code: string, ...parts: string[]): Promise<void> {
  const error = await work.then(
    () => assert.unreachable('no error'),
    thrown => thrown,
  );
  assert.is(error.code, code, error.stack);
  for (const part of parts) assert.ok(error.message.includes(part), `"${part}" is not in: ${error.message}`);
}

const nothing = new Uint8Array();

test('pairs: values are classes', async () => {
  const root = plant({
    'images/a.jpg': nothing,
    'images/b.PNG': nothing,
    'images/.c.png': nothing,
    'images/notes.txt': nothing,
    'labels/a.png': await indexed([0, 2, 255]),
    'labels/b.png': await grey(1, 2, 3),
    'labels/z.png': nothing,
  });
  const { data, rows, pictures, row } = await read(root, segnet);
  assert.is(data.layout, 'pairs');
  assert.equal(pictures, ['images/a.jpg', 'images/b.PNG']);
  assert.equal(row, [0, 2, 255]);
  assert.equal([...(await rows(data.samples[1])).data], [1, 2, 3]);
});

test('pairs: a picture without a label says which file it would be', async () => {
  const root = plant({ 'images/a.png': nothing, 'images/b.png': nothing, 'labels/a.png': await grey(0) });
  const { data, rows } = await read(root, segnet);
  await fails(rows(data.samples[1]), 'NO_FILE', 'images/b.png', 'labels/b.png');
});

test('cityscapes: train ids, or label ids where the scripts were not run; of each picture, as its file is named', async () => {
  const files = {
    'leftImg8bit/val/ulm/ulm_000_leftImg8bit.png': nothing,
    'leftImg8bit/val/aachen/aachen_000_leftImg8bit.png': nothing,
    'leftImg8bit/train/jena/jena_000_leftImg8bit.png': nothing,
    'gtFine/val/aachen/aachen_000_gtFine_labelIds.png': await grey(7, 11, 33, 0, 4),
  };
  const reversed = cityscapes.labels.toReversed();
  const { data, pictures, row } = await read(plant(files), reversed);
  assert.equal([data.layout, data.split], ['cityscapes', 'val']);
  assert.equal(pictures, ['leftImg8bit/val/aachen/aachen_000_leftImg8bit.png', 'leftImg8bit/val/ulm/ulm_000_leftImg8bit.png']);
  assert.equal(row, [18, 16, 0, 255, 255]);
  const trained = { ...files, 'gtFine/val/ulm/ulm_000_gtFine_labelTrainIds.png': await grey(0, 2, 18, 255, 1) };
  const again = await read(plant(trained), cityscapes.labels);
  assert.equal(
    again.meaning.forms.map(({ name }) => name),
    ['train ids', 'label ids'],
  );
  assert.equal(again.row, [0, 2, 18, 255, 255]);
  assert.equal([...(await again.rows(again.data.samples[1])).data], [0, 2, 18, 255, 1]);
  await fails(read(plant(trained), cityscapes.labels, undefined, undefined, [[1, 2]]), 'BAD_USAGE', 'train ids, label ids');
  const strange = { ...files, 'gtFine/val/aachen/aachen_000_gtFine_labelTrainIds.png': await grey(0, 19) };
  await fails(read(plant(strange), cityscapes.labels), 'BAD_IMAGE', '19 (1 pixels)', '--map 19=255');
  assert.is(new Set(cityscapesIds).size, 19);
});

test('voc: the list says which pictures', async () => {
  const names = 'background aeroplane bicycle bird boat bottle bus car cat chair cow dining-table dog horse motorbike person'.split(
    ' ',
  );
  const model = [...names, 'potted plant', 'sheep', 'sofa', 'train', 'tv/monitor'];
  const root = plant({
    'JPEGImages/1.jpg': nothing,
    'JPEGImages/2.jpg': nothing,
    'SegmentationClass/2.png': await indexed([0, 15, 20, 255]),
    'ImageSets/Segmentation/val.txt': '2\r\n\n1\n',
    'ImageSets/Segmentation/train.txt': '1\n',
  });
  const { data, pictures, row } = await read(root, model);
  assert.equal([data.layout, pictures, row], ['voc', ['JPEGImages/2.jpg', 'JPEGImages/1.jpg'], [0, 15, 20, 255]]);
  await fails(read(root, model, 'voc', 'train'), 'NO_FILE', 'JPEGImages/1.jpg', 'SegmentationClass/1.png');
  await fails(read(root, model, 'voc', 'holdout'), 'BAD_USAGE', 'ImageSets/Segmentation/holdout.txt');
});

test('camvid: 32 colours are merged to the model’s classes by name', async () => {
  const row = await colours([128, 64, 128], [128, 0, 192], [64, 128, 192], [192, 128, 64], [0, 0, 0], [0, 128, 64], [0, 0, 192]);
  const files = { 'test/x.png': nothing, 'test_labels/x_L.png': row, 'train/y.png': nothing, 'train_labels/y_L.png': row };
  // Road, lane marking, pick-up, child, void, bridge, sidewalk.
  const wanted = ['road', 'road', 'car', 'pedestrian', undefined, 'building', 'pavement'];
  const ofSegnet = await read(plant(files), segnet);
  assert.equal([ofSegnet.data.layout, ofSegnet.data.split, ofSegnet.pictures], ['camvid', 'test', ['test/x.png']]);
  assert.equal(
    ofSegnet.row.map(value => segnet[value]),
    wanted,
  );
  const ofOfficial = await read(plant(files), official);
  assert.equal(ofOfficial.row, [5, 5, 3, 6, 255, 0, 9]);
  assert.equal((await read(plant(files), official, 'camvid', 'train')).pictures, ['train/y.png']);
});

test('camvid: a model of finer classes gets them, and class_dict.csv has the last word on colours', async () => {
  const table = 'name,r,g,b\nRoad,1,1,1\nLaneMkgsDriv, 2, 2, 2\nSky,3,3,3\nVoid,0,0,0\n';
  const row = await colours([1, 1, 1], [2, 2, 2], [3, 3, 3], [0, 0, 0]);
  const root = plant({ 'class_dict.csv': table, 'test/x.png': nothing, 'test_labels/x_L.png': row });
  assert.equal((await read(root, ['sky', 'lanemkgsdriv', 'road'])).row, [2, 1, 0, 255]);
  assert.equal((await read(root, ['sky', 'road'])).row, [1, 1, 0, 255]);
  const broken = plant({ 'class_dict.csv': 'name,r,g,b\nRoad,1,1\n', 'test/x.png': nothing, 'test_labels/x_L.png': row });
  await fails(read(broken, ['road']), 'BAD_USAGE', 'class_dict.csv', 'line 2', 'Road,1,1');
});

test('camvid: index files count by the order of their release', async () => {
  const values = await grey(0, 1, 10, 11, 255);
  const annot = plant({ 'test/x.png': nothing, 'testannot/x.png': values });
  assert.equal((await read(annot, official)).row, [2, 0, 10, 255, 255]);
  const labels = plant({ 'test/x.png': nothing, 'test_labels/x_L.png': values });
  assert.equal((await read(labels, segnet)).row, [1, 5, 10, 255, 255]);
  const pairs = plant({ 'images/x.png': nothing, 'labels/x.png': values });
  assert.equal((await read(pairs, official, 'camvid')).row, [2, 0, 10, 255, 255]);
});

test('camvid: a palette of CamVid’s colours speaks, another is silent', async () => {
  const painted = await indexed(
    [0, 1],
    [
      [64, 0, 128],
      [128, 128, 128],
    ],
  );
  const root = plant({ '701_StillsRaw_full/x.png': nothing, 'LabeledApproved_full/x_L.png': painted });
  const { data, row } = await read(root, segnet);
  assert.equal([row, data.split], [[8, 0], null]);
  assert.equal((await read(plant({ 'test/x.png': nothing, 'testannot/x.png': await indexed([0, 2]) }), segnet)).row, [0, 2]);
});

test('camvid: a stray colour is void, many are a damaged file', async () => {
  const road = Array.from({ length: 300 }, () => [128, 64, 128]);
  const stray = await colours(...road, [1, 2, 3]);
  assert.is((await read(plant({ 'test/x.png': nothing, 'test_labels/x_L.png': stray }), segnet)).unknown, 1);
  const damaged = await colours([128, 64, 128], [1, 2, 3], [9, 9, 9]);
  const root = plant({ 'test/x.png': nothing, 'test_labels/x_L.png': damaged });
  await fails(read(root, segnet), 'BAD_IMAGE', 'x_L.png', '2 of 3', '1,2,3', 'column 1 of row 0');
});

test('classes without a partner are refused, with both counts', async () => {
  const root = plant({ 'test/x.png': nothing, 'testannot/x.png': await grey(0) });
  await fails(read(root, cityscapes.labels), 'BAD_USAGE', root, '11 classes', 'model 19', '"tree"', '"wall"', '--labels');
  const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index));
  assert.equal((await read(root, numbers(11))).row, [0]);
  const painted = plant({ 'test/x.png': nothing, 'test_labels/x_L.png': await colours([0, 0, 0]) });
  await fails(read(painted, numbers(11)), 'BAD_USAGE', '32 classes', 'model 11 without names', '--labels');
  const row = await grey(3, 18);
  const city = plant({ 'leftImg8bit/val/a/x_leftImg8bit.png': nothing, 'gtFine/val/a/x_gtFine_labelTrainIds.png': row });
  assert.equal((await read(city, numbers(19))).row, [3, 18]);
  await fails(read(city, numbers(21)), 'BAD_USAGE', '19 classes', 'model 21');
});

test('folders that are something else', async () => {
  const pairs = plant({ 'images/a.png': nothing, 'labels/a.png': await grey(0) });
  await fails(read(pairs, segnet, 'voc'), 'BAD_USAGE', pairs, 'no JPEGImages/', 'ImageSets', '--layout pairs or camvid');
  await fails(read(pairs, segnet, 'pairs', 'val'), 'BAD_USAGE', 'no splits', 'val');
  await fails(read(pairs, segnet, 'camvid', 'val'), 'BAD_USAGE', 'val_labels/');
  await fails(read(pairs, segnet, 'coco'), 'BAD_USAGE', '--layout coco', 'cityscapes, voc, pairs, camvid');
  await fails(read(join(home, 'nowhere'), segnet), 'NO_FILE', 'nowhere', 'no such folder');
  await fails(
    read(plant({ 'a.txt': '' }), segnet),
    'BAD_USAGE',
    'leftImg8bit',
    'JPEGImages',
    'images/',
    'testannot/',
    '--layout NAME',
  );
  await fails(read(plant({ 'images/x.txt': '', 'labels/x.png': '' }), segnet), 'NO_FILE', 'no picture');
  const bare = plant({ 'images/x.png': '', 'labels/y.png': '' });
  await fails(read(bare, segnet), 'NO_FILE', 'none of its 1 pictures', 'labels/x.png');
});

test('links are followed', async () => {
  const real = plant({ 'a/x.png': nothing, 'b/x.png': await grey(4) });
  const root = plant({});
  symlinkSync(join(real, 'a'), join(root, 'images'));
  symlinkSync(join(real, 'b'), join(root, 'labels'));
  assert.equal((await read(root, segnet)).row, [4]);
});

test.run();
