// PyTorch checkpoints, and damage to pickle and zip. Damage to the pickle alone gets a sound zip around it, or it would never be read.
import { encodeFloat16 } from '../../src/weights/tensor.ts';
import {
  type Code,
  call,
  dict,
  floats,
  global,
  int,
  list,
  none,
  ordered,
  pickle,
  tensor,
  text,
  tuple,
  zip,
} from '../weights/pickle.ts';
import { blindly, edited, type Mutation, pick, type Specimen, setNumber, several, splice } from './mutate.ts';

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

export function archive({ pickle: data, method, wide }: Records): Uint8Array {
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

const object = (name: string, state: Code): Code => [...global('lib', name), 0x29, 0x81, ...state, 0x62];
/** A module that was pickled whole, and what trainers keep beside it. */
const module: Code = dict(
  [
    'ema',
    object('Net', dict(['_modules', ordered(['a', object('Conv', dict(['_parameters', dict(['weight', weights[0][1]])]))])])),
  ],
  ['args', object('Namespace', dict(['path', call(global('pathlib', 'PosixPath'), text('/data'))]))],
  ['best', call(global('numpy.core.multiarray', 'scalar'), none, [0x43, 3, 1, 2, 3])],
  ['seen', [0x8f, 0x28, 0x4b, 1, 0x90]],
);

export const torchFiles: readonly Specimen[] = [
  checkpoint('trainer', dict(...trainer, ['model', [...ordered(...weights), ...dict(['_metadata', ordered()]), 0x62]])),
  checkpoint('protocol 4', modern),
  checkpoint('deflated', dict(['model', ordered(...weights)]), 8),
  checkpoint('zip64', dict(...weights), 0, true),
  checkpoint('a whole module', module),
];

/** Small files that would be large: every byte of the pickle builds something. */
export const pickleBombs: readonly (readonly [title: string, code: Code, times: number])[] = [
  ['dicts', [0x7d], 2 ** 20],
  ['nested tuples', [0x4e, 0x85], 2 ** 19],
  ['long numbers', [0x8a, 255, ...new Array<number>(255).fill(1)], 2 ** 15],
  ['calls', call(global('collections', 'OrderedDict')), 2 ** 17],
  ['tensors', tensor({ stored: 6, shape: [2 ** 16], strides: [0] }), 2 ** 12],
  ['texts', [0x8c, 250, ...new Array<number>(250).fill(0x61)], 2 ** 16],
];
