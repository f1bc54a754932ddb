// Ten thousand damaged weight files a seed: each is read or refused with one of our errors, quickly and in little memory. FUZZ_SEED=N repeats a run.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AtrousError } from '../../src/errors.ts';
import { cityscapes } from '../../src/models/palettes.ts';
import { imagenet, parseCard } from '../../src/weights/card.ts';
import { checkTensors } from '../../src/weights/check.ts';
import { findTensors } from '../../src/weights/find.ts';
import { readWeights } from '../../src/weights/read.ts';
import { writeSafetensors } from '../../src/weights/safetensors.ts';
import { bytesPer, count, encodeFloat16, fromFloat32, type Tensors, toFloat32 } from '../../src/weights/tensor.ts';
import {
  type Code,
  call,
  dict,
  floats,
  global,
  int,
  join,
  list,
  none,
  ordered,
  pickle,
  tensor,
  text,
  tuple,
  zip,
} from './pickle.ts';
import type { Field } from './protobuf.ts';
import * as proto from './protobuf.ts';

const CASES = 10_000;
const LIMIT_MS = 50;
/** Beyond the file. */
const LIMIT_BYTES = 64e6;
/** A busy machine is slow by chance; what is slow by nature is slow each time. */
const TRIES = 5;

/** Whole numbers below `n`. */
type Random = (n: number) => number;
type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array;

interface Specimen {
  readonly title: string;
  readonly bytes: Uint8Array;
  /** Aimed at what the reader steers by: lengths, offsets, opcodes, the header's JSON. */
  readonly aimed: Mutation;
}

/** mulberry32, a sequence a case. */
function sequence(seed: number, index: number): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0;
  return n => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return Math.floor((((x ^ (x >>> 14)) >>> 0) / 2 ** 32) * n);
  };
}

const pick = <T>(items: readonly T[], random: Random): T => items[random(items.length)];

// Mutations that know nothing of the format.

function splice(bytes: Uint8Array, begin: number, end: number, between: Uint8Array): Uint8Array {
  return join([bytes.subarray(0, begin), between, bytes.subarray(end)]);
}

function span(bytes: Uint8Array, random: Random): [begin: number, end: number] {
  const begin = random(bytes.length + 1);
  return [begin, begin + random(Math.min(bytes.length - begin, 2 ** random(9)) + 1)];
}

function edited(bytes: Uint8Array, edit: (copy: Uint8Array) => void): Uint8Array {
  const copy = bytes.slice();
  if (copy.length > 0) edit(copy);
  return copy;
}

const flipBit: Mutation = (bytes, random) => edited(bytes, copy => void (copy[random(copy.length)] ^= 1 << random(8)));
const setByte: Mutation = (bytes, random) => edited(bytes, copy => void (copy[random(copy.length)] = random(256)));
const fill: Mutation = (bytes, random) =>
  edited(bytes, copy => void copy.fill(pick([0, 255, random(256)], random), ...span(copy, random)));
const truncate: Mutation = (bytes, random) => bytes.subarray(0, random(bytes.length + 1));
const remove: Mutation = (bytes, random) => splice(bytes, ...span(bytes, random), new Uint8Array(0));
const repeat: Mutation = (bytes, random) => {
  const [begin, end] = span(bytes, random);
  const times = 1 + random(pick([2, 8, 64], random));
  return splice(bytes, end, end, join(Array.from({ length: times }, () => bytes.subarray(begin, end))));
};
const swap: Mutation = (bytes, random) => {
  const [a, b] = [span(bytes, random), span(bytes, random)].sort((x, y) => x[0] - y[0]);
  if (a[1] > b[0]) return bytes;
  const parts = [
    bytes.subarray(0, a[0]),
    bytes.subarray(...b),
    bytes.subarray(a[1], b[0]),
    bytes.subarray(...a),
    bytes.subarray(b[1]),
  ];
  return join(parts);
};
const blindly: readonly Mutation[] = [flipBit, setByte, fill, truncate, remove, repeat, swap];

const blind: Mutation = (bytes, random) => several(bytes, random, blindly);

