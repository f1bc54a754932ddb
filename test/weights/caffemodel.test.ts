// Caffe models: both encodings and every way to write numbers are read, and what a damaged or hostile file claims is refused.

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AtrousError } from '../../src/errors.ts';
import { readCaffemodel } from '../../src/weights/caffemodel.ts';
import { readWeights } from '../../src/weights/read.ts';
import { seededTensor } from '../../src/weights/seeded.ts';
import { fromFloat32, type Tensors, toFloat32 } from '../../src/weights/tensor.ts';
import { shared } from '../shared.ts';
import { join } from './pickle.ts';
import type { Field } from './protobuf.ts';
import {
  blob,
  bytes,
  doubles,
  encode,
  floats,
  int,
  ints,
  layer,
  legacyBlob,
  message,
  net,
  oldLayer,
  text,
  varint,
} from './protobuf.ts';

const six = [1, -2, 3.5, 4, 5, 6e-3];
const weight = blob([2, 3, 1, 1], six);
const bias = blob([2], [7, 8]);

function judge(outcome: unknown, title: string, pattern: RegExp): void {
  assert.instance(outcome, AtrousError, `${title}: ${outcome instanceof Map ? 'accepted' : outcome}`);
  assert.is((outcome as AtrousError).code, 'BAD_WEIGHTS', title);
  assert.match((outcome as AtrousError).message, /^x: /, title);
  assert.match((outcome as AtrousError).message, pattern, title);
}

function refuses(title: string, file: Uint8Array, pattern: RegExp): void {
  let outcome: unknown;
  try {
    outcome = readCaffemodel(file, 'x');
  } catch (error) {
    outcome = error;
  }
  judge(outcome, title, pattern);
}

const listed = (tensors: Tensors): [string, string, readonly number[], number[]][] =>
  [...tensors].map(([key, tensor]) => [key, tensor.dtype, tensor.shape, [...toFloat32(tensor)]]);
const asFloats = (values: readonly number[]): number[] => [...Float32Array.from(values)];

const conv: [string, string, number[], number[]][] = [
  ['conv.weight', 'F32', [2, 3, 1, 1], asFloats(six)],
  ['conv.bias', 'F32', [2], [7, 8]],
];
const legacyWeight = legacyBlob([2, 3, 1, 1], six);
const legacyBias = legacyBlob([1, 1, 1, 2], [7, 8]);
for (const [title, file] of [
  ['layer, shape', net(layer('conv', 'Convolution', weight, bias))],
  ['layers, num to width', net(oldLayer('conv', 4, legacyWeight, legacyBias))],
  ['layers upgraded by Caffe, which leaves their blobs alone', net(layer('conv', 'Convolution', legacyWeight, legacyBias))],
  ['layers with shape', net(oldLayer('conv', 4, weight, bias))],
  ['a legacy bias loaded and saved again', net(layer('conv', 'Convolution', weight, blob([1, 1, 1, 2], [7, 8])))],
  ['without a name of the net', encode([layer('conv', 'Convolution', weight, bias)])],
  ['of a layer without a type', encode([message(100, message(7, ...weight), message(7, ...bias), text(1, 'conv'))])],
  [
    'among layers without weights, and phases of one name',
    net(
      layer('d', 'Data'),
      layer('d', 'Data'),
      layer('conv', 'Convolution', weight, bias),
      layer('relu', 'ReLU'),
      layer('prob', 'Softmax'),
    ),
  ],
  [
    'among unknown fields of every type',
    encode([text(1, 'n'), message(100, ...unknown(), ...unwrap(layer('conv', '', weight, [...unknown(), ...bias])))]),
  ],
  ['beside a diff', net(layer('conv', 'Convolution', [...weight, ...floats(6, six), ...doubles(9, six)], bias))],
] as [string, Uint8Array][]) {
  test(`read: ${title}`, async () => {
    const read = await readWeights(file, 'weights');
    assert.equal([read.format, read.metadata.size], ['caffemodel', 0]);
    assert.equal(listed(read.tensors), conv);
  });
}

