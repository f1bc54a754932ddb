// How a file is damaged: blindly, and by what formats have in common. Everything follows from a seed and the number of the mutant.
import { join } from '../weights/pickle.ts';

/** Whole numbers below `n`. */
export type Random = (n: number) => number;
export type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array;

export interface Specimen {
  readonly title: string;
  readonly bytes: Uint8Array;
  /** Aimed at what the reader steers by: lengths, offsets, opcodes, the header's JSON. */
  readonly aimed: Mutation;
}

/** mulberry32, a sequence a case. */
export function sequence(seed: number, index: number): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0;
  return n => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return Math.floor((((x ^ (x >>> 14)) >>> 0) / 2 ** 32) * n);
  };
}

export const pick = <T>(items: readonly T[], random: Random): T => items[random(items.length)];

// Mutations that know nothing of the format.

export function splice(bytes: Uint8Array, begin: number, end: number, between: Uint8Array): Uint8Array {
  return join([bytes.subarray(0, begin), between, bytes.subarray(end)]);
}

function span(bytes: Uint8Array, random: Random): [begin: number, end: number] {
  const begin = random(bytes.length + 1);
  return [begin, begin + random(Math.min(bytes.length - begin, 2 ** random(9)) + 1)];
}

export function edited(bytes: Uint8Array, edit: (copy: Uint8Array) => void): Uint8Array {
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
export const blindly: readonly Mutation[] = [flipBit, setByte, fill, truncate, remove, repeat, swap];

export const blind: Mutation = (bytes, random) => several(bytes, random, blindly);

export function several(bytes: Uint8Array, random: Random, mutations: readonly Mutation[]): Uint8Array {
  let mutant = bytes;
  // Repeats of repeats would only be large.
  for (let left = pick([1, 1, 1, 2, 4], random); left > 0 && mutant.length < 2 ** 20; left--)
    mutant = pick(mutations, random)(mutant, random);
  return mutant;
}

/** A little-endian number becomes another that a careless reader trips over. */
export function setNumber(bytes: Uint8Array, at: number, size: number, random: Random): Uint8Array {
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

// Words of JSON, and of lists in lines.

const numbers = ['0', '1', '-1', '-0', '0.5', '1e3', '1e308', '1e999', '4294967296', '9007199254740991', '9007199254740993'];
export const values = [
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
export const token = /-?\d+(\.\d+)?|"(?:[^"\\]|\\.)*"|[[\]{}:,]/g;

/** Tokens of a text are dropped, repeated, exchanged, or become another value. */
export const words: Mutation = (bytes, random) => {
  const found = [...new TextDecoder().decode(bytes).matchAll(random(3) ? token : /[^,\s]+|[,\s]/g)].map(([whole]) => whole);
  if (found.length === 0) return bytes;
  const from = random(found.length);
  const some = found.slice(from, from + 1 + random(6));
  const edits: readonly (() => string[])[] = [
    () => found.with(from, pick(values, random)),
    () => found.toSpliced(from, 0, ...some),
    () => found.toSpliced(from, some.length),
    () => found.toSpliced(from, some.length).toSpliced(random(found.length), 0, ...some),
    () => found.toSpliced(from, 0, ...Array.from({ length: 1 + random(Math.ceil(2e4 / found[from].length)) }, () => found[from])),
  ];
  return new TextEncoder().encode(pick(edits, random)().join(''));
};

/** A text in another encoding, or with what ends lines elsewhere. */
export const encodings: Mutation = (bytes, random) => {
  const text = new TextDecoder().decode(bytes);
  const wide = (mark: string): Uint8Array => new Uint8Array(Uint16Array.from(mark + text, c => c.charCodeAt(0)).buffer);
  const edits: readonly (() => Uint8Array)[] = [
    () => wide('\ufeff'),
    () => wide(''),
    () => new TextEncoder().encode(`\ufeff${text}`),
    () => new TextEncoder().encode(text.replaceAll('\n', pick(['\r', '\r\n', '\u2028', '\0', '\n\n'], random))),
    () => Uint8Array.from(text, c => c.charCodeAt(0)),
  ];
  return pick(edits, random)();
};

/** A text, damaged as texts are. */
export function textSpecimen(title: string, text: string): Specimen {
  const aimed: Mutation = (bytes, random) => several(bytes, random, [words, words, words, encodings]);
  return { title, bytes: new TextEncoder().encode(text), aimed };
}