function several(bytes: Uint8Array, random: Random, mutations: readonly Mutation[]): Uint8Array {
  let mutant = bytes;
  for (let left = pick([1, 1, 1, 2, 4], random); left > 0; left--) mutant = pick(mutations, random)(mutant, random);
  return mutant;
}

/** A little-endian number becomes another that a careless reader trips over. */
function setNumber(bytes: Uint8Array, at: number, size: number, random: Random): Uint8Array {
  return edited(bytes, copy => {
    if (at + size > copy.length) return;
    const max = 2n ** BigInt(8 * size) - 1n;
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(copy[at + i]);
    const length = BigInt(bytes.length);
    const others = [
      0n,
      1n,
      max,
      max - 1n,
      max >> 1n,
      (max >> 1n) + 1n,
      value - 1n,
      value + 1n,
      value * 2n,
      length,
      length - 1n,
      length + 1n,
    ];
    let other = pick([...others, BigInt(random(2 ** 31))], random) & max;
    for (let i = 0; i < size; i++, other >>= 8n) copy[at + i] = Number(other & 255n);
  });
}

// Safetensors.

function header(bytes: Uint8Array): { end: number; json: string } {
  const end = Math.min(bytes.length, 8 + (bytes[0] | (bytes[1] << 8)));
  return { end, json: new TextDecoder().decode(bytes.subarray(8, end)) };
}

/** The header with another text; its length mostly follows. */
function withJson(bytes: Uint8Array, json: string, random: Random): Uint8Array {
  const encoded = new TextEncoder().encode(json);
  const mutant = splice(bytes, Math.min(8, bytes.length), header(bytes).end, encoded);
  if (mutant.length >= 8 && random(8) > 0) new DataView(mutant.buffer).setBigUint64(0, BigInt(encoded.length), true);
  return mutant;
}

const numbers = ['0', '1', '-1', '-0', '0.5', '1e3', '1e308', '1e999', '4294967296', '9007199254740991', '9007199254740993'];
const values = [
  ...numbers,
  '18446744073709551616',
  'null',
  'true',
  '[]',
  '{}',
  '"x"',
  '[[[[]]]]',
  '"\\ud800"',
  '"\\u0000\\u001b\\u009b"',
  '',
];
const token = /-?\d+(\.\d+)?|"(?:[^"\\]|\\.)*"|[[\]{}:,]/g;

const safetensorsMutations: readonly Mutation[] = [
  (bytes, random) => setNumber(bytes, 0, pick([8, 8, 4, 1], random), random),
  // A number, or any token, becomes another value.
  (bytes, random) => {
    const { json } = header(bytes);
    const found = [...json.matchAll(random(2) ? /\d+/g : token)];
    if (found.length === 0) return bytes;
    const { 0: old, index } = pick(found, random);
    const other = /^\d+$/.test(old) && random(2) ? String(Number(old) + pick([-8, -1, 1, 8], random)) : pick(values, random);
    return withJson(bytes, json.slice(0, index) + other + json.slice(index + old.length), random);
  },
  // Tokens are dropped, repeated, exchanged.
  (bytes, random) => {
    const { json } = header(bytes);
    const found = [...json.matchAll(token)].map(([whole]) => whole);
    const from = random(found.length + 1);
    const some = found.slice(from, from + 1 + random(12));
    const to = random(found.length + 1);
    const moved = found.toSpliced(from, random(2) ? some.length : 0).toSpliced(to, 0, ...(random(3) ? some : []));
    return withJson(bytes, moved.join(''), random);
  },
  (bytes, random) => edited(bytes, copy => void (copy[random(Math.min(copy.length, header(copy).end))] ^= 1 << random(8))),
];

