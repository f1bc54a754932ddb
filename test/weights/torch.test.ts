// PyTorch checkpoints: the layouts that trainers write are read, and what a hostile file claims is refused before it costs.

import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AtrousError } from '../../src/errors.ts';
import { readWeights } from '../../src/weights/read.ts';
import { uniform } from '../../src/weights/seeded.ts';
import { toFloat32 } from '../../src/weights/tensor.ts';
import { readTorch } from '../../src/weights/torch.ts';
import { shared } from '../shared.ts';
import type { Code, TensorCode, ZipRecord } from './pickle.ts';
import {
  call,
  dict,
  floats,
  global,
  int,
  items,
  join,
  list,
  none,
  ordered,
  pickle,
  tensor,
  tensorArguments,
  text,
  torchFile,
  tuple,
  zip,
} from './pickle.ts';

const six = floats(1, 2, 3, 4, 5, 6);
const matrix: TensorCode = { stored: 6, shape: [2, 3], strides: [3, 1] };
const parameter = (data: Code): Code => call(global('torch._utils', '_rebuild_parameter'), data, [0x88], ordered());

/** One tensor `w` in a bare dict, over the storage 1…6. */
const single = (layout: Partial<TensorCode>, storage = six): Uint8Array =>
  torchFile(dict(['w', tensor({ ...matrix, ...layout })]), { '0': storage });

async function valuesOf(bytes: Uint8Array, key = 'w'): Promise<number[]> {
  return [...toFloat32((await readTorch(bytes, 'x.pth')).get(key)!)];
}

/** Tensors are checked when they are read: all of them. */
async function readAll(bytes: Uint8Array): Promise<Map<string, Uint8Array>> {
  return new Map([...(await readTorch(bytes, 'x.pth'))].map(([path, stored]) => [path, stored.bytes]));
}

async function refuses(title: string, bytes: Uint8Array, pattern: RegExp): Promise<void> {
  const error: unknown = await readAll(bytes).catch((thrown: unknown) => thrown);
  assert.instance(error, AtrousError, `${title}: ${error instanceof Map ? 'accepted' : error}`);
  assert.is((error as AtrousError).code, 'BAD_WEIGHTS', title);
  assert.match((error as AtrousError).message, /^x\.pth: /, title);
  assert.match((error as AtrousError).message, pattern, title);
  assert.ok((error as AtrousError).message.length <= 300, `${title}: ${(error as AtrousError).message}`);
}

// What trainers write.

const weights: [string, Code][] = [
  ['a.weight', tensor(matrix)],
  ['a.num_batches_tracked', tensor({ type: 'Long', key: '1', stored: 1, shape: [], strides: [] })],
];
const storages = { '0': six, '1': Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0) };
const half: Code = [0x47, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0];
const rest: [string, Code][] = [
  ['optimizer', dict(['state', dict(['0', tensor({ ...matrix, key: 'absent' })])], ['param_groups', list(dict(['lr', half]))])],
  [
    'lr_scheduler',
    dict(['size', call(global('torch', 'Size'), tuple(int(1)))], ['nested', tuple(none, tuple([0x88], [0x89], [0x5d], [0x29]))]),
  ],
  ['epoch', [0x4b, 7]],
  ['best_mIU', int(-(2n ** 60n))],
  ['run', [0x8c, 1, 0x61]],
];

const rebuiltAs = (type: Code): Code =>
  call(
    global('torch._tensor', '_rebuild_from_type_v2'),
    global('torch._utils', '_rebuild_tensor_v2'),
    type,
    tensorArguments(matrix),
    dict(),
  );
/** As NEWOBJ and BUILD make it. */
const object = (type: Code, state: Code): Code => [...type, 0x29, 0x81, ...state, 0x62];
const module = (...parts: [string, Code][]): Code =>
  object(global('lib.models', 'Net'), dict(['training', [0x89]], ...parts, ['_forward_hooks', ordered()]));
const inner = module(
  ['_parameters', dict(['weight', parameter(weights[0][1])], ['bias', none])],
  ['_buffers', dict(['num_batches_tracked', weights[1][1]], ['grid', tensor(matrix)])],
  ['_non_persistent_buffers_set', call(global('__builtin__', 'set'), list(text('grid')))],
  ['_modules', ordered()],
);