function unknown(): Field[] {
  return [int(900, 2n ** 64n - 1n), ...doubles(901, [1], false), text(902, '\u0008'), ...floats(2 ** 29 - 1, [1], false)];
}

function unwrap({ value }: Field): Field[] {
  return [...(value as readonly Field[])];
}

const values: [string, Field[], string][] = [
  ['packed', floats(5, six), 'F32'],
  ['one a field', floats(5, six, false), 'F32'],
  [
    'in several pieces',
    [...floats(5, six.slice(0, 2)), ...floats(5, six.slice(2, 3), false), ...floats(5, six.slice(3)), ...floats(5, [])],
    'F32',
  ],
  ['doubles', doubles(8, six), 'F64'],
  ['doubles, one a field', doubles(8, six, false), 'F64'],
  ['doubles before floats, as in Caffe', [...floats(5, [9]), ...doubles(8, six)], 'F64'],
  ['no doubles', [...doubles(8, []), ...floats(5, six)], 'F32'],
];
const shapes: [string, Field[]][] = [
  ['packed', [message(7, ...ints(1, [2, 3]))]],
  ['one a field', [message(7, ...ints(1, [2, 3], false))]],
  ['in two messages, which protocol buffers merge', [message(7, ...ints(1, [2])), message(7, ...ints(1, [3], false))]],
  ['in numbers longer than needed', [message(7, bytes(1, Uint8Array.of(0x82, 0x80, 0x80, 0, 0x83, 0)))]],
];
for (const [title, data, dtype] of values) {
  for (const [how, shape] of shapes) {
    test(`values ${title}; shape ${how}`, () => {
      for (const fields of [
        [...data, ...shape],
        [...shape, ...data],
      ]) {
        const tensors = readCaffemodel(net(layer('a', 'Scale', fields)), 'x');
        assert.equal(listed(tensors), [['a.weight', dtype, [2, 3], asFloats(six)]]);
      }
    });
  }
}

test('one piece means no copy, at every alignment', () => {
  for (let shift = 0; shift < 4; shift++) {
    const inner = net(layer('c'.repeat(1 + shift), 'Convolution', weight));
    const memory = join([Uint8Array.of(1, 2, 3), inner, Uint8Array.of(4)]);
    const file = memory.subarray(3, 3 + inner.length);
    const tensor = readCaffemodel(file, 'x').get(`${'c'.repeat(1 + shift)}.weight`)!;
    assert.is(tensor.bytes.buffer, memory.buffer);
    assert.is(tensor.bytes.constructor, Uint8Array);
    assert.equal([...toFloat32(tensor)], asFloats(six));
  }
  const buffer = Buffer.from(net(layer('a', 'Convolution', weight)));
  assert.is(readCaffemodel(buffer, 'x').get('a.weight')!.bytes.constructor, Uint8Array, 'of a Buffer too');
});

test('only the ones that Caffe put there go', () => {
  const n = (shape: number[]): number[] => Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i);
  const rows: [type: string | number, weight: number[], bias: number[], number[], number[]][] = [
    ['Convolution', [1, 1, 1, 3], [1, 1, 1, 1], [1, 1, 1, 3], [1]],
    ['Convolution', [1, 1, 2, 3], [1, 1, 2, 3], [1, 1, 2, 3], [1, 1, 2, 3]],
    ['Deconvolution', [4, 1, 2, 2], [1, 1, 1, 4], [4, 1, 2, 2], [4]],
    ['InnerProduct', [1, 1, 2, 3], [1, 1, 1, 2], [2, 3], [2]],
    ['InnerProduct', [2, 1, 1, 3], [1, 2, 1, 1], [2, 1, 1, 3], [1, 2, 1, 1]],
    [14, [1, 1, 2, 3], [1, 1, 1, 2], [2, 3], [2]],
    [4, [1, 1, 2, 3], [1, 1, 1, 2], [1, 1, 2, 3], [2]],
  ];
  for (const [type, first, second, ...expected] of rows) {
    const blobs = [legacyBlob(first, n(first)), legacyBlob(second, n(second))];
    const file = net(typeof type === 'string' ? layer('a', type, ...blobs) : oldLayer('a', type, ...blobs));
    assert.equal(
      [...readCaffemodel(file, 'x').values()].map(tensor => tensor.shape),
      expected,
      `${type}: [${first}], [${second}]`,
    );
  }
  assert.equal(readCaffemodel(net(layer('a', 'Scale', blob([], [2]))), 'x').get('a.weight')!.shape, [], 'a scalar');
});

