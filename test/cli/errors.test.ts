// Bad input, a row a case: the exit code, one line that names the file or option and the facts that disagree, and nothing left behind.
import { mkdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { defaultCard } from '../../src/models/cards.ts';
import { readSafetensors, writeSafetensors } from '../../src/weights/safetensors.ts';
import { fromFloat32, type Tensor } from '../../src/weights/tensor.ts';
import { onnx } from '../onnx/writer.ts';
import { call, floats, global, ordered, pickle, tensor, text, torchFile } from '../weights/pickle.ts';
import { at, caffemodel, cli, complained, home, listing, narrow, save, saveInput, savePicture, WEIGHTS } from './harness.ts';

const caller = process.cwd();
test.before.each(() => process.chdir(home));
test.after.each(() => process.chdir(caller));

/** Words of a command → exit code and what its one line must hold. */
type Row = readonly [words: string, code: 1 | 2, ...parts: (string | RegExp)[]];

async function judge(rows: readonly Row[]): Promise<void> {
  const before = listing();
  for (const [words, code, ...parts] of rows) {
    const outcome = await cli(...words.split(' '));
    try {
      complained(outcome, code, ...parts);
      assert.equal(listing(), before, 'files left');
    } catch (error) {
      throw new Error(`${words}: ${(error as Error).message}`);
    }
  }
}

await savePicture('good.png', 24, 32);
await savePicture('good.jpg', 24, 32);
saveInput(5, 3);
saveInput(373, 373);
const bytes = readFileSync(WEIGHTS);
const { tensors, metadata } = readSafetensors(bytes, WEIGHTS);
const card = JSON.parse(metadata.get('atrous')!);

test('pictures', async () => {
  save('text.png', 'no picture');
  save('cut.png', readFileSync(at('good.png')).subarray(0, 1000));
  save('cut.jpg', readFileSync(at('good.jpg')).subarray(0, 300));
  save('zero.png', '');
  mkdirSync(at('empty'));
  mkdirSync(at('notes'));
  save('notes/readme.txt', '');
  // A picture is read after the adapter is open, so those that can't be decoded cost a moment each.
  await judge([
    ['segment', 2, 'picture'],
    ['segment none.png', 1, at('none.png'), 'no such file'],
    ['segment good.png none.png', 1, at('none.png'), 'no such file'],
    ['segment empty', 1, at('empty'), 'holds no picture'],
    ['segment notes', 1, at('notes'), 'holds no picture'],
    ['segment good.png good.jpg', 2, at('good.png'), at('good.jpg'), 'good.classes.png'],
    ['segment . -w none.safetensors', 2, home, 'would both'],
    ['segment good.png ./good.png', 2, 'good.classes.png'],
    ['segment zero.png -o never', 1, at('zero.png'), 'empty'],
    ['segment text.png -o never', 1, at('text.png'), 'decoded'],
    ['segment cut.png -o never', 1, at('cut.png'), 'decoded'],
    ['segment cut.jpg -o never', 1, at('cut.jpg'), 'decoded'],
  ]);
});

test('options', async () => {
  save('facts.json', '{"adapter": "mine"}');
  const relu = { op: 'Relu', inputs: ['x'], outputs: ['y'] };
  save('relu.onnx', onnx({ inputs: { x: [1, 3, 7, 9] }, outputs: ['y'], nodes: [relu] }));
  await judge([
    ['segment good.png --size 0x0', 2, '--size 0x0', 'height×width'],
    ['segment good.png --size 12', 2, '--size 12', 'height×width'],
    ['segment good.png --size -3x4', 2, '--size', 'dash'],
    ['segment good.png --size=-3x4', 2, '--size -3x4', 'height×width'],
    ['segment good.png --size 1e9x1e9', 2, '--size 1e9x1e9', 'height×width'],
    ['segment good.png --size 12.5x3', 2, '--size 12.5x3'],
    ['segment good.png --size', 2, '--size', 'missing'],
    ['segment good.png --frobnicate', 2, '--frobnicate', '--precision', '--size'],
    ['segment good.png -x', 2, '-x', '--output'],
    ['segment good.png --mask=yes', 2, '--mask'],
    ['segment good.png -o ', 2, '--output is empty'],
    ['segment good.png --precision f64', 2, '--precision f64', 'f32, half, f16, int8, auto'],
    ['segment good.png --variants fast', 2, '--variants', 'fast', 'plain'],
    ['segment good.png --adapter  ', 2, '--adapter is empty'],
    ['segment good.png --model unet', 2, '"unet" is not known', 'regseg-camvid'],
    ['segment good.png --model exp48_decoder7', 2, 'decoder7', 'decoder26'],
    ['segment good.png --model regseg', 2, '"regseg"', '--weights', 'regseg-camvid'],
    ['run', 2, 'MODEL', '0 given'],
    ['run regseg-camvid extra', 2, 'extra'],
    ['run regseg-camvid -o y.safetensors', 2, '--input'],
    ['run regseg-camvid --input 5x3.safetensors', 2, '--output'],
    ['run exp49_decoder14 --input 5x3.safetensors -o y.safetensors', 2, '"exp49_decoder14"', '--weights'],
    ['run regseg-camvid --input 5x3.safetensors -o y.safetensors --backend cuda', 2, '--backend cuda', 'webgpu, cpu'],
    ['run regseg-camvid --input 5x3.safetensors -o y.safetensors --taps body.stage99', 2, '"body.stage99"', 'body.stage4'],
    ['run regseg-camvid --input 5x3.safetensors -o y.safetensors --backend cpu --precision f8', 2, '--precision f8'],
    ['run regseg-camvid --input 5x3.safetensors -o y.safetensors --backend cpu --variants fast', 2, '--variants', 'fast'],
    ['inspect', 2, 'MODEL'],
    ['inspect unet', 2, '"unet" is not known'],
    ['inspect regseg --precision f16', 2, 'precision f16', 'shader-f16'],
    ['inspect regseg --features subgroup', 2, '--features subgroup', 'shader-f16', 'subgroups'],
    ['inspect regseg --adapter default --size 16x9000', 1, 'the picture is 16×9000', '8192×8192', 'shrink it'],
    ['inspect regseg --adapter default --size 100000x100000', 1, '480000000000', '134217728', '--size'],
    ['inspect regseg --adapter none.json', 1, at('none.json'), 'no such file'],
    ['inspect regseg --adapter facts.json', 2, '--adapter', at('facts.json'), 'limits'],
    ['models regseg', 2, 'models', 'regseg'],
    ['doctor regseg now', 2, 'doctor', 'now'],
    ['doctor --card card.json', 2, '--card card.json', '--weights'],
    ['inspect regseg --key model', 2, '--key model', '--weights'],
    ['inspect relu.onnx --key model', 2, '--key', 'ONNX'],
    ['inspect relu.onnx --size 64x64', 2, '--size 64x64', '7x9'],
    ['run relu.onnx --input 5x3.safetensors -o y.safetensors --threshold 0.3', 2, '--threshold', 'ONNX'],
    ['frobnicate', 2, '"frobnicate"', 'segment', 'convert'],
    ['toString', 2, '"toString"'],
  ]);
});

test('places to write', async () => {
  save('file', '');
  const run = 'run regseg-camvid --input 5x3.safetensors --backend cpu -o';
  await judge([
    ['segment good.png -o file', 1, at('file'), 'not a folder', '--output'],
    ['segment good.png -o file/deeper/still', 1, at('file', 'deeper', 'still'), `${at('file')} is not a folder`, '--output'],
    ['segment good.png -o /proc/x', 1, '/proc/x', '/proc takes no new files', '--output'],
    [`${run} file/y.safetensors`, 1, at('file'), 'not a folder'],
    [`${run} /proc/x/y.safetensors`, 1, '/proc/x'],
    [`${run} .`, 1, home, 'folder'],
  ]);
});

test('input tensors', async () => {
  const saveTensors = (name: string, entries: [string, Tensor][]): string => save(name, writeSafetensors(entries));
  const zeros = (...shape: number[]): Tensor => fromFloat32(shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));
  saveTensors('name.safetensors', [['image', zeros(1, 3, 4, 4)]]);
  saveTensors('rank.safetensors', [['input', zeros(3, 4, 4)]]);
  saveTensors('channels.safetensors', [['input', zeros(1, 4, 4, 4)]]);
  saveTensors('batch.safetensors', [['input', zeros(2, 3, 4, 4)]]);
  saveTensors('none.safetensors', [['input', zeros(1, 3, 0, 4)]]);
  saveTensors('bytes.safetensors', [['input', { dtype: 'U8', shape: [1, 3, 2, 2], bytes: new Uint8Array(12) }]]);
  const row = (name: string, ...parts: string[]): Row => [
    `run regseg-camvid --backend cpu -o y.safetensors --input ${name}`,
    1,
    at(name),
    ...parts,
  ];
  await judge([
    row('missing.safetensors', 'no such file'),
    row('good.png', 'header', 'bytes'),
    row('name.safetensors', '"input"', 'image'),
    row('rank.safetensors', '1×3×H×W', 'F32 3×4×4'),
    row('channels.safetensors', '1×3×H×W', 'F32 1×4×4×4'),
    row('batch.safetensors', '1×3×H×W', 'F32 2×3×4×4'),
    row('none.safetensors', '1×3×H×W', 'F32 1×3×0×4'),
    row('bytes.safetensors', 'F32 1×3×H×W', 'U8 1×3×2×2'),
  ]);
});

