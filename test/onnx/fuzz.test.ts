// Damaged ONNX files, by fields and by bytes: each is read and imported, or refused with one of our errors, quickly and in little memory.
// FUZZ_CASES=20000 makes more of them, FUZZ_SEED=N others.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AtrousError } from '../../src/errors.ts';
import { importOnnx, pictureShape } from '../../src/onnx/import.ts';
import { externalFiles, readOnnx, withExternal } from '../../src/onnx/read.ts';
import { encode, type Field, int, ints, message, text } from '../weights/protobuf.ts';
import { type FileSpec, fields, longs, numbers } from './writer.ts';

const CASES = Number(process.env.FUZZ_CASES ?? 500);
const SEED = Number(process.env.FUZZ_SEED ?? 1);
const LIMIT_MS = 50;
/** Beyond the file. */
const LIMIT_BYTES = 64e6;
/** A busy machine is slow by chance; what is slow by nature is slow each time. */
const TRIES = 5;

type Random = (n: number) => number;

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
    { op: 'Softmax', inputs: ['m'], outputs: ['y'], attributes: { axis: 1 } },
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

/** Bytes that know nothing of fields. */
function scrambled(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = bytes.slice(0, random(4) ? bytes.length : random(bytes.length));
  for (let n = 0; n < 1 + random(4); n++) copy[random(copy.length)] = random(256);
  return copy;
}

function specimen(index: number): Uint8Array {
  const random = sequence(SEED, index);
  let tree: Field[] = fields(whole);
  for (let n = 0; n <= random(3); n++) tree = mutated(tree, random);
  const bytes = encode(tree);
  return index % 5 === 0 && bytes.length > 0 ? scrambled(bytes, random) : bytes;
}

/** What the file is: imported, or the code of the error that refused it. */
function outcome(bytes: Uint8Array): string {
  try {
    const model = readOnnx(bytes, 'damaged.onnx');
    const beside = new Map(externalFiles(model).map(name => [name, new Uint8Array(8)]));
    const shapes = new Map(model.inputs.map(port => [port.name, pictureShape(port, { h: 9, w: 12 }) ?? [1]]));
    importOnnx(withExternal(model, beside), shapes);
    return 'imported';
  } catch (error) {
    if (error instanceof AtrousError && error.message.length <= 1000) return error.code;
    throw error;
  }
}

test('the network itself is imported', () => {
  assert.is(outcome(encode(fields(whole))), 'imported');
});

test(`${CASES} damaged files, seed ${SEED}`, () => {
  const seen = new Map<string, number>();
  for (let index = 0; index < CASES; index++) {
    const bytes = specimen(index);
    let [ms, grown] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let n = 0; n < TRIES && (ms > LIMIT_MS || grown > LIMIT_BYTES); n++) {
      const before = process.memoryUsage();
      const start = performance.now();
      try {
        const found = outcome(bytes);
        if (n === 0) seen.set(found, (seen.get(found) ?? 0) + 1);
      } catch (error) {
        throw new Error(`case ${index} of seed ${SEED}: ${error instanceof Error ? error.stack : error}`);
      }
      ms = Math.min(ms, performance.now() - start);
      const after = process.memoryUsage();
      grown = Math.min(grown, after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers);
    }
    assert.ok(ms <= LIMIT_MS, `case ${index} of seed ${SEED} took ${ms} ms`);
    assert.ok(grown <= LIMIT_BYTES, `case ${index} of seed ${SEED} took ${grown} bytes`);
  }
  console.log([...seen].map(([what, count]) => `${what} ${count}`).join(', '));
  // Damage of every depth: some files must get as far as the import.
  assert.ok(
    (seen.get('imported') ?? 0) > CASES / 20 &&
      (seen.get('BAD_GRAPH') ?? 0) > CASES / 20 &&
      (seen.get('BAD_WEIGHTS') ?? 0) > CASES / 20,
  );
});

test.run();