test('layers that a running network lacks are left out, others are named by their blobs', () => {
  const one = blob([1], [1]);
  const old = [1, 5, 6, 7, 9, 12, 13, 16, 21, 24, 27, 28, 29, 32, 37].map((type, i) => oldLayer(`old${i}`, type, one));
  const types = ['Dropout', 'Data', 'ImageData', 'SoftmaxWithLoss', 'EuclideanLoss', 'Accuracy'];
  const left = types.map(type => layer(type, type, one));
  assert.equal([...readCaffemodel(net(...old, oldLayer('fc', 14, one)), 'x').keys()], ['fc.weight']);
  const file = net(...left, layer('bn', 'BatchNorm', one, one, one, one), layer('__proto__', 'PReLU', one));
  assert.equal([...readCaffemodel(file, 'x').keys()], ['bn.weight', 'bn.bias', 'bn.blob2', 'bn.blob3', '__proto__.weight']);
});

// What is refused.

const broken: [string, Uint8Array, RegExp][] = [
  ['nothing', net(), /"tiny" of 0 layers, none with weights: take the \.caffemodel/],
  ['no weights', net(layer('relu', 'ReLU'), layer('d', 'Data', bias)), /"tiny" of 2 layers, none with weights/],
  [
    'both encodings',
    net(oldLayer('a', 4, weight), layer('b', 'Convolution', weight)),
    /both encodings \(field 2, and 100 at byte \d+\): save it again/,
  ],
  ['both, the other way', net(layer('b', 'ReLU'), oldLayer('a', 4, weight)), /both encodings \(field 100, and 2 at byte/],
  [
    'V0',
    net(message(2, message(1, text(1, 'conv'), text(2, 'conv'), message(50, ...weight)))),
    /layer 0 at byte \d+ .*V0.*upgrade_net_proto_binary/,
  ],
  [
    'one name twice',
    net(layer('a', 'Convolution', weight), layer('a', 'Convolution', weight)),
    /two layers with weights are called "a", the second at byte \d+: give/,
  ],
  [
    'too few values',
    net(layer('a', 'Convolution', weight, blob([3], [7, 8]))),
    /layer "a", blob 1 at byte \d+ has shape \[3\], which makes 3 values, but holds 2: .*fetch/,
  ],
  [
    'too many',
    net(layer('a', 'Convolution', blob([2, 2], six))),
    /blob 0 at byte \d+ has shape \[2, 2\], which makes 4 values, but holds 6/,
  ],
  ['no values', net(layer('a', 'Convolution', [message(7, ...ints(1, [2]))])), /makes 2 values, but holds 0/],
  ['no shape', net(layer('a', 'Convolution', floats(5, six))), /has shape \[\], which makes 1 values, but holds 6/],
  [
    'legacy without width',
    net(oldLayer('a', 4, legacyBlob([2, 3, 1], six))),
    /has shape \[2, 3, 1, 0\], which makes 0 values, but holds 6/,
  ],
  ['legacy beside shape', net(layer('a', '', [...blob([6], six), int(1, 2)])), /has shape \[2, 0, 0, 0\]/],
  ['a negative size', net(layer('a', '', [message(7, ...ints(1, [-2, -3])), ...floats(5, six)])), /sizes are whole numbers/],
  ['a negative legacy size', net(oldLayer('a', 4, legacyBlob([-2, -3, 1, 1], six))), /sizes are whole numbers/],
  [
    'beyond 2^53',
    net(layer('a', '', [message(7, ...ints(1, [2 ** 30, 2 ** 30])), ...floats(5, six)])),
    /\[1073741824, 1073741824\], sizes .* below 2\^53/,
  ],
  ['many axes', net(layer('a', '', blob(new Array<number>(33).fill(1), [1]))), /blob 0, byte \d+: more than the 32 axes/],
  [
    'half a float',
    net(layer('a', '', [bytes(5, new Uint8Array(6)), message(7)])),
    /blob 0, byte \d+: 6 bytes are no whole number of F32/,
  ],
  ['half a double', net(layer('a', '', [bytes(8, new Uint8Array(12)), message(7)])), /12 bytes are no whole number of F64/],
  ['fixed64 for floats', net(layer('a', '', doubles(5, six, false))), /field 5 has wire type 1, not 2 or 5/],
  ['fixed32 for doubles', net(layer('a', '', floats(8, six, false))), /field 8 has wire type 5, not 2 or 1/],
  ['a number for a layer', encode([text(1, 'n'), int(100, 3)]), /the network, byte 3: field 100 has wire type 0, not 2/],
  ['a number for a name', net(message(100, int(1, 3))), /layer 0, byte \d+: field 1 has wire type 0, not 2/],
  ['a text for a type', net(message(2, text(5, 'CONVOLUTION'))), /layer 0, byte \d+: field 5 has wire type 2, not 0/],
  ['a number for a blob', net(message(100, int(7, 3))), /field 7 has wire type 0, not 2/],
  ['a number for a shape', net(layer('a', '', [int(7, 3)])), /field 7 has wire type 0, not 2/],
  ['a text for a size', net(oldLayer('a', 4, [text(1, '3')])), /field 1 has wire type 2, not 0/],
  ['a float for a size', net(layer('a', '', [message(7, ...floats(1, [1], false))])), /field 1 has wire type 5, not 0 or 2/],
  ['a name of a megabyte', net(layer('a'.repeat(2 ** 20), '', bias)), /byte \d+: a name of 1048576 bytes, at most 4096/],
  ['a name fit for no terminal', net(layer('\u001b[2J\u202e', '', blob([3], []))), /layer "\\u001b\[2J\\u202e", blob 0/],
  ['field 0', join([net(layer('a', '', bias)), Uint8Array.of(0, 0)]), /the network, byte \d+: field 0, they count from 1/],
  ['field 2^29', join([net(layer('a', '', bias)), varint(2n ** 32n)]), /field 536870912, they count/],
  ['a group', join([net(layer('a', '', bias)), Uint8Array.of(0x4b)]), /field 9 is a group \(wire type 3\)/],
  ['the end of a group', join([net(layer('a', '', bias)), Uint8Array.of(0x4c)]), /field 9 is a group \(wire type 4\)/],
  ['wire type 6', join([net(layer('a', '', bias)), Uint8Array.of(0x4e)]), /field 9 has wire type 6, there is none/],
  ['an endless tag', join([net(), new Uint8Array(20).fill(0x80)]), /the network, byte \d+: a number runs on past 10 bytes/],
  ['an endless number', join([net(), Uint8Array.of(0x20), new Uint8Array(20).fill(0xff)]), /a number runs on past 10 bytes/],
  ['an endless length', join([net(), Uint8Array.of(0x1a), new Uint8Array(20).fill(0xff)]), /a number runs on past 10 bytes/],
  [
    'an endless size',
    net(layer('a', '', [message(7, bytes(1, new Uint8Array(11).fill(0x80)))])),
    /blob 0, byte \d+: a number runs on/,
  ],
  [
    'a tag that leaves its message',
    net(layer('a', '', bias), bytes(100, Uint8Array.of(0x80))),
    /layer 1, byte \d+: a number runs on/,
  ],
  [
    'a layer beyond the file',
    net({ ...layer('a', '', bias), claim: 1000n }),
    /the network, byte \d+: field 100 claims 1000 bytes, \d\d are left: .*fetch/,
  ],
  ['a length of 2^64 - 1', net({ ...layer('a', '', bias), claim: 2n ** 64n - 1n }), /field 100 claims 1844674407370955\d+ bytes/],
  [
    'a blob beyond its layer',
    net(message(100, text(1, 'a'), { ...message(7, ...bias), claim: 20n }), layer('b', '', bias)),
    /layer 0, byte \d+: field 7 claims 20 bytes, 1\d are left/,
  ],
  [
    'data beyond their blob',
    net(layer('a', '', [message(7, ...ints(1, [5])), { ...floats(5, [1, 2])[0], claim: 20n }], bias)),
    /layer "a", blob 0, byte \d+: field 5 claims 20 bytes, 8 are left/,
  ],
  [
    'a float beyond its blob',
    net(layer('a', '', [{ number: 5, wire: 5, value: new Uint8Array(3) }])),
    /field 5 claims 4 bytes, 3 are left/,
  ],
];
for (const [title, file, pattern] of broken) test(`refused: ${title}`, () => refuses(title, file, pattern));

test('more tensors than any network has', () => {
  const nothing = message(7, message(7, int(1, 0)));
  const value = Array.from({ length: 2 ** 16 + 1 }, () => nothing);
  refuses('many', net({ number: 100, wire: 2, value }), /more than 65536 tensors by byte \d+/);
});

// How it is told from other files.

test('a cut file is recognised and says where it is cut', async () => {
  const layers = [layer('conv', 'Convolution', weight, bias), layer('fc', 'InnerProduct', weight, bias)];
  for (const file of [net(...layers), encode(layers), net(oldLayer('conv', 4, weight, bias))]) {
    for (let length = 1; length < file.length; length++) {
      const cut = file.subarray(0, length);
      const outcome = await readWeights(cut, 'x.caffemodel').catch((error: unknown) => error);
      // Between two layers nothing tells; the check against the network then misses tensors.
      if (!(outcome instanceof AtrousError)) assert.equal([...readCaffemodel(cut, 'x').keys()], ['conv.weight', 'conv.bias']);
      else assert.match(outcome.message, /^x\.caffemodel: (.*cut off or damaged|.* none with weights|begins with)/);
      if (length > 30) assert.not.match(String(outcome), /begins with/, `${length} bytes`);
    }
    const named = await readWeights(file.subarray(0, 60), 'x').catch((error: unknown) => error);
    judge(named, 'without an extension', /byte \d+: field \d+ claims \d+ bytes, \d+ are left: it is cut off/);
  }
});

test('other files are not taken for it', async () => {
  const utf8 = (value: string): Uint8Array => new TextEncoder().encode(value);
  const tar = new Uint8Array(1024);
  tar.set(utf8('ustar'), 257);
  const others: [string, Uint8Array, RegExp?][] = [
    ['a web page', utf8('<!DOCTYPE html><html>'), /is a web page: fetch the file behind it/],
    ['a page after an empty line', utf8(`\n<html>${'<p>not found</p>\n'.repeat(20)}`), /is a web page/],
    ['spaces', utf8(' '.repeat(200))],
    ['empty lines', utf8('\n'.repeat(200))],
    ['a prototxt', utf8('name: "tiny"\nlayer { name: "conv" }\n')],
    ['a Git LFS pointer', utf8('version https://git-lfs.github.com/spec/v1\n'), /is a Git LFS pointer.*git lfs pull/],
    ['a pickle', Uint8Array.of(0x80, 2, 0x7d, 0x71, 0, 0x2e), /is a Python pickle.*torch\.save/],
    ['HDF5', Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a), /is an HDF5 file/],
    ['gzip', Uint8Array.of(0x1f, 0x8b, 8, 0), /is a gzip file: unpack it/],
    ['tar', tar, /is a tar archive: unpack it/],
    ['an index of shards', utf8('{"metadata": {}, "weight_map": {"a": "1-of-2.safetensors"}}'), /in several files.*together/],
    ['a graph of many field 1', encode([message(1, text(1, 'a')), message(1, text(1, 'b')), message(2, text(1, 'c'))])],
    ['a field 1 that is a message', encode([message(1, message(1, text(1, 'a'))), message(2, text(1, 'c'))])],
    ['a version number first', encode([int(1, 8), text(2, 'exporter'), message(7, text(1, 'graph'))])],
    ['a mean picture', encode(blob([1, 3, 1, 2], six))],
  ];
  for (const [title, file, pattern = /begins with .* nor a Caffe model/] of others) {
    judge(await readWeights(file, 'x').catch((error: unknown) => error), title, pattern);
  }
  const page = await readWeights(others[0][1], 'x.caffemodel').catch((error: unknown) => error);
  assert.match(String(page), /is a web page/, 'in place of a caffemodel');
});