/** The weights with some tensors replaced, or taken out. */
function changed(changes: Record<string, Tensor | null>): Uint8Array {
  const all = [...tensors].map(([name, value]): [string, Tensor | null] => [name, name in changes ? changes[name] : value]);
  const more = Object.entries(changes).filter(([name]) => !tensors.has(name));
  return writeSafetensors(
    [...all, ...more].filter((entry): entry is [string, Tensor] => entry[1] !== null),
    { atrous: JSON.stringify(card) },
  );
}

/** The weights with another header of the same length. */
function withHeader(edit: (header: Record<string, { data_offsets: [number, number] }>) => void): Uint8Array {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString());
  edit(header);
  const printed = Buffer.from(JSON.stringify(header));
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(BigInt(printed.length));
  return Buffer.concat([start, printed, bytes.subarray(8 + length)]);
}

test('weights', async () => {
  const bias = tensors.get('decoder.classifier.bias')!;
  const huge = Buffer.alloc(64, 0x20);
  huge.writeBigUInt64LE(10n ** 12n);
  huge[8] = 0x7b;
  const files: Record<string, Uint8Array | string> = {
    'cut.safetensors': bytes.subarray(0, bytes.length / 2),
    'huge.safetensors': huge,
    'empty.safetensors': '',
    'page.safetensors': '<!DOCTYPE html><title>Not found</title>',
    'overlap.safetensors': withHeader(header => {
      const { data_offsets: offsets } = header['stem.bn.bias'];
      header['stem.bn.weight'].data_offsets = offsets;
    }),
    'outside.safetensors': withHeader(header => {
      header['stem.bn.bias'].data_offsets = [10 ** 9, 10 ** 9 + 128];
    }),
    'missing.safetensors': changed({ 'body.stage8.1.bn2.weight': null }),
    'headless.safetensors': changed({ 'decoder.classifier.weight': null }),
    'shape.safetensors': changed({ 'stem.bn.bias': fromFloat32([31], new Float32Array(31)) }),
    'extra.safetensors': changed({ 'aux.weight': bias }),
    'nan.safetensors': changed({ 'decoder.classifier.bias': fromFloat32([11], new Float32Array(11).fill(Number.NaN)) }),
  };
  for (const [name, content] of Object.entries(files)) save(name, content);
  const row = (name: string, ...parts: (string | RegExp)[]): Row => [`segment good.png -o never -w ${name}`, 1, at(name), ...parts];
  await judge([
    row('none.pth', 'no such file'),
    row('cut.safetensors', /ends at byte \d+, the file has \d+/),
    row('huge.safetensors', '1000000000000', '56'),
    row('empty.safetensors', 'empty'),
    row('page.safetensors', 'a web page'),
    row('overlap.safetensors', 'stem.bn.', /inside|belong to no tensor/),
    row('outside.safetensors', 'stem.bn.bias', '1000000128'),
    row('missing.safetensors', '1 missing', 'body.stage8.1.bn2.weight'),
    row('headless.safetensors', 'decoder.classifier.weight', 'missing'),
    row('shape.safetensors', 'stem.bn.bias', '[31]', '[32]'),
    row('extra.safetensors', 'aux.weight'),
    row('nan.safetensors', 'decoder.classifier.bias', 'NaN', 'index 0'),
    [`run exp53_decoder29 -w ${WEIGHTS} --input 5x3.safetensors -o y.safetensors`, 1, WEIGHTS, '406', '482', 'model'],
    [`segment good.png -m exp49_decoder14 -w ${WEIGHTS}`, 1, WEIGHTS, 'tensors do not fit'],
    [`inspect regseg-large -w ${WEIGHTS}`, 1, WEIGHTS, 'tensors do not fit'],
  ]);
});

