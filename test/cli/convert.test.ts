// `convert`: what a checkpoint becomes, byte for byte the same every time, and a card that tells the truth about it.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeWeights } from '../../src/load.ts';
import { parseCard } from '../../src/weights/card.ts';
import { readSafetensors, writeSafetensors } from '../../src/weights/safetensors.ts';
import { fromFloat32, type Tensor, toFloat32 } from '../../src/weights/tensor.ts';
import { type Code, call, dict, floats, global, none, ordered, tensor as tensorCode, text, torchFile } from '../weights/pickle.ts';
import { at, caffemodel, cli, complained, home, listing, narrow, save, seeded, WEIGHTS } from './harness.ts';

const MODEL = 'exp49_decoder14';
const CLASSES = 3;
const tensors = seeded(MODEL, CLASSES);
const caller = process.cwd();
test.before.each(() => process.chdir(home));
test.after.each(() => process.chdir(caller));

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const counters: [string, Tensor][] = [['stem.bn.num_batches_tracked', { dtype: 'I64', shape: [], bytes: new Uint8Array(8) }]];

/** As torch.save writes them, with a record for each tensor, `part` of them by another maker than tensors have. */
function entries(prefix: string, from = tensors, part?: string): [string, Code][] {
  return [...from].map(([name, { shape }], n): [string, Code] => {
    const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
    const stored = shape.reduce((a, b) => a * b, 1);
    const rebuilt = tensorCode({ key: String(n), stored, shape, strides });
    return [prefix + name, name === part ? call(global('torch._utils', '_rebuild_qtensor'), none) : rebuilt];
  });
}
const storages = Object.fromEntries([...tensors.values()].map(({ bytes }, n) => [String(n), bytes]));
const pth = (): Uint8Array => torchFile(ordered(...entries('module.')), storages);

async function converts(...words: string[]): Promise<{ sha256: string; bytes: number }> {
  const { code, out, err } = await cli('convert', ...words, '--json');
  assert.is(code, 0, err);
  return JSON.parse(out);
}

const linux = process.platform === 'linux' ? test : test.skip;
linux('a disk that is full leaves neither the file nor its card', async () => {
  mkdirSync(at('disk'));
  // Writing to this device fails as on a full disk.
  symlinkSync('/dev/full', at('disk', 'x.card.json'));
  const outcome = await cli('convert', WEIGHTS, '-o', 'disk/x.safetensors');
  complained(outcome, 1, at('disk', 'x.card.json'), 'no space is left');
  assert.equal(readdirSync(at('disk')), ['x.card.json']);
});

test('--key chooses a dict, several that fit are told, and what is needed must be a tensor', async () => {
  const lightning = dict(
    ['hyper_parameters', dict(['path', call(global('pathlib', 'PosixPath'), text('/data'))])],
    ['model_ema', dict(['module', ordered(...entries('', tensors, 'stem.conv.weight'))])],
    ['state_dict', ordered(...entries('model._orig_mod.'))],
    ['checkpoint', dict(['params', ordered(...entries(''))])],
  );
  save('lightning.pth', torchFile(lightning, storages));
  const several = await cli('convert', 'lightning.pth', '-o', 'lightning.safetensors', '-m', MODEL);
  assert.is(several.code, 0, several.err);
  assert.match(several.err, /lightning\.pth: "checkpoint\.params" fits too: "state_dict\.model" is taken; --key says otherwise/);
  const keyed = await cli('convert', 'lightning.pth', '-o', 'keyed.safetensors', '-m', MODEL, '--key', 'checkpoint.params');
  assert.equal([keyed.code, keyed.err], [0, '']);
  for (const file of ['lightning.safetensors', 'keyed.safetensors']) {
    const { tensors: made } = readSafetensors(readFileSync(at(file)), file);
    for (const [name, { bytes }] of tensors) assert.equal(made.get(name)!.bytes, new Uint8Array(bytes), `${file} ${name}`);
  }
  const quantised = await cli('convert', 'lightning.pth', '-o', 'x.safetensors', '-m', MODEL, '--key', 'model_ema');
  complained(quantised, 1, at('lightning.pth'), '"model_ema.module.stem.conv.weight" is made by', '_rebuild_qtensor', 'quantised');
  const wrong = await cli('convert', 'lightning.pth', '-o', 'x.safetensors', '-m', MODEL, '--key', 'ema');
  complained(wrong, 2, 'key "ema"', at('lightning.pth'), '"model_ema"');
});