// The published layout.

const taps = [1, 3, 5, 7, 9, 11, 13, 15, 15, 13, 11, 9, 7, 5, 3, 1].map(tap => tap / 16);

/** Convolutions of a network whose hidden widths are divided: name, out, in, kernel. */
function layersOf(classes: number, context: readonly string[], divisor: number): [string, number, number, number][] {
  const [wide, ...widths] = [4096, 64, 128, 256, 512, 512].map(width => width / divisor);
  widths.unshift(3);
  const body = [2, 2, 3, 3, 3].flatMap((n, i) =>
    Array.from({ length: n }, (_, k): [string, number, number, number] => [
      `conv${i + 1}_${k + 1}`,
      widths[i + 1],
      widths[k ? i + 1 : i],
      3,
    ]),
  );
  const module = context.map((name): [string, number, number, number] => [
    `ctx_${name}`,
    classes,
    classes,
    name === 'final' ? 1 : 3,
  ]);
  return [...body, ['fc6', wide, widths[5], 7], ['fc7', wide, wide, 1], ['final', classes, wide, 1], ...module];
}

const basic = ['conv1_1', 'conv1_2', 'conv2_1', 'conv3_1', 'conv4_1'];
const published: [string, number, string[]][] = [
  ['dilation10_cityscapes', 19, [...basic, 'conv5_1', 'conv6_1', 'conv7_1', 'fc1', 'final']],
  ['dilation7_kitti', 11, [...basic, 'fc1', 'final']],
  ['dilation8_camvid', 11, [...basic, 'conv5_1', 'fc1', 'final']],
];
const folder = fileURLToPath(new URL('../goldens', import.meta.url));
const breadth = shared('fixtures/dilatednet', 'caffemodels of whole networks are read in small alone, and none with an upsampling');
const files = published.flatMap(([name, ...rest]) => [
  ...(name === 'dilation10_cityscapes' ? [] : [[`${folder}/${name}_64.caffemodel`, 64, ...rest] as const]),
  ...(breadth ? [[`${breadth}/${name}_tiny.caffemodel`, 16, ...rest] as const] : []),
]);
for (const [path, divisor, classes, context] of files) {
  test(`${basename(path)}: names, shapes and values`, async () => {
    const read = await readWeights(new Uint8Array(readFileSync(path)), path);
    const expected = layersOf(classes, context, divisor).flatMap(([key, o, i, k]) => [
      [`${key}.weight`, seededTensor(`${key}.weight`, [o, i, k, k])] as const,
      [`${key}.bias`, seededTensor(`${key}.bias`, [o])] as const,
    ]);
    if (classes === 19) {
      const kernel = taps.flatMap(a => taps.map(b => a * b));
      const values = Float32Array.from({ length: 19 * 256 }, (_, i) => kernel[i % 256]);
      expected.push(['ctx_upsample.weight', fromFloat32([19, 1, 16, 16], values)]);
    }
    assert.is(read.format, 'caffemodel');
    assert.equal(
      [...read.tensors.keys()],
      expected.map(([key]) => key),
    );
    for (const [key, tensor] of expected) {
      const got = read.tensors.get(key)!;
      assert.equal([got.dtype, got.shape], ['F32', tensor.shape], key);
      assert.ok(Buffer.from(got.bytes).equals(tensor.bytes), `${key} has other values than its name gives`);
    }
  });
}

test.run();