test('PyTorch checkpoints', async () => {
  const one = tensor({ stored: 1, shape: [1], strides: [1] });
  const file = torchFile(ordered(['w', one]), { '0': floats(1) });
  const evil = torchFile(ordered(['w', call(global('os', 'system'), text('touch pwned'))]), {});
  save('old.pth', Uint8Array.of(0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e));
  save('bare.pth', pickle(ordered(['w', one])));
  save('cut.pth', file.subarray(0, file.length / 2));
  save('evil.pth', evil);
  save('tiny.pth', file);
  const row = (name: string, ...parts: string[]): Row => [`segment good.png -o never -w ${name}`, 1, at(name), ...parts];
  await judge([
    row('old.pth', 'before 1.6', 'torch.save'),
    row('bare.pth', 'a Python pickle', 'torch.save'),
    row('cut.pth', 'cut off'),
    row('evil.pth', 'os.system', 'torch.save'),
    row('tiny.pth', 'no known network', '--model'),
    ['convert evil.pth -o never.safetensors', 1, at('evil.pth'), 'os.system'],
    ...[
      'segment good.png -o never',
      'inspect regseg',
      'doctor regseg',
      'run regseg --input 5x3.safetensors -o never.safetensors',
    ].map((words): Row => [`${words} -w tiny.pth --key ema`, 2, 'key "ema"', at('tiny.pth'), 'leave the key out']),
    ['convert tiny.pth -o never.safetensors --key ema', 2, 'key "ema"', at('tiny.pth')],
  ]);
});