test('a .pth becomes safetensors with its card, the same bytes every time', async () => {
  save('in.pth', pth());
  mkdirSync(at('made'));
  const said = await converts('in.pth', '-o', 'made/new/out.safetensors', '-m', MODEL);
  assert.equal(readdirSync(at('made', 'new')).sort(), ['out.card.json', 'out.safetensors']);
  const bytes = readFileSync(at('made', 'new', 'out.safetensors'));
  const beside = parseCard(readFileSync(at('made', 'new', 'out.card.json'), 'utf8'), 'beside');
  assert.equal(beside.file, { bytes: bytes.length, sha256: sha256(bytes) });
  assert.equal([said.sha256, said.bytes], [sha256(bytes), bytes.length]);
  assert.equal(beside.source, { file: 'in.pth', sha256: sha256(readFileSync(at('in.pth'))) });
  const { tensors: written, metadata } = readSafetensors(bytes, 'out');
  const { file: _file, ...inside } = beside;
  assert.equal(parseCard(metadata.get('atrous')!, 'inside'), inside);
  assert.equal([inside.model, inside.classes], [MODEL, ['0', '1', '2']]);
  assert.equal([inside.check!.height, inside.check!.width], [64, 128]);
  assert.is(
    inside.check!.classes.reduce((sum, [, run]) => sum + run, 0),
    64 * 128,
  );
  for (const [name, { shape, bytes: values }] of tensors)
    assert.equal(written.get(name), { dtype: 'F32', shape, bytes: new Uint8Array(values) });
  assert.is(written.size, tensors.size);

  await converts('in.pth', '-o', 'again.safetensors'); // its tensors fit this network alone
  assert.equal(readFileSync(at('again.safetensors')), bytes);
});

test('f16: kernels of half the size, vectors whole; a converted file converts again, in its place too', async () => {
  save('in.safetensors', writeSafetensors([...counters, ...tensors]));
  await converts('in.safetensors', '-o', 'half.safetensors', '-m', MODEL, '--precision', 'f16');
  const { tensors: half } = readSafetensors(readFileSync(at('half.safetensors')), 'half');
  assert.is(half.size, tensors.size, 'without the counters');
  for (const [name, { dtype, shape }] of half) assert.is(dtype, shape.length > 1 ? 'F16' : 'F32', name);
  assert.is(toFloat32(half.get('stem.bn.running_var')!)[3], toFloat32(tensors.get('stem.bn.running_var')!)[3]);

  const once = readFileSync(at('half.safetensors'));
  await converts('half.safetensors', '-o', 'half.safetensors', '--precision', 'f16'); // the card inside names the network now
  const twice = readFileSync(at('half.safetensors'));
  const [before, after] = [once, twice].map(bytes => readSafetensors(bytes, 'half'));
  assert.equal([...after.tensors], [...before.tensors]);
  const { source, check, ...card } = parseCard(after.metadata.get('atrous')!, 'twice');
  assert.equal(source, { file: 'half.safetensors', sha256: sha256(once) });
  const { source: _source, check: checked, ...same } = parseCard(before.metadata.get('atrous')!, 'once');
  assert.equal([card, check], [same, checked]);
});

test('--card goes in; without it the one beside the checkpoint, which so is not lost', async () => {
  const classes = ['road', 'sky', 'thing'];
  const palette = [
    [1, 2, 3],
    [4, 5, 6],
    [7, 8, 9],
  ];
  const preprocessing = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25], max_area: 5000 };
  const card = { model: MODEL, classes, palette, preprocessing, licence: 'none' };
  save('own.json', JSON.stringify(card));
  save('net.safetensors', writeSafetensors(tensors));
  await converts('net.safetensors', '-o', 'carded.safetensors', '--card', 'own.json');
  const {
    source: _source,
    check: _check,
    file: _file,
    ...kept
  } = parseCard(readFileSync(at('carded.card.json'), 'utf8'), 'carded');
  assert.equal(kept, card);
  const loaded = await decodeWeights(readFileSync(at('carded.safetensors')), 'carded', {});
  assert.equal([loaded.network.canonical, loaded.card.classes], [MODEL, classes]);

  save('net.card.json', JSON.stringify({ ...card, licence: 'mine' }));
  await converts('net.safetensors', '-o', 'net.safetensors');
  const beside = JSON.parse(readFileSync(at('net.card.json'), 'utf8'));
  assert.equal([beside.licence, beside.classes], ['mine', classes]);
});