for (const [title, root, at = ''] of [
  ['bare dict', dict(...weights)],
  ['bare OrderedDict', ordered(...weights)],
  ['with version numbers', [...ordered(...weights), ...dict(['_metadata', ordered()]), 0x62]],
  ['model', dict(['model', ordered(...weights)]), 'model.'],
  ['trainer', dict(...rest, ['model', dict(...weights)]), 'model.'],
  [
    'DataParallel',
    dict(['model', dict(...weights.map(([key, value]): [string, Code] => [`module.${key}`, value]))]),
    'model.module.',
  ],
  ['beside numbers', dict(...weights, ...rest)],
  ['parameters', dict(['a.weight', parameter(weights[0][1])], weights[1])],
  ['in a list', list(int(3), dict(...weights)), '1.'],
  ['in a dict with a factory', [...call(global('collections', 'defaultdict'), global('builtins', 'dict')), ...items(weights)]],
  ['in a dict of another class', [...global('addict', 'Dict'), 0x29, 0x81, ...items(weights)]],
  ['as an attribute', dict(['ema', object(global('lib', 'ModelEma'), dict(['shadow', dict(...weights)]))]), 'ema.shadow.'],
  ['a whole module', module(['_parameters', dict()], ['_modules', ordered(['a', inner])])],
  ['a module in a dict', dict(['net', module(['_modules', ordered(['a', inner])])]), 'net.'],
  [
    'a parameter with attributes',
    dict(
      [
        'a.weight',
        call(global('torch._utils', '_rebuild_parameter_with_state'), tensor(matrix), [0x88], ordered(), dict(['tag', text('x')])),
      ],
      weights[1],
    ),
  ],
  ['a tensor with attributes', dict(['a.weight', rebuiltAs(global('torch', 'Tensor'))], weights[1])],
] as [string, Code, string?][]) {
  for (const method of [0, 8]) {
    for (const folder of ['archive/', 'bäse/', '']) {
      test(`read: ${title}, zip method ${method}, folder '${folder}'`, async () => {
        const read = await readWeights(torchFile(root, storages, [], folder, method), 'checkpoint');
        assert.is(read.format, 'torch');
        const [weight, counter] = ['weight', 'num_batches_tracked'].map(name => read.tensors.get(`${at}a.${name}`)!);
        assert.equal([weight.dtype, weight.shape, [...toFloat32(weight)]], ['F32', [2, 3], [1, 2, 3, 4, 5, 6]]);
        assert.equal([counter.dtype, counter.shape, counter.bytes], ['I64', [], storages['1']]);
        assert.is(weight.dict, counter.dict);
        const others = [...read.tensors]
          .filter(([path, { problem }]) => !path.startsWith(`${at}a.`) && !problem)
          .map(([path]) => path);
        assert.ok(
          others.every(path => path.startsWith('optimizer.')),
          String(others),
        );
      });
    }
  }
}

test('names that are special to JavaScript are only names', async () => {
  const bytes = torchFile(dict(['__proto__', dict(['constructor', tensor(matrix)])]), { '0': six });
  assert.equal([...(await readTorch(bytes, 'x')).keys()], ['__proto__.constructor']);
});

test('zip64 and a byte order record', async () => {
  const records: ZipRecord[] = [
    { name: 'a/data.pkl', data: pickle(dict(['w', tensor(matrix)])), method: 8 },
    { name: 'a/byteorder', data: new TextEncoder().encode('little') },
    { name: 'a/data/0', data: six },
  ];
  assert.equal(await valuesOf(zip(records, true)), [1, 2, 3, 4, 5, 6]);
});

test('stored and contiguous means no copy', async () => {
  const bytes = single({ offset: 1, shape: [5], strides: [1] });
  assert.is((await readTorch(bytes, 'x')).get('w')!.bytes.buffer, bytes.buffer);
  assert.equal(await valuesOf(bytes), [2, 3, 4, 5, 6]);
});

const layouts: [string, Partial<TensorCode>, number[]][] = [
  ['transposed', { shape: [3, 2], strides: [1, 3] }, [1, 4, 2, 5, 3, 6]],
  ['every second', { shape: [3], strides: [2] }, [1, 3, 5]],
  ['offset', { offset: 4, shape: [2], strides: [1] }, [5, 6]],
  ['offset and strides', { offset: 1, shape: [2, 2], strides: [3, 1] }, [2, 3, 5, 6]],
  ['permuted', { shape: [1, 3, 2, 1], strides: [99, 1, 3, 77] }, [1, 4, 2, 5, 3, 6]],
  ['one long axis of length 1', { shape: [1, 6], strides: [2n ** 52n, 1] }, [1, 2, 3, 4, 5, 6]],
  ['expanded', { offset: 2, shape: [2, 2], strides: [0, 0] }, [3, 3, 3, 3]],
  ['scalar', { offset: 5, shape: [], strides: [] }, [6]],
  ['no elements', { shape: [0, 3], strides: [3, 1] }, []],
];
for (const [title, layout, expected] of layouts) {
  test(`layout: ${title}`, async () => {
    const read = (await readTorch(single(layout), 'x')).get('w')!;
    assert.equal(read.shape, layout.shape);
    assert.equal([...toFloat32(read)], expected);
  });
}

