// ONNX files in the commands that look at pictures: `segment`, `eval` and `doctor`, with cards and options.
import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import sharp from 'sharp';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeLabels, encodeIndexed } from '../../src/image/png.ts';
import { largestChannel } from '../front/tiny.ts';
import { classes, matte } from '../onnx/pictures.ts';
import { at, cli, complained, home, listing, pixels, said, save, savePicture } from './harness.ts';
import { shareDevice } from './one-device.ts';

const done = await shareDevice();
const gpu = done ? test : test.skip;
test.after(() => done?.());
const caller = process.cwd();
test.before.each(() => process.chdir(home));
test.after.each(() => process.chdir(caller));

save('rgb.onnx', classes());
save('red.onnx', matte(false));
save('names.txt', 'red\ngreen 0,255,0\nblue\n');
const PLAIN = ['--mean', '0,0,0'];
const picture = pixels('a.png', 12, 10);
await savePicture('a.png', 12, 10);
// Noise with ties: the largest channel is compared where there is none.
const expected = largestChannel(picture);
const clear = expected.map((_, n) => Number(new Set(picture.data.subarray(n * 3, n * 3 + 3)).size === 3));

const classesOf = async (file: string) => (await decodeLabels(readFileSync(at(file)), file)).data;

gpu('segment: the file before its pictures or behind --model; what was assumed is one line', async () => {
  for (const [folder, words] of [
    ['first', ['rgb.onnx', 'a.png']],
    ['second', ['a.png', '-m', 'rgb.onnx']],
  ] as const) {
    const { code, out, err } = await cli('segment', ...words, '-o', folder, ...PLAIN, '--labels', 'names.txt', '--json');
    assert.is(code, 0, err);
    assert.not.match(err, /assumed/);
    const got = await classesOf(`${folder}/a.classes.png`);
    assert.ok(got.every((value, n) => !clear[n] || value === expected[n]));
    const { model, size, shares } = JSON.parse(out);
    assert.equal([model, size, Object.keys(shares).sort()], ['rgb', '12x10', ['blue', 'green', 'red']]);
  }
  const { err } = await cli('segment', 'rgb.onnx', 'a.png', '-o', 'third');
  const [line, ...rest] = said(err);
  assert.equal(rest, []);
  assert.match(line, /rgb\.onnx: nothing tells otherwise, so these are assumed: ImageNet's mean and std of colours$/);
});

gpu('segment of a probability: --threshold, --scale, --channels, --scores', async () => {
  const words = [
    'segment',
    'red.onnx',
    'a.png',
    '-o',
    'red',
    '--scale',
    '1',
    '--mean',
    '0,0,100',
    '--channels',
    'bgr',
    '--threshold',
    '0.9',
  ];
  const { code, out, err } = await cli(...words, '--scores', '--json');
  assert.is(code, 0, err);
  const got = await classesOf('red/a.classes.png');
  // The first plane is blue; a probability of 0.9 is a score of ln 9.
  const above = got.map((_, n) => Number(picture.data[n * 3 + 2] - 100 > Math.log(9)));
  assert.equal(got, above);
  assert.is(JSON.parse(out).threshold, 0.9);
  assert.ok(listing().includes('red/a.prob.safetensors'));
});

gpu('segment --matte: grey, and the picture cut out; --resume wants both', async () => {
  const words = [
    'segment',
    'red.onnx',
    'a.png',
    '-o',
    'cut',
    '--scale',
    '0.01',
    '--mean',
    '1.2,0,0',
    '--matte',
    '--mask',
    '--resume',
  ];
  const { code, out, err } = await cli(...words, '--json');
  assert.is(code, 0, err);
  assert.equal(Object.keys(JSON.parse(out)).slice(6, 9), ['overlay', 'matte', 'cutout']);
  const files = () => listing().filter(name => name.startsWith('cut/'));
  assert.equal(files(), ['cut/.atrous.json', 'cut/a.classes.png', 'cut/a.cutout.png', 'cut/a.matte.png']);
  const grey = await sharp(at('cut/a.matte.png')).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
  assert.equal([grey.info.channels, (await sharp(at('cut/a.matte.png')).metadata()).space], [1, 'b-w']);
  const expected = Array.from({ length: 120 }, (_, n) => 255 / (1 + Math.exp(1.2 - picture.data[n * 3] / 100)));
  assert.ok(expected.every((value, n) => Math.abs(value - grey.data[n]) < 0.51));
  const whole = await sharp(at('cut/a.cutout.png')).raw().toBuffer();
  const pixel = (n: number): number[] => [...picture.data.subarray(n * 3, n * 3 + 3), grey.data[n]];
  assert.equal([...whole], Array.from({ length: 120 }, (_, n) => pixel(n)).flat());
  rmSync(at('cut/a.cutout.png'));
  assert.is((await cli(...words)).code, 0);
  assert.is(files().length, 4);
  complained(await cli('segment', 'rgb.onnx', 'a.png', '-o', 'never', ...PLAIN, '--matte'), 2, 'matte: rgb has 3 channels');
});

gpu('eval and its state; doctor', async () => {
  mkdirSync('data/images', { recursive: true });
  mkdirSync('data/labels');
  copyFileSync('a.png', 'data/images/a.png');
  const palette = [0, 1, 2].map(n => [n, n, n] as const);
  save(
    'data/labels/a.png',
    await encodeIndexed({ data: expected.map((value, n) => (clear[n] ? value : 255)), width: 10, height: 12 }, [
      ...palette,
      ...Array.from({ length: 253 }, () => [9, 9, 9] as const),
    ]),
  );
  const { code, out, err } = await cli('eval', 'rgb.onnx', '--data', 'data', '--layout', 'pairs', ...PLAIN, '--json', '--resume');
  assert.is(code, 0, err);
  const last = JSON.parse(out.trim().split('\n').at(-1)!);
  assert.is(last.miou, 1, out);
  assert.ok(listing().includes('out/rgb.onnx.eval.json'));
  // Another normalisation is another run.
  complained(
    await cli('eval', 'rgb.onnx', '--data', 'data', '--layout', 'pairs', '--mean', '0,0,0.5', '--resume'),
    2,
    'preprocessing',
  );
  const doctor = await cli('doctor', 'rgb.onnx');
  assert.match(doctor.out, /self-test ONNX opset 17, "y": its card has none/);
});

gpu("a card's self-test, by doctor", async () => {
  const check = { seed: 'input', height: 4, width: 5, classes: [[0, 20]], agreement: 0.01 };
  save('tested.onnx', classes());
  save('tested.card.json', JSON.stringify({ check }));
  const { out } = await cli('doctor', 'tested.onnx', '--json');
  const [{ precision, agreement }] = JSON.parse(out).audits;
  assert.is(precision, 'f32');
  assert.ok(agreement > 0.1 && agreement < 0.7, `${agreement}`);
});

test('refused: every node a line, before anything is written', async () => {
  const nodes = [
    { op: 'NonZero', inputs: ['x'], outputs: ['a'], name: 'one' },
    { op: 'Loop', inputs: ['a'], outputs: ['y'], name: 'two' },
  ];
  save('bad.onnx', classes({ nodes }));
  const before = listing();
  for (const words of [
    ['segment', 'bad.onnx', 'a.png', '-o', 'never'],
    ['doctor', 'bad.onnx'],
  ]) {
    const { code, err } = await cli(...words);
    assert.is(code, 1, err);
    assert.match(err, /^NonZero "one": there is no kernel for it\nLoop "two": there is no kernel for it\n.*2 nodes can't be made/s);
  }
  assert.equal(listing(), before);
});

const wrong: [words: string[], code: number, ...parts: (string | RegExp)[]][] = [
  [['segment', 'rgb.onnx', 'red.onnx', 'a.png'], 2, 'one MODEL', 'rgb.onnx', 'red.onnx'],
  [['segment', 'rgb.onnx', 'a.png', '-m', 'regseg'], 2, 'one MODEL', '--model regseg'],
  [['segment', 'rgb.onnx', 'a.png', '-w', 'x.pth'], 2, '--weights is not for ONNX files'],
  [['segment', 'rgb.onnx', 'a.png', '--mean', '1,2'], 2, '--mean 1,2', 'three numbers'],
  [['segment', 'rgb.onnx', 'a.png', '--std', '1,0,1'], 2, '--std 1,0,1', 'above 0'],
  [['segment', 'rgb.onnx', 'a.png', '--scale', 'x'], 2, '--scale x'],
  [['segment', 'rgb.onnx', 'a.png', '--channels', 'rbg'], 2, '--channels rbg', 'rgb, bgr'],
  [['segment', 'rgb.onnx', 'a.png', ...PLAIN, '--threshold', '0.5'], 2, 'threshold: rgb has 3 channels'],
  [['segment', 'rgb.onnx', 'a.png', ...PLAIN, '--tile', 'none'], 2, 'rgb reads the picture at once'],
  [['segment', 'a.png', '--output-name', 'y'], 2, '--output-name y', 'ONNX'],
  [['segment', 'a.png', 'w.safetensors'], 2, 'w.safetensors is no picture', '--weights', '--model'],
  [['segment', 'a.png', '-m', 'names.txt'], 2, "names.txt is neither a network's name nor an ONNX file"],
  [['segment', 'gone.onnx', 'a.png'], 1, 'gone.onnx', "can't be read"],
  [['segment', 'rgb.onnx', 'a.png', '--output-name', 'q'], 2, 'no value "q"'],
];
for (const [words, code, ...parts] of wrong)
  test(`refused: ${words.join(' ')}`, async () => {
    complained(await cli(...words), code, ...parts);
  });

test.run();