test('DilatedNet: caffemodels, tiles, and options of the other family', async () => {
  const camvid = narrow('dilation8_camvid');
  const file = caffemodel(camvid);
  const shape = [2, 1, 5, 5];
  const misshapen = new Map([...camvid, ['conv2_1.weight', fromFloat32(shape, new Float32Array(50))] as const]);
  save('camvid.caffemodel', file);
  save('cut.caffemodel', file.subarray(0, file.length / 2));
  save('shape.caffemodel', caffemodel(misshapen));
  save('headless.caffemodel', caffemodel(new Map([...camvid].filter(([name]) => !name.startsWith('ctx_final')))));
  const saveCard = (name: string, tile: object): string =>
    save(
      name,
      JSON.stringify({ ...defaultCard('dilation8_camvid', 11), preprocessing: { mean: [0, 0, 0], std: [1, 1, 1], tile } }),
    );
  saveCard('margin.json', { height: 900, width: 1100, margin: 100 });
  save(
    'tiled.json',
    JSON.stringify({ ...card, preprocessing: { ...card.preprocessing, tile: { height: 9, width: 9, margin: 1 } } }),
  );
  const run = 'run dilation8_camvid -w camvid.caffemodel -o y.safetensors --backend cpu --input';
  const segment = 'segment good.png -o never -m dilation8_camvid -w';
  mkdirSync(at('both'));
  for (const folder of ['images', 'labels']) mkdirSync(at('data', folder), { recursive: true });
  for (const name of ['both/a.png', 'both/b.png', 'data/images/a.png', 'data/labels/a.png'])
    save(name, readFileSync(at('good.png')));
  await judge([
    [`${segment} cut.caffemodel`, 1, at('cut.caffemodel'), 'cut off', /byte \d+/],
    [`${segment} shape.caffemodel`, 1, at('shape.caffemodel'), '"conv2_1.weight" is [2, 1, 5, 5], expected [2, 1, 3, 3]'],
    [`${segment} headless.caffemodel`, 1, at('headless.caffemodel'), 'ctx_final.weight', 'missing'],
    ['segment good.png -o never -w headless.caffemodel', 1, at('headless.caffemodel'), '--model'],
    [`${segment} camvid.caffemodel --size 400x400`, 2, 'size: dilation8_camvid', 'tile'],
    [`${segment} camvid.caffemodel --tile 650x650`, 2, 'tile 650x650', 'leave 278', 'multiple of 8', '652'],
    [`${segment} camvid.caffemodel --tile 644x300`, 2, 'tile 644x300', '380 would do'],
    [`${segment} camvid.caffemodel --tile all`, 2, '--tile all', 'published, none', '644x644'],
    [`${segment} camvid.caffemodel --card margin.json`, 1, at('camvid.caffemodel'), 'margin of 100', '186', 'preprocessing.tile'],
    [`segment both -o never -w camvid.caffemodel --size 400x400`, 2, 'size: dilation8_camvid'],
    [`segment good.png -o never -w ${WEIGHTS} --card tiled.json`, 1, WEIGHTS, 'takes pictures whole', 'preprocessing.tile'],
    ['segment good.png -o never --tile none', 2, 'tile: regseg-camvid', 'DilatedNet'],
    ['segment good.png --raw 4x4 --scores', 2, '--scores'],
    ['segment good.png -m dilation8_camvid', 2, '"dilation8_camvid"', '--weights', '/dilation8_camvid.caffemodel'],
    ['segment good.png -m dilation9_camvid', 2, '"dilation9_camvid"', 'dilation8_camvid', 'frontend_kitti'],
    ['eval regseg-camvid --data data --tile none', 2, 'tile: regseg-camvid', 'DilatedNet'],
    ['eval dilation8_camvid -w camvid.caffemodel --data data --key ema', 2, 'key "ema"', at('camvid.caffemodel')],
    ['eval dilation8_camvid -w camvid.caffemodel --data data --size 400x400', 2, 'size: dilation8_camvid'],
    ['eval dilation8_camvid -w camvid.caffemodel --data data --tile 650x650', 2, 'tile 650x650'],
    [`${run} 5x3.safetensors`, 2, '373×373', '5×3'],
    [`${run} 373x373.safetensors --taps fc8,conv1_1`, 2, '"fc8"', 'fc7', 'ctx_final'],
    [`${run} 373x373.safetensors --taps body.stage4`, 2, '"body.stage4"', 'ctx_final'],
    ['inspect dilation8_camvid --size 300x300', 2, '373×373', '300×300'],
    ['inspect dilation8_camvid -w shape.caffemodel', 1, at('shape.caffemodel'), 'conv2_1.weight'],
    ['pull dilation8_camvid', 2, '"dilation8_camvid"', '/dilation8_camvid.caffemodel', '--weights'],
    ['pull frontend_camvid', 2, '"frontend_camvid"', 'no published checkpoint'],
  ]);
});