const card = {
  model: 'exp48_decoder26',
  classes: cityscapes.labels.slice(0, 2),
  palette: cityscapes.palette.slice(0, 2),
  preprocessing: imagenet,
};
const matrix = fromFloat32([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6));
const safetensors = writeSafetensors(
  [
    ['a.weight', matrix],
    ['a.bias', fromFloat32([3], Float32Array.of(1, 2, 3))],
    ['half', { dtype: 'F16', shape: [2, 2], bytes: encodeFloat16(Float32Array.of(1, 2, 3, 4)) }],
    ['steps', { dtype: 'I64', shape: [], bytes: new Uint8Array(8) }],
    ['none', fromFloat32([0, 4], new Float32Array(0))],
  ],
  { atrous: JSON.stringify(card), format: 'pt' },
);

/** As another writer might: spaces, escapes, keys in another order, data in another order than the header. */
const foreign = ((): Uint8Array => {
  const rows = [
    '"\\u0061" : {"shape": [ 1 , 2 ], "data_offsets":[4, 12], "dtype" :"F32"}',
    '"bf": {"dtype":"BF16","shape":[2],"data_offsets":[0,4]}',
  ];
  const json = new TextEncoder().encode(`{ ${rows.join(' ,')} }  `);
  const bytes = new Uint8Array(8 + json.length + 12);
  bytes[0] = json.length;
  bytes.set(json, 8);
  return bytes;
})();

// PyTorch checkpoints. Damage to the pickle alone gets a sound zip around it, or it would never be read.

interface Records {
  readonly pickle: Uint8Array;
  readonly method: number;
  readonly wide: boolean;
}

const storages: [string, Uint8Array][] = [
  ['0', floats(1, 2, 3, 4, 5, 6)],
  ['1', Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0)],
  ['2', encodeFloat16(Float32Array.of(1, 2, 3, 4))],
];

function archive({ pickle: data, method, wide }: Records): Uint8Array {
  const records: [string, Uint8Array][] = [
    ['data.pkl', data],
    ['byteorder', new TextEncoder().encode('little')],
  ];
  for (const [key, storage] of storages) records.push([`data/${key}`, storage]);
  return zip(
    records.map(([name, bytes]) => ({ name: `a/${name}`, data: bytes, method })),
    wide,
  );
}

/** Where a zip keeps numbers: signature → offset and size of each. */
const zipFields: readonly (readonly [signature: number, fields: readonly (readonly [at: number, size: number])[]])[] = [
  [
    0x04034b50,
    [
      [6, 2],
      [8, 2],
      [18, 4],
      [22, 4],
      [26, 2],
      [28, 2],
    ],
  ],
  [
    0x02014b50,
    [
      [8, 2],
      [10, 2],
      [20, 4],
      [24, 4],
      [28, 2],
      [30, 2],
      [32, 2],
      [42, 4],
      [46, 2],
      [48, 2],
    ],
  ],
  [
    0x06054b50,
    [
      [8, 2],
      [10, 2],
      [12, 4],
      [16, 4],
      [20, 2],
    ],
  ],
  [
    0x06064b50,
    [
      [4, 8],
      [24, 8],
      [32, 8],
      [40, 8],
      [48, 8],
    ],
  ],
  [
    0x07064b50,
    [
      [4, 4],
      [8, 8],
      [16, 4],
    ],
  ],
];

function zipNumbers(bytes: Uint8Array): [at: number, size: number][] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: [number, number][] = [];
  for (let at = 0; at + 4 <= bytes.length; at++) {
    const fields = zipFields.find(([signature]) => view.getUint32(at, true) === signature)?.[1] ?? [];
    for (const [offset, size] of fields) found.push([at + offset, size]);
  }
  return found;
}

const zipMutations: readonly Mutation[] = [
  (bytes, random) => {
    const found = zipNumbers(bytes);
    return found.length > 0 ? setNumber(bytes, ...pick(found, random), random) : bytes;
  },
  (bytes, random) => {
    const found = zipNumbers(bytes);
    if (found.length === 0) return bytes;
    const [[from, size], [to]] = [pick(found, random), pick(found, random)];
    return edited(bytes, copy => copy.copyWithin(to, from, from + size));
  },
];