const types: [string, Uint8Array, number[]][] = [
  ['Double', new Uint8Array(Float64Array.of(1.5, -2).buffer), [1.5, -2]],
  ['Half', Uint8Array.of(0, 0x3e, 0, 0xc0), [1.5, -2]],
  ['BFloat16', Uint8Array.of(0xc0, 0x3f, 0, 0xc0), [1.5, -2]],
  ['Int', new Uint8Array(Int32Array.of(7, -8).buffer), [7, -8]],
  ['Short', new Uint8Array(Int16Array.of(7, -8).buffer), [7, -8]],
  ['Char', Uint8Array.of(7, 0xf8), [7, -8]],
  ['Byte', Uint8Array.of(7, 0xf8), [7, 0xf8]],
  ['Bool', Uint8Array.of(0, 1), [0, 1]],
];
for (const [type, storage, expected] of types) {
  test(`type: ${type}, as it is and reversed by a shared storage`, async () => {
    const straight = tensor({ type, stored: 2, shape: [2], strides: [1] });
    const column = tensor({ type, stored: 2, shape: [1, 2], strides: [1, 1] });
    const bytes = torchFile(dict(['w', straight], ['v', column]), { '0': storage });
    assert.equal(await valuesOf(bytes), expected);
    assert.equal(await valuesOf(bytes, 'v'), expected);
  });
}

// What must be refused.

function archive(records: readonly Partial<ZipRecord>[], layout: Partial<TensorCode> = {}): Uint8Array {
  const data = pickle(dict(['w', tensor({ ...matrix, ...layout })]));
  return zip([{ name: 'a/data.pkl', data }, ...records.map(record => ({ name: 'a/data/0', data: six, ...record }))]);
}
/** Does not deflate: 2^18 bytes could still be 2^28. */
const noise = new Uint8Array(uniform('noise', 2 ** 16).buffer);
const raw = (code: readonly number[]): Uint8Array => zip([{ name: 'a/data.pkl', data: Uint8Array.from(code) }]);
const bare = (root: Code): Uint8Array => torchFile(root, {});
const legacy = Uint8Array.of(0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e);
/** A list of two of the same list, 60 deep: printing it would take 2^60 words. */
const nested = [0x5d, 0x71, 0, ...new Array(60).fill([0x68, 0, 0x86, 0x71, 0]).flat()];

/** The same around what lies on the stack. */
const doubled = [0x71, 0, ...new Array(60).fill([0x68, 0, 0x86, 0x71, 0]).flat()];
/** A tensor and 100,000 nulls, in a list 1000 times. */
const manyTimes = [0x5d, 0x28, ...tensor(matrix), ...new Array(1e5).fill(0x4e), 0x65, 0x71, 9, 0x30, 0x5d, 0x28].concat(
  new Array(1000).fill([0x68, 9]).flat(),
  0x65,
);
/** A call whose arguments are itself. */
const rebuilding = [
  ...global('torch._tensor', '_rebuild_from_type_v2'),
  ...[0x71, 0, 0x5d, 0x71, 1, 0x28, 0x68, 0, ...global('torch', 'Tensor'), 0x68, 1, 0x4e, 0x65, 0x52],
];