test('cards', async () => {
  const saveCard = (name: string, changes: object): string => save(name, JSON.stringify({ ...card, ...changes }));
  save('broken.json', '{"model":\n "exp48_decoder26",');
  save('list.json', '[]');
  saveCard('nine.json', { classes: card.classes.slice(0, 9), palette: card.palette.slice(0, 9) });
  saveCard('colours.json', { palette: card.palette.slice(0, 9) });
  saveCard('bright.json', { palette: card.palette.map(() => [0, 0, 256]) });
  saveCard('std.json', { preprocessing: { mean: [0, 0, 0], std: [1, 0, 1] } });
  saveCard('model.json', { model: 'unet' });
  save('beside.safetensors', bytes);
  saveCard('beside.card.json', { palette: 'red' });
  const row = (name: string, ...parts: string[]): Row => [`segment good.png -o never -w ${WEIGHTS} --card ${name}`, 1, ...parts];
  await judge([
    row('none.json', at('none.json'), 'no such file'),
    row('good.png', at('good.png'), 'neither UTF-8'),
    row('broken.json', at('broken.json'), 'not JSON'),
    row('list.json', at('list.json'), '"model"'),
    row('nine.json', '11 classes', 'names 9', 'card'),
    row('colours.json', at('colours.json'), '11 classes', '9 colours'),
    row('bright.json', at('bright.json'), '"palette"', '255'),
    row('std.json', at('std.json'), '"std"'),
    row('model.json', 'unet', 'not known', WEIGHTS),
    ['segment good.png -o never -w beside.safetensors', 1, at('beside.card.json'), '"palette"'],
    ['inspect regseg --card broken.json', 1, at('broken.json')],
  ]);
});

test.run();