/** Every opcode of the reader, some that it refuses, and pieces that mean something together. */
const opcodes = [...'\x80\x95(N\x88\x89JKM\x8aGX\x8c])}t\x85\x86\x87aesuqr\x94hjc\x93QRb.0123ilo\x81\x82\x90\x96'].map(c =>
  c.charCodeAt(0),
);
const pieces: readonly Code[] = [
  [0x71, 0, 0x68, 0, 0x61],
  [0x5d, 0x94, 0x68, 0, 0x68, 0, 0x86],
  [0x7d, 0x4e, 0x4e, 0x73],
  [0x72, 255, 255, 255, 255],
  [0x8a, 255],
  [0x58, 255, 255, 255, 127],
  global('os', 'system'),
  global('torch', 'Size'),
  global('torch._utils', '_rebuild_tensor_v2'),
  call(global('collections', 'OrderedDict')),
  int(2n ** 53n),
  int(-1),
  text('module.\u001b[2J\u009b\u202e'),
  tuple(text('storage'), global('torch', 'ByteStorage'), text('\u001b]0;x'), text('cpu'), int(6)),
  tensor({ stored: 6, shape: [2 ** 20], strides: [0] }),
  none,
];

/** Where the pickle keeps sizes: operands of the opcodes of numbers, texts and memo. */
function pickleNumbers(bytes: Uint8Array): [at: number, size: number][] {
  const sizes: Record<number, number> = { 74: 4, 75: 1, 77: 2, 88: 4, 104: 1, 106: 4, 113: 1, 114: 4, 138: 1, 140: 1, 149: 8 };
  return [...bytes].flatMap((byte, at): [number, number][] =>
    sizes[byte]
      ? [
          [at + 1, sizes[byte]],
          [at + 2, sizes[byte]],
        ]
      : [],
  );
}

const pickleMutations: readonly Mutation[] = [
  ...blindly,
  (bytes, random) => {
    const found = pickleNumbers(bytes);
    return found.length > 0 ? setNumber(bytes, ...pick(found, random), random) : bytes;
  },
  (bytes, random) => edited(bytes, copy => void (copy[random(copy.length)] = pick(opcodes, random))),
  (bytes, random) => {
    const at = random(bytes.length + 1);
    return splice(bytes, at, at + random(3), Uint8Array.from(pick(pieces, random)));
  },
];

function checkpoint(title: string, code: Code, method = 0, wide = false): Specimen {
  const records: Records = { pickle: pickle(code), method, wide };
  const bytes = archive(records);
  return {
    title,
    bytes,
    aimed: (_, random) =>
      random(3) > 0
        ? archive({ ...records, pickle: several(records.pickle, random, pickleMutations) })
        : several(bytes, random, zipMutations),
  };
}

const weights: [string, Code][] = [
  ['module.a.weight', tensor({ stored: 6, shape: [2, 3], strides: [3, 1] })],
  [
    'module.a.bias',
    call(global('torch._utils', '_rebuild_parameter'), tensor({ stored: 6, shape: [3, 2], strides: [1, 3] }), [0x88], ordered()),
  ],
  ['module.half', tensor({ type: 'Half', key: '2', stored: 4, offset: 1, shape: [3], strides: [1] })],
  ['module.steps', tensor({ type: 'Long', key: '1', stored: 1, shape: [], strides: [] })],
];
const trainer: [string, Code][] = [
  ['optimizer', dict(['state', dict()], ['param_groups', list(dict(['lr', [0x47, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0]]))])],
  ['epoch', [0x4d, 231, 3]],
  ['best', int(-(2n ** 60n))],
];
const utf8 = (word: string): Code => [0x8c, word.length, ...new TextEncoder().encode(word), 0x94];
/** The same tensor as protocol 4 writes it: a frame, short texts, memoised globals. */
const modern: Code = [
  0x95,
  0,
  1,
  0,
  0,
  0,
  0,
  0,
  0,
  0x7d,
  0x94,
  0x28,
  ...utf8('w'),
  ...utf8('torch._utils'),
  ...utf8('_rebuild_tensor_v2'),
  0x93,
  0x94,
]
  .concat(0x28, 0x28, utf8('storage'), utf8('torch'), utf8('FloatStorage'), 0x93, utf8('0'), utf8('cpu'), [0x4b, 6, 0x74, 0x51])
  .concat(
    [0x4b, 0, 0x4b, 2, 0x4b, 3, 0x86, 0x4b, 3, 0x4b, 1, 0x86, 0x89],
    call(global('collections', 'OrderedDict')),
    [0x74, 0x52, 0x75],
  );