test('a .caffemodel: its name is its card, and what published files leave out is put in', async () => {
  const cityscapes = narrow('dilation10_cityscapes');
  save('in.caffemodel', caffemodel(cityscapes));
  const { bytes } = await converts('in.caffemodel', '-o', 'caffe.safetensors');
  const { tensors: written, metadata } = readSafetensors(readFileSync(at('caffe.safetensors')), 'caffe');
  for (const [name, tensor] of cityscapes) assert.equal(toFloat32(written.get(name)!), toFloat32(tensor), name);
  const added = [...written.keys()].filter(name => !cityscapes.has(name));
  assert.equal([added, written.get('ctx_upsample.weight')!.shape], [['ctx_upsample.weight'], [19, 1, 16, 16]]);
  const { model, classes, preprocessing, source, check } = parseCard(metadata.get('atrous')!, 'caffe');
  assert.equal(
    [model, classes.length, classes[0], source!.file, check],
    ['dilation10_cityscapes', 19, 'road', 'in.caffemodel', undefined],
  );
  assert.equal([preprocessing.channels, preprocessing.tile], ['bgr', { height: 1396, width: 1396, margin: 186 }]);
  const again = await converts('caffe.safetensors', '-o', 'half.safetensors', '--precision', 'f16');
  assert.ok(again.bytes < 0.6 * bytes, `${again.bytes} of ${bytes} bytes`);
  const loaded = await decodeWeights(readFileSync(at('half.safetensors')), 'half', {});
  assert.equal([loaded.network.canonical, loaded.card.preprocessing.tile], [model, preprocessing.tile]);
});

test('what can not be converted leaves nothing', async () => {
  const large = new Map(tensors);
  const stem = large.get('stem.conv.weight')!;
  large.set(
    'stem.conv.weight',
    fromFloat32(
      stem.shape,
      toFloat32(stem).map(value => value * 1e6),
    ),
  );
  save('large.safetensors', writeSafetensors(large));
  save('none.pth', torchFile(ordered(['w', tensorCode({ stored: 1, shape: [1], strides: [1] })]), { '0': floats(1) }));
  save('card.json', '{"model": "exp49_decoder14", "classes": ["a"]');
  const before = listing();
  const convert = (...words: string[]) => cli('convert', ...words);
  const large16 = ['large.safetensors', '-o', 'x.safetensors', '-m', MODEL, '--precision', 'f16'];
  complained(await convert(...large16), 1, at('large.safetensors'), 'stem.conv.weight', '65504');
  complained(await convert('none.pth', '-o', 'x.safetensors'), 1, at('none.pth'), 'no known network', '--model');
  complained(
    await convert('none.pth', '-o', 'x.safetensors', '-m', 'regseg'),
    1,
    at('none.pth'),
    'no tensors of exp48_decoder26',
    'none but scalars and counters',
    'stem.conv.weight',
  );
  complained(await convert('in.safetensors', '-o', 'x.safetensors', '--card', 'card.json'), 1, at('card.json'), 'JSON');
  complained(await convert('in.safetensors', '-o', 'x.pth', '-m', MODEL), 2, '--output', 'x.pth', '.safetensors');
  complained(await convert('in.safetensors', '-o', 'x.safetensors', '--precision', 'half'), 2, '--precision half', 'f16');
  complained(await convert(), 2, 'convert', '0 given');
  complained(await convert('a', 'b', '-o', 'x.safetensors'), 2, '2 given');
  complained(await convert('in.safetensors'), 2, '--output');
  complained(await convert(WEIGHTS, '-o', 'in.pth/x.safetensors'), 1, at('in.pth'), 'not a folder', '--output');
  assert.equal(listing(), before);
  assert.not.ok(existsSync(at('x.safetensors')));
});

test.run();
