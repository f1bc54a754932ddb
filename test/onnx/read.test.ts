// ONNX files as their writers leave them, and what is refused: each by one error of ours that says what is wrong.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AtrousError } from '../../src/errors.ts';
import { externalFiles, readOnnx, withExternal } from '../../src/onnx/read.ts';
import { isOnnx } from '../../src/weights/magic.ts';
import { type Tensor, toFloat32 } from '../../src/weights/tensor.ts';
import { bytes, doubles, type Field, floats as floatFields, int, ints, message, text } from '../weights/protobuf.ts';
import { branch, type FileSpec, floats, numbers, onnx } from './writer.ts';

const relu = { op: 'Relu', inputs: ['x'], outputs: ['y'] };
const plain: FileSpec = { inputs: { x: [1, 3, 'h', 'w'] }, outputs: ['y'], nodes: [relu] };
const held = (tensor: readonly Field[]): Tensor =>
  readOnnx(onnx({ ...plain, initializers: { t: tensor } }), 'tiny').initializers.get('t')!;
const shaped = (dims: readonly number[], type: number, ...values: Field[]): Field[] => [
  ...ints(1, dims, false),
  int(2, type),
  text(8, 't'),
  ...values,
];

test('a file as an exporter writes it', () => {
  const model = readOnnx(onnx({ ...plain, initializers: { w: numbers([2, 3], n => n / 4) } }), 'tiny.onnx');
  assert.is(model.opset, 17);
  assert.is(model.producer, 'by hand');
  assert.equal(model.inputs, [{ name: 'x', dims: [1, 3, 'h', 'w'], dtype: 'F32' }]);
  assert.equal(
    model.outputs.map(({ name }) => name),
    ['y'],
  );
  assert.equal([model.nodes[0].name, model.nodes[0].op], ['y', 'Relu']);
  assert.equal([...toFloat32(model.initializers.get('w')!)], [0, 0.25, 0.5, 0.75, 1, 1.25]);
});

test('inputs of another type, and of sizes that are no sizes', () => {
  const model = readOnnx(onnx({ ...plain, inputs: { x: [-1, 0, 'w', 3] }, types: { x: 2 } }), 'tiny.onnx');
  assert.equal(model.inputs, [{ name: 'x', dims: ['', '', 'w', 3], dtype: 'U8' }]);
});

test('weights are views of the file', () => {
  const file = onnx({ ...plain, initializers: { w: numbers([4], n => n) } });
  assert.is(readOnnx(file, 'tiny').initializers.get('w')!.bytes.buffer, file.buffer);
});

const places: [title: string, tensor: Field[], dtype: string, values: number[]][] = [
  ['float_data, packed', shaped([2], 1, ...floatFields(4, [1.5, -2])), 'F32', [1.5, -2]],
  ['float_data, one a field', shaped([2], 1, ...floatFields(4, [1.5, -2], false)), 'F32', [1.5, -2]],
  ['double_data', shaped([2], 11, ...doubles(10, [0.5, 3])), 'F64', [0.5, 3]],
  ['int32_data of int8', shaped([3], 3, ...ints(5, [-1, 0, 127])), 'I8', [-1, 0, 127]],
  ['int32_data of uint8', shaped([2], 2, ...ints(5, [255, 7], false)), 'U8', [255, 7]],
  ['int32_data of float16, by bits', shaped([2], 10, ...ints(5, [0x3c00, 0xc000])), 'F16', [1, -2]],
  ['int64_data', shaped([3], 7, ...ints(7, [-1, 5, 2 ** 40])), 'I64', [-1, 5, 2 ** 40]],
  ['the end of all ends', shaped([1], 7, ...ints(7, [2n ** 63n - 1n])), 'I64', [2 ** 63]],
  ['raw float16', shaped([2], 10, bytes(9, Uint8Array.of(0, 0x3c, 0, 0xc0))), 'F16', [1, -2]],
  ['dims packed', [...ints(1, [1, 2]), int(2, 1), text(8, 't'), ...floatFields(4, [1, 2])], 'F32', [1, 2]],
  ['a scalar', shaped([], 1, ...floatFields(4, [7])), 'F32', [7]],
  ['nothing', shaped([0], 1), 'F32', []],
];
for (const [title, tensor, dtype, values] of places) {
  test(`weights lie in ${title}`, () => {
    const got = held(tensor);
    assert.is(got.dtype, dtype);
    assert.equal([...toFloat32(got)], values);
  });
}

test('initializers that old files list among the inputs are none', () => {
  const file = { ...plain, inputs: { x: [1, 3, 4, 4], w: [2] }, initializers: { w: numbers([2], () => 1) } };
  assert.equal(
    readOnnx(onnx(file), 'tiny').inputs.map(({ name }) => name),
    ['x'],
  );
});

test('nodes that stand before what they read are put behind it', () => {
  const nodes = [
    { op: 'C', inputs: ['b'], outputs: ['y'] },
    { op: 'B', inputs: ['a'], outputs: ['b'] },
    { op: 'A', inputs: ['x'], outputs: ['a'] },
    { op: 'D', inputs: ['x'], outputs: ['d'] },
  ];
  assert.equal(
    readOnnx(onnx({ ...plain, nodes }), 'tiny').nodes.map(({ op }) => op),
    ['A', 'B', 'C', 'D'],
  );
});