// Caffe models. Damage to a field gets true lengths around it, or it would never be read.

const fieldNumbers = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 50, 100, 2 ** 29 - 1];
const wireTypes = [0, 1, 2, 3, 4, 5, 6, 7];

function fieldValue(old: Field['value'], random: Random): Field['value'] {
  const numbers = [0n, 1n, 2n, 3n, 5n, 6n, 127n, 128n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n, BigInt(random(2 ** 31))];
  if (typeof old === 'bigint') return pick([...numbers, old - 1n < 0n ? 0n : old - 1n, old + 1n], random);
  return blind(old instanceof Uint8Array ? old : proto.encode(old), random);
}

/** One field, at any depth, is dropped, repeated, moved, or gets another number, type, length or value. */
function mutateFields(fields: readonly Field[], random: Random): readonly Field[] {
  if (fields.length === 0) return fields;
  const at = random(fields.length);
  const field = fields[at];
  if (Array.isArray(field.value) && random(4) > 0) return fields.with(at, { ...field, value: mutateFields(field.value, random) });
  const edits: readonly (() => readonly Field[])[] = [
    () => fields.toSpliced(at, 1),
    () => fields.toSpliced(at, 0, ...Array.from({ length: 1 + random(8) }, () => field)),
    () => fields.toSpliced(at, 1).toSpliced(random(fields.length), 0, field),
    () => fields.with(at, { ...field, number: pick(fieldNumbers, random) }),
    () => fields.with(at, { ...field, wire: pick(wireTypes, random) }),
    () => fields.with(at, { ...field, claim: pick([0n, 1n, 4n, 40n, 2n ** 32n, 2n ** 64n - 1n, BigInt(random(256))], random) }),
    () => fields.with(at, { ...field, value: fieldValue(field.value, random) }),
    () => fields.with(at, { ...field, value: fieldValue(field.value, random) }),
  ];
  return pick(edits, random)();
}

function caffemodel(title: string, fields: readonly Field[]): Specimen {
  const aimed: Mutation = (_, random) => {
    let mutant = fields;
    for (let left = pick([1, 1, 2, 4], random); left > 0; left--) mutant = mutateFields(mutant, random);
    return proto.encode(mutant);
  };
  return { title, bytes: proto.encode(fields), aimed };
}

const inputs = [proto.text(1, 'net'), proto.text(3, 'data'), ...proto.ints(4, [1, 3, 8, 8], false)];
const newLayers = [
  proto.layer('data', 'Data'),
  proto.layer('a', 'Convolution', proto.blob([2, 3], [1, 2, 3, 4, 5, 6]), proto.blob([3], [1, 2, 3])),
  proto.layer('relu', 'ReLU'),
  proto.layer(
    'bn',
    'BatchNorm',
    [...proto.doubles(8, [1, 2]), proto.message(7, ...proto.ints(1, [2], false))],
    [...proto.floats(5, [1, 2], false), ...proto.blob([2], [])],
  ),
];
const oldLayers = [
  proto.oldLayer('a', 4, proto.legacyBlob([2, 3, 1, 1], [1, 2, 3, 4, 5, 6]), proto.legacyBlob([1, 1, 1, 3], [1, 2, 3])),
  proto.oldLayer('pool', 17),
  proto.oldLayer('fc', 14, proto.legacyBlob([1, 1, 2, 1], [1, 2]), proto.legacyBlob([1, 1, 1, 2], [1, 2])),
];