const hostile: [string, Uint8Array, RegExp][] = [
  ['pre-1.6 file', legacy, /PyTorch before 1\.6.*newer PyTorch/],
  ['empty zip', zip([]), /0 of its 0 records/],
  ['some other zip', zip([{ name: 'word/document.xml', data: six }]), /0 of its 1 records are a data\.pkl/],
  ['two pickles', zip([0, 1].map(i => ({ name: `${i}/data.pkl`, data: pickle(none) }))), /2 of its 2 records/],
  ['a record twice', archive([{}, {}]), /names "a\/data\/0" twice/],
  ['TorchScript', archive([{}, { name: 'a/constants.pkl' }]), /TorchScript archive.*state_dict/],
  ['TorchScript by its code', archive([{}, { name: 'a/code/x.py' }]), /TorchScript/],
  ['big-endian', archive([{}, { name: 'a/byteorder', data: new TextEncoder().encode('big') }]), /byte order is "big"/],
  ['encrypted', archive([{ flags: 1 }]), /"a\/data\/0" is encrypted/],
  ['bzip2', archive([{ method: 12 }]), /method 12 \(bzip2\)/],
  ['method 77', archive([{ method: 77 }]), /method 77 \(unknown\)/],
  ['storage missing', archive([]), /needs a record "a\/data\/0", which is not among its 1/],
  ['storage short', archive([{ data: floats(1) }]), /wants a storage of 24 bytes, record "data\/0" has 4/],
  ['storage long', archive([{ data: join([six, six]) }]), /claims 48 bytes, at most 24/],
  ['stored size disagrees', archive([{ claim: 20 }]), /claims 20 bytes from 24 packed/],
  ['deflate bomb, honest', archive([{ data: new Uint8Array(2 ** 20), method: 8 }]), /claims 1048576 bytes, at most 24/],
  ['deflate bomb, lying', archive([{ data: new Uint8Array(2 ** 20), method: 8, claim: 24 }]), /inflates to more than the 24 bytes/],
  ['deflated short', archive([{ data: floats(1), method: 8, claim: 24 }]), /inflates to 4 of the 24 bytes/],
  ['deflated beyond deflate', single({ stored: 1e9, shape: [1e9], strides: [1] }), /wants a storage of 4000000000 bytes/],
  ['claimed beyond deflate', bomb(1e9, six), /claims 4000000000 bytes from \d+ packed ones, which cannot be/],
  ['inflating more than the file allows', bomb(2 ** 25, noise), /takes 134217728 more bytes, \d+ are left/],
  [
    'pickle bomb',
    zip([{ name: 'a/data.pkl', data: new Uint8Array(9), claim: 2 ** 31, method: 8 }]),
    /claims 2147483648 bytes, at most 16777216/,
  ],
  ['nothing but os.system', bare(call(global('os', 'system'), text('true'))), /no named tensors/],
  ['nothing but os.system by STACK_GLOBAL', bare([...text('os'), ...text('system'), 0x93]), /no named tensors/],
  ['a global without a name', bare([...list(), ...text('system'), 0x93]), /without a name/],
  ['w by os.system', made('os', 'system'), /"w" is made by "os\.system".*nothing.*is run.*torch\.save\(model\.state_dict/],
  ['w by a dotted way round', made('torch', '_utils._rebuild_tensor_v2.__globals__'), /__globals__/],
  ['w by an inherited name', made('', 'constructor'), /"\.constructor"/],
  ['w quantised', made('torch._utils', '_rebuild_qtensor'), /before it is quantised/],
  ['w sparse', made('torch._utils', '_rebuild_sparse_tensor'), /to_dense/],
  ['w without values', made('torch._utils', '_rebuild_meta_tensor_no_storage'), /device meta/],
  ['w of float8', made('torch._utils', '_rebuild_tensor_v3'), /\.float\(\)/],
  ['w of numpy', made('numpy.core.multiarray', '_reconstruct'), /torch\.from_numpy/],
  ['w of another class', torchFile(dict(['w', rebuiltAs(global('lib', 'Packed'))]), { '0': six }), /"w" is made by "lib\.Packed"/],
  ['w rebuilt by itself', bare(dict(['w', rebuilding])), /"w" is made by "torch\._tensor\._rebuild_from_type_v2"/],
  ['w with other arguments', bare(dict(['w', call(global('torch._utils', '_rebuild_tensor_v2'), none)])), /_rebuild_tensor_v2/],
  ['w of a broken storage', torchFile(dict(['w', sized(tuple(int(2)), [0x5d])]), { '0': six }), /"w" .*size \[2\], strides \[\]/],
  [
    'two called a.w',
    torchFile(dict(['a.w', tensor(matrix)], ['a', dict(['w', tensor(matrix)])]), { '0': six }),
    /two of its values/,
  ],
  ['quantised storage', single({ type: 'QInt8' }), /"w" is a "torch\.QInt8Storage": .*\.float\(\)/],
  ['a storage class called', bare(call(global('torch', 'FloatStorage'))), /no named tensors/],
  ['a list called', bare(call([0x5d])), /no function/],
  ['OrderedDict with items', bare(dict(['w', call(global('collections', 'OrderedDict'), list())])), /"collections\.OrderedDict"/],
  ['opcode', raw([0x80, 2, 0x69, 0x2e]), /at byte 2 of 4, opcode 0x69/],
  ['protocol 0', raw([0x28, 0x64, 0x2e]), /opcode 0x64/],
  ['protocol 9', raw([0x80, 9, 0x4e, 0x2e]), /protocol 9, atrous reads 2 to 5/],
  ['no STOP', raw([0x80, 2, 0x4e]), /1 bytes to come but only 0 left/],
  ['empty pickle', raw([]), /1 bytes to come/],
  ['text beyond the end', raw([0x80, 2, 0x58, 0xff, 0xff, 0xff, 0xff]), /4294967295 bytes to come but only 0 left/],
  ['text not UTF-8', raw([0x80, 2, 0x8c, 1, 0xff, 0x2e]), /not UTF-8/],
  ['name without end', raw([0x80, 2, 0x63, ...new Array(300).fill(0x61)]), /a name without an end/],
  ['stack underflow', raw([0x80, 2, 0x52, 0x2e]), /too few operands/],
  ['reaching below a mark', raw([0x80, 2, 0x4e, 0x28, 0x85, 0x2e]), /too few operands/],
  ['no mark', raw([0x80, 2, 0x74, 0x2e]), /never began/],
  ['unknown memo', raw([0x80, 2, 0x68, 5, 0x2e]), /object 5, which does not exist/],
  ['items for a number', raw([0x80, 2, 0x4b, 1, 0x4e, 0x4e, 0x73, 0x2e]), /no dict/],
  ['odd items', raw([0x80, 2, 0x7d, 0x28, 0x4e, 0x75, 0x2e]), /no dict/],
  ['append to a number', raw([0x80, 2, 0x4b, 1, 0x4e, 0x61, 0x2e]), /no list/],
  ['attributes of a list', raw([0x80, 2, 0x5d, 0x7d, 0x62, 0x2e]), /attributes/],
  ['two million operations', raw(new Array(2 ** 21).fill(0x4e)), /more than 1048576 operations/],
  ['half a million objects', raw(new Array(2 ** 19).fill(0x5d)), /more than 262144 objects/],
  ['a number of 255 bytes', raw([0x80, 2, 0x8a, 255, ...new Array(255).fill(1), 0x2e]), /no named tensors/],
  ['bytes beyond the end', raw([0x80, 2, 0x42, 0xff, 0xff, 0xff, 0xff]), /4294967295 bytes to come/],
  ['bytes beyond 2^53', raw([0x80, 4, 0x8e, ...new Array(8).fill(255)]), /18446744073709552000 bytes to come/],
  ['lists in lists, 2^60 times', torchFile(list(nested, tensor(matrix)), {}), /needs a record "archive\/data\/0"/],
  ['tensors in lists, 2^60 times', torchFile([...tensor(matrix), ...doubled], { '0': six }), /more than a checkpoint does/],
  ['a long list in a long list', torchFile(manyTimes, { '0': six }), /more than a checkpoint does/],
  ['marks only', raw([0x80, 2, ...new Array(1e5).fill(0x28), 0x2e]), /too few operands/],
  ['empty dict', bare(dict()), /no named tensors \(a dict of 0 entries: none\)/],
  ['empty model', bare(dict(['model', dict()])), /no named tensors/],
  ['no elements stored', single({ stored: 0 }), /spreads|reaches element 5 of a storage of 0/],
  ['past the storage', single({ offset: 1 }), /reaches element 6 of a storage of 6/],
  ['strides past the storage', single({ strides: [4, 1] }), /reaches element 6/],
  ['strides overflow', single({ strides: [2n ** 53n - 1n, 2n ** 53n - 1n] }), /reaches element 2\d{16} of a storage of 6/],
  ['negative offset', single({ offset: -1 }), /offset -1/],
  ['negative stride', single({ strides: [-3, 1] }), /strides \[-3, 1\]/],
  ['negative size', single({ shape: [-2, -3] }), /size \[-2, -3\]/],
  ['size beyond 2^53', single({ shape: [2n ** 40n, 2n ** 40n] }), /size \[1099511627776, 1099511627776\]/],
  ['size beyond 2^64', single({ shape: [2n ** 66n], strides: [1] }), /size \[73786976294838206464\]/],
  ['fewer strides', single({ strides: [1] }), /strides \[1\]/],
  ['nine axes', single({ shape: new Array(9).fill(1), strides: new Array(9).fill(1) }), /size \[1, 1/],
  ['10^12 from stride 0', single({ shape: [1e12], strides: [0] }), /spreads 6 stored values over 1000000000000 elements/],
  ['storage of -6', single({ stored: -6 }), /without class, key and length/],
  ['storage of 2^60', single({ stored: 2n ** 60n }), /without class, key and length/],
  ['storage without class', bare([...tuple(text('storage'), text('x'), text('0'), text('cpu'), int(1)), 0x51]), /without class/],
  ['sizes shared 2^60 times', torchFile(dict(['w', sized(nested)]), { '0': six }), /size \[a list, a list\]/],
];

/** What a function outside the list would make. */
function made(module: string, name: string): Uint8Array {
  return bare(dict(['w', call(global(module, name), text('true'))]));
}

/** Sizes, and strides, that are whatever the code leaves. */
function sized(code: Code, strides: Code = tuple()): Code {
  const id = tuple(text('storage'), global('torch', 'FloatStorage'), text('0'), text('cpu'), int(6));
  return call(global('torch._utils', '_rebuild_tensor_v2'), [...id, 0x51], int(0), code, strides, [0x89], none);
}

/** One deflated storage that claims to be `elements` floats. */
function bomb(elements: number, data: Uint8Array): Uint8Array {
  return archive([{ data, method: 8, claim: elements * 4 }], { stored: elements, shape: [elements], strides: [1] });
}

for (const [title, bytes, pattern] of hostile) test(`refused: ${title}`, () => refuses(title, bytes, pattern));

test('damaged deflate data', async () => {
  const bytes = torchFile(dict(['w', tensor(matrix)]), { '0': six }, [], 'a/', 8);
  // The first record's data begins after its header of 30 bytes and its name; 0xff opens a block of a kind that does not exist.
  bytes[30 + 'a/data.pkl'.length] = 0xff;
  await refuses('deflate', bytes, /"a\/data\.pkl" does not inflate/);
});

test('strided copies of one storage are bounded by the size of the file', async () => {
  const elements = 2 ** 18;
  const entries = Array.from({ length: 80 }, (_, i): [string, Code] => {
    return [`t${i}`, tensor({ stored: elements, shape: [512, 512], strides: [1, 512] })];
  });
  await refuses(
    'copies',
    torchFile(dict(...entries), { '0': new Uint8Array(elements * 4) }),
    /takes 1048576 more bytes, \d+ are left/,
  );
});

const valid = torchFile(
  dict(['model', ordered(...weights, ['t', tensor({ ...matrix, shape: [3, 2], strides: [1, 3] })])], rest[2]),
  storages,
);
const packed = torchFile(dict(['model', ordered(...weights)]), storages, [], 'archive/', 8);

test('cut off at every length', async () => {
  for (let n = 4; n < valid.length; n++) await refuses(`${n} bytes`, valid.subarray(0, n), /./);
});

for (const [title, bytes] of [
  ['stored', valid],
  ['deflated', packed],
] as const) {
  test(`any single byte changed, ${title}: read or refused`, async () => {
    for (let seed = 0; seed < 500; seed++) {
      const [where, what] = uniform(`torch ${title} mutation ${seed}`, 2);
      const mutant = bytes.slice();
      mutant[Math.floor(where * bytes.length)] = Math.floor(what * 256);
      try {
        for (const read of (await readWeights(mutant, 'x')).tensors.values()) toFloat32(read);
      } catch (error) {
        assert.instance(error, AtrousError, `seed ${seed}: ${error}`);
      }
    }
  });
}

test('the published checkpoint', async () => {
  const path = shared('weights/regseg_camvid.pth', 'no checkpoint that PyTorch itself wrote is read');
  if (!path) return;
  const { tensors } = await readWeights(readFileSync(path), 'regseg_camvid.pth');
  assert.is(tensors.size, 470);
  assert.ok([...tensors.keys()].every(key => key.startsWith('model.')));
  assert.is([...tensors.keys()].filter(key => key.endsWith('.num_batches_tracked')).length, 64);
  assert.equal(tensors.get('model.stem.conv.weight')?.shape, [32, 3, 3, 3]);
  assert.equal(tensors.get('model.body.stage16.13.shortcut.conv.weight')?.shape, [320, 256, 1, 1]);
  assert.equal(tensors.get('model.decoder.classifier.bias')?.shape, [11]);
  for (const [key, read] of tensors) if (read.dtype === 'F32') assert.ok(toFloat32(read).every(Number.isFinite), key);
});

test.run();