const outside = (location: string, more: [string, string][] = []): Field[] => [
  ...ints(1, [2], false),
  int(2, 1),
  text(8, 't'),
  int(14, 1),
  ...[['location', location], ...more].map(([key, value]) => message(13, text(1, key), text(2, value))),
];

test('weights beside the model', () => {
  const model = readOnnx(
    onnx({
      ...plain,
      initializers: {
        t: outside('./tiny.data', [
          ['offset', '4'],
          ['length', '8'],
        ]),
      },
    }),
    'tiny',
  );
  assert.equal(externalFiles(model), ['tiny.data']);
  const beside = new Uint8Array(Float32Array.of(9, 1, 2, 9).buffer);
  assert.equal([...toFloat32(withExternal(model, new Map([['tiny.data', beside]])).initializers.get('t')!)], [1, 2]);
  assert.throws(() => withExternal(model, new Map()), /tensor "t" lies in "tiny.data", which is not there/);
  assert.throws(
    () => withExternal(model, new Map([['tiny.data', beside.subarray(0, 8)]])),
    /ends 12 bytes into "tiny.data", which has 8/,
  );
});

const utf8 = new TextEncoder();
const refused: [title: string, file: Uint8Array, message: RegExp][] = [
  ['nothing', new Uint8Array(), /^tiny\.onnx: is empty \(0 bytes\): fetch it again$/],
  [
    'a pointer of Git LFS',
    utf8.encode('version https://git-lfs.github.com/spec/v1\noid sha256:0'),
    /a Git LFS pointer: .*git lfs pull/,
  ],
  ['a web page', utf8.encode('\n<!DOCTYPE html><html></html>'), /a web page: fetch the file behind it/],
  ['a checkpoint', Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0), /a zip, as PyTorch's checkpoints are: write it with torch\.onnx\.export/],
  ['no graph', onnx(plain).subarray(0, 2), /0 graphs/],
  ['cut off', onnx(plain).subarray(0, 40), /cut off or damaged/],
  [
    'a circle',
    onnx({
      ...plain,
      nodes: [
        { ...relu, inputs: ['z'] },
        { op: 'Relu', inputs: ['y'], outputs: ['z'] },
      ],
    }),
    /in a circle/,
  ],
  ['a value made twice', onnx({ ...plain, nodes: [relu, relu] }), /makes "y", which is there already/],
  ['a value that nothing makes', onnx({ ...plain, nodes: [{ ...relu, inputs: ['q'] }] }), /reads "q", which nothing makes/],
  ['an output that nothing makes', onnx({ ...plain, outputs: ['q'] }), /output "q" is made by no node/],
  ['negative sizes', onnx({ ...plain, initializers: { t: shaped([-4], 1) } }), /shape \[-4\]/],
  ['huge sizes', onnx({ ...plain, initializers: { t: shaped([2 ** 40, 2 ** 40], 1) } }), /product stays below/],
  ['fewer values than the shape', onnx({ ...plain, initializers: { t: shaped([2 ** 31], 3, ...ints(5, [1])) } }), /can't hold/],
  [
    'more raw bytes than the shape',
    onnx({ ...plain, initializers: { t: shaped([1], 1, bytes(9, new Uint8Array(8))) } }),
    /holds 2/,
  ],
  ['values of another type', onnx({ ...plain, initializers: { t: shaped([1], 1, ...doubles(10, [1])) } }), /another type than F32/],
  ['strings', onnx({ ...plain, initializers: { t: shaped([1], 8) } }), /ONNX's type 8/],
  [
    'two initializers of one name',
    onnx({
      ...plain,
      extra: [
        message(
          7,
          message(
            5,
            ...floats(
              't',
              numbers([1], () => 0),
            ),
          ),
        ),
      ],
    }),
    /2 graphs/,
  ],
  ['a path out of the folder', onnx({ ...plain, initializers: { t: outside('../secret') } }), /not within the model's folder/],
  ['a path from the root', onnx({ ...plain, initializers: { t: outside('/etc/passwd') } }), /not within the model's folder/],
  ['a path of a drive', onnx({ ...plain, initializers: { t: outside('C:\\secret') } }), /not within the model's folder/],
  ['a path behind a folder', onnx({ ...plain, initializers: { t: outside('a/../../secret') } }), /not within the model's folder/],
  [
    'weights outside, in a branch',
    onnx({
      ...plain,
      nodes: [{ op: 'If', inputs: ['x'], outputs: ['y'], extra: [branch('then_branch', relu, outside('w.bin'))] }],
    }),
    /in another file, inside a branch of an If/,
  ],
  ['a bad offset', onnx({ ...plain, initializers: { t: outside('a', [['offset', '-4']]) } }), /offset "-4"/],
];
for (const [title, file, expected] of refused) {
  test(`refused: ${title}`, () => {
    try {
      readOnnx(file, 'tiny.onnx');
    } catch (error) {
      assert.instance(error, AtrousError);
      assert.is((error as AtrousError).code, 'BAD_WEIGHTS');
      assert.match((error as AtrousError).message, expected);
      assert.ok((error as AtrousError).message.length < 300);
      return;
    }
    assert.unreachable('it was read');
  });
}

test('told by its first bytes, or by its name', () => {
  assert.ok(isOnnx(onnx(plain), 'x'));
  assert.ok(isOnnx(new Uint8Array(8), 'x.onnx'));
  assert.not.ok(isOnnx(new TextEncoder().encode('<html></html>'), 'x'));
});

test.run();