const specimens: readonly Specimen[] = [
  { title: 'safetensors', bytes: safetensors, aimed: (bytes, random) => several(bytes, random, safetensorsMutations) },
  checkpoint('trainer', dict(...trainer, ['model', [...ordered(...weights), ...dict(['_metadata', ordered()]), 0x62]])),
  { title: 'foreign', bytes: foreign, aimed: (bytes, random) => several(bytes, random, safetensorsMutations) },
  checkpoint('protocol 4', modern),
  { title: 'safetensors', bytes: safetensors, aimed: (bytes, random) => several(bytes, random, safetensorsMutations) },
  checkpoint('deflated', dict(['model', ordered(...weights)]), 8),
  { title: 'foreign', bytes: foreign, aimed: (bytes, random) => several(bytes, random, safetensorsMutations) },
  checkpoint('zip64', dict(...weights), 0, true),
  caffemodel('caffemodel', [...inputs, ...newLayers]),
  caffemodel('old caffemodel', [...inputs, ...oldLayers]),
];

/** Small files that would be large: every byte of the pickle builds something. */
const bombs: readonly (readonly [title: string, code: Code, times: number])[] = [
  ['dicts', [0x7d], 2 ** 20],
  ['nested tuples', [0x4e, 0x85], 2 ** 19],
  ['long numbers', [0x8a, 255, ...new Array<number>(255).fill(1)], 2 ** 15],
  ['calls', call(global('collections', 'OrderedDict')), 2 ** 17],
  ['tensors', tensor({ stored: 6, shape: [2 ** 16], strides: [0] }), 2 ** 12],
  ['texts', [0x8c, 250, ...new Array<number>(250).fill(0x61)], 2 ** 16],
];

/** The same of Caffe: bytes that repeat inside one layer. */
const caffeBombs: readonly (readonly [title: string, inside: Uint8Array, times: number])[] = [
  ['blobs of nothing', proto.encode([proto.message(7, proto.int(1, 0))]), 2 ** 18],
  ['empty blobs', proto.encode([proto.message(7)]), 2 ** 20],
  ['names', proto.encode([proto.text(1, 'x'.repeat(4000))]), 2 ** 10],
  ['unknown fields', proto.encode([proto.int(900, 1)]), 2 ** 19],
];
/** And inside one blob. */
const blobBombs: readonly (readonly [title: string, inside: Uint8Array, times: number])[] = [
  ['floats', proto.encode(proto.floats(5, [1], false)), 2 ** 18],
  ['empty pieces', proto.encode(proto.floats(5, [])), 2 ** 20],
  ['shapes', proto.encode([proto.message(7, proto.int(1, 1))]), 2 ** 18],
];

// The judge.

const expected = new Map([
  ['a.weight', [2, 3]],
  ['a.bias', [3]],
]);
const NAME = 'file';
/** Control characters rewrite a terminal; those that turn the direction of writing make a name look like another. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

interface Cost {
  readonly ms: number;
  readonly bytes: number;
  /** What was wrong with the outcome, or null. */
  readonly fault: string | null;
  readonly read: boolean;
}

async function examine(bytes: Uint8Array): Promise<Cost> {
  const before = used();
  const start = performance.now();
  let thrown: unknown = null;
  let read: Awaited<ReturnType<typeof readWeights>> | null = null;
  try {
    read = await readWeights(bytes, NAME);
    const own = read.metadata.get('atrous');
    if (own !== undefined) parseCard(own, `in ${NAME}`);
    const search = { known: new Set(expected.keys()), fits: (tensors: Tensors) => tensors.has('a.weight'), key: null };
    checkTensors(findTensors(read.tensors, NAME, search).tensors, expected, NAME);
  } catch (error) {
    thrown = error;
  }
  const cost = { ms: performance.now() - start, bytes: used() - before, read: read !== null };
  return { ...cost, fault: (thrown === null ? null : faultOf(thrown)) ?? (read && tensorFault(read.tensors)) };
}

