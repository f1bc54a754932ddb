// Damaged ONNX files, by fields: a network that has some of everything, and what is done to its tree.
import type { FileSpec } from '../onnx/writer.ts';
import { branch, fields, longs, numbers } from '../onnx/writer.ts';
import { bytes, encode, type Field, int, ints, message, text } from '../weights/protobuf.ts';
import { pick, type Random, type Specimen } from './mutate.ts';

const outside = [
  ...ints(1, [2], false),
  int(2, 1),
  text(8, 'far'),
  int(14, 1),
  message(13, text(1, 'location'), text(2, 'far.bin')),
];

/** A network that has some of everything. */
const whole: FileSpec = {
  inputs: { x: [1, 3, 'h', 'w'] },
  outputs: ['y', 'shuffled'],
  nodes: [
    {
      op: 'Conv',
      inputs: ['x', 'w', 'b'],
      outputs: ['c'],
      attributes: { pads: [1, 1, 1, 1], strides: [1, 2], kernel_shape: [3, 3] },
    },
    { op: 'BatchNormalization', inputs: ['c', 'b', 'b', 'b', 'v'], outputs: ['n'], attributes: { epsilon: { float: 0.001 } } },
    { op: 'Clip', inputs: ['n', 'low'], outputs: ['r'] },
    { op: 'MaxPool', inputs: ['r'], outputs: ['p'], attributes: { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 } },
    { op: 'Shape', inputs: ['r'], outputs: ['s'] },
    { op: 'Slice', inputs: ['s', 'two', 'four'], outputs: ['hw'] },
    { op: 'Mul', inputs: ['hw', 'two'], outputs: ['hw2'] },
    { op: 'Concat', inputs: ['nc', 'hw2'], outputs: ['size'], attributes: { axis: 0 } },
    { op: 'Resize', inputs: ['p', '', '', 'size'], outputs: ['u'], attributes: { mode: 'cubic' } },
    { op: 'ConstantOfShape', inputs: ['one4'], outputs: ['zero'] },
    { op: 'Expand', inputs: ['zero', 'one4'], outputs: ['e'] },
    { op: 'Add', inputs: ['u', 'e'], outputs: ['a'] },
    { op: 'Pad', inputs: ['a', 'pads'], outputs: ['q'], attributes: { mode: 'reflect' } },
    { op: 'Reshape', inputs: ['q', 'six'], outputs: ['g'] },
    { op: 'Transpose', inputs: ['g'], outputs: ['t'], attributes: { perm: [0, 2, 1, 3, 4] } },
    { op: 'Reshape', inputs: ['t', 'flat'], outputs: ['shuffled'] },
    { op: 'Split', inputs: ['q'], outputs: ['h1', 'h2'], attributes: { axis: 1 } },
    { op: 'ConvTranspose', inputs: ['h1', 'k'], outputs: ['d'], attributes: { strides: [2, 2], group: 2 } },
    { op: 'Tile', inputs: ['d', 'ones'], outputs: ['i'] },
    { op: 'ReduceMean', inputs: ['i'], outputs: ['m'], attributes: { axes: [1], keepdims: 1 } },
    { op: 'Equal', inputs: ['two', 'two'], outputs: ['truth'] },
    {
      op: 'If',
      inputs: ['truth'],
      outputs: ['f'],
      extra: [
        branch('then_branch', { op: 'Add', inputs: ['m', 'less'], outputs: ['l'] }, [
          int(2, 1),
          text(8, 'less'),
          bytes(9, new Uint8Array(4)),
        ]),
        branch('else_branch', { op: 'Relu', inputs: ['m'], outputs: ['k2'] }),
      ],
    },
    { op: 'Softmax', inputs: ['f'], outputs: ['y'], attributes: { axis: 1 } },
  ],
  initializers: {
    w: numbers([4, 3, 3, 3], n => n / 100),
    b: numbers([4], n => n),
    v: numbers([4], () => 1),
    low: numbers([], () => 0),
    k: numbers([2, 1, 2, 2], n => n),
    two: longs('two', [2]),
    four: longs('four', [4]),
    nc: longs('nc', [1, 4]),
    one4: longs('one4', [1, 1, 1, 1]),
    pads: longs('pads', [0, 0, 1, 1, 0, 0, 1, 1]),
    six: longs('six', [1, 2, 2, -1, 1]),
    flat: longs('flat', [1, 4, -1]),
    ones: longs('ones', [1, 2, 1, 1]),
    far: outside,
  },
};

const NUMBERS = [
  0n,
  1n,
  2n,
  3n,
  255n,
  2n ** 31n,
  2n ** 31n - 1n,
  2n ** 40n,
  2n ** 63n - 1n,
  2n ** 64n - 1n,
  2n ** 64n - 2n,
  2n ** 63n,
];
const NAMES = [
  'x',
  'y',
  'c',
  'w',
  'two',
  'size',
  '',
  '__proto__',
  'constructor',
  '../../x',
  'Conv',
  'Loop',
  'Concat',
  'Expand',
  'Tile',
  'axis',
  'pads',
];

/** One change somewhere in a tree of fields: a number, a text, a field twice, gone, in another place, or with another number or length. */
function mutated(tree: readonly Field[], random: Random): Field[] {
  const list = [...tree];
  if (list.length === 0) return [int(random(20), random(9))];
  const at = random(list.length);
  const field = list[at];
  if (Array.isArray(field.value) && random(8) > 0) {
    list[at] = { ...field, value: mutated(field.value, random) };
    return list;
  }
  switch (random(7)) {
    case 0:
      list.splice(at, 1);
      break;
    case 1:
      list.splice(random(list.length), 0, ...Array(pick([1, 1, 2, 500], random)).fill(field));
      break;
    case 2:
      list[at] = { ...field, number: random(25) };
      break;
    case 3:
      list[at] = { ...field, claim: pick(NUMBERS, random) };
      break;
    case 4:
      list.push(list.splice(at, 1)[0]);
      break;
    default:
      list[at] = { ...field, value: changed(field, random) };
  }
  return list;
}

function changed({ value }: Field, random: Random): Field['value'] {
  if (typeof value === 'bigint') return random(2) ? pick(NUMBERS, random) : BigInt(random(12));
  if (!(value instanceof Uint8Array)) return mutated(value, random);
  // Raw int64s are sizes and axes; texts are names.
  if (value.length % 8 === 0 && value.length > 0 && random(4) > 0) {
    const copy = value.slice();
    new DataView(copy.buffer).setBigUint64(8 * random(copy.length / 8), pick(NUMBERS, random), true);
    return copy;
  }
  return random(3) ? new TextEncoder().encode(pick(NAMES, random)) : value.slice(0, random(value.length + 1));
}

export const onnxFiles: readonly Specimen[] = [
  {
    title: 'a network of everything',
    bytes: encode(fields(whole)),
    aimed: (_bytes, random) => {
      let tree: Field[] = fields(whole);
      for (let n = 0; n <= random(3); n++) tree = mutated(tree, random);
      return encode(tree);
    },
  },
];