function used(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function faultOf(thrown: unknown): string | null {
  if (!(thrown instanceof AtrousError)) return `threw ${thrown instanceof Error ? thrown.stack : thrown}`;
  const { code, message } = thrown;
  if (code !== 'BAD_WEIGHTS' || !/^(card in )?file\b/.test(message)) return `refused with ${code} ${message}`;
  return message.length > 1000 || unprintable.test(message)
    ? `refused with a message unfit to print: ${JSON.stringify(message)}`
    : null;
}

function tensorFault(tensors: Awaited<ReturnType<typeof readWeights>>['tensors']): string | null {
  for (const [key, value] of tensors) {
    const n = count(value.shape);
    try {
      value.bytes;
    } catch (error) {
      return faultOf(error);
    }
    if (value.bytes.length !== n * bytesPer[value.dtype])
      return `read ${JSON.stringify(key)} with ${value.bytes.length} bytes for ${n} elements`;
    if (toFloat32(value).length !== n) return `decoded ${JSON.stringify(key)} to another length than ${n}`;
  }
  return null;
}

/** Throws with the specimen, the seed and the case. Returns whether it was read. */
async function judge({ title, bytes, aimed }: Specimen, seed: number, index: number): Promise<boolean> {
  const random = sequence(seed, index);
  const mutant = index % 2 ? aimed(bytes, random) : blind(bytes, random);
  const limit = LIMIT_BYTES + mutant.length;
  let best = await examine(mutant);
  for (let tries = 1; tries < TRIES && (best.ms > LIMIT_MS || best.bytes > limit); tries++) {
    const again = await examine(mutant);
    best = { ...again, ms: Math.min(best.ms, again.ms), bytes: Math.min(best.bytes, again.bytes) };
  }
  const where = `${title}, FUZZ_SEED=${seed}, case ${index}, ${mutant.length} bytes`;
  assert.is(best.fault, null, `${where}: ${best.fault}`);
  assert.ok(best.ms <= LIMIT_MS, `${where}: took ${best.ms.toFixed(0)} ms each of ${TRIES} times, at most ${LIMIT_MS}`);
  assert.ok(best.bytes <= limit, `${where}: took ${best.bytes} bytes each of ${TRIES} times, at most ${limit}`);
  return best.read;
}

test('what is undamaged is read', async () => {
  for (const { title, bytes } of specimens) assert.ok((await readWeights(bytes, title)).tensors.size > 0, title);
});

test('a bomb costs no more', async () => {
  for (const [title, code, times] of bombs) {
    const once = Uint8Array.from(code);
    await defuse(title, archive({ pickle: join([repeated(once, times), Uint8Array.of(0x2e)]), method: 8, wide: false }));
  }
  for (const [title, inside, times] of caffeBombs) await defuse(title, proto.encode([proto.bytes(100, repeated(inside, times))]));
  for (const [title, inside, times] of blobBombs) {
    await defuse(title, proto.encode([proto.message(100, proto.bytes(7, repeated(inside, times)))]));
  }
});

function repeated(inside: Uint8Array, times: number): Uint8Array {
  return join(Array.from({ length: times }, () => inside));
}

async function defuse(title: string, bytes: Uint8Array): Promise<void> {
  let best = await examine(bytes);
  for (let tries = 1; tries < TRIES && best.bytes > LIMIT_BYTES + bytes.length; tries++) best = await examine(bytes);
  assert.ok(best.bytes <= LIMIT_BYTES + bytes.length, `${title}, ${bytes.length} bytes: took ${best.bytes} bytes`);
  assert.is(best.fault, null, `${title}: ${best.fault}`);
  assert.not.ok(best.read, title);
}

const given = process.env.FUZZ_SEED;
const seeds = given === undefined ? [1, Math.floor(Math.random() * 2 ** 31)] : [Number(given)];
for (const seed of seeds) {
  test(`seed ${seed}`, async () => {
    console.log(`seed ${seed}`);
    let read = 0;
    for (let index = 0; index < CASES; index++)
      read += Number(await judge(specimens[(index >> 1) % specimens.length], seed, index));
    // Mutations that all fail, or all succeed, would exercise one half of the readers only.
    assert.ok(read > CASES / 50 && read < CASES / 2, `${read} of ${CASES} were read`);
  });
}

test.run();
