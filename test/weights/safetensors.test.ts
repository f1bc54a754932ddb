// Safetensors: written files read back, and every way to break the format is refused by name before anything is allocated.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AtrousError } from '../../src/errors.ts';
import { readWeights } from '../../src/weights/read.ts';
import { readSafetensors, writeSafetensors } from '../../src/weights/safetensors.ts';
import { uniform } from '../../src/weights/seeded.ts';
import type { Tensor } from '../../src/weights/tensor.ts';
import { encodeFloat16, fromFloat32, toFloat32 } from '../../src/weights/tensor.ts';

const sample: [string, Tensor][] = [
  ['b.weight', fromFloat32([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6))],
  ['__proto__', { dtype: 'U8', shape: [3], bytes: Uint8Array.of(7, 8, 9) }],
  ['empty', fromFloat32([0, 4], new Float32Array(0))],
  ['10', { dtype: 'I64', shape: [], bytes: new Uint8Array(BigInt64Array.of(-1n).buffer) }],
  ['half "quoted" ü', { dtype: 'F16', shape: [1], bytes: encodeFloat16(Float32Array.of(0.5)) }],
];

/** A file from header text, whatever it says, and `n` bytes of data. */
function file(header: string | Uint8Array, n = 0, claim?: bigint): Uint8Array {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + n);
  new DataView(bytes.buffer).setBigUint64(0, claim ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

function judge(error: unknown, title: string, pattern: RegExp): void {
  assert.instance(error, AtrousError, `${title}: ${error}`);
  assert.is((error as AtrousError).code, 'BAD_WEIGHTS', title);
  assert.match((error as AtrousError).message, pattern, title);
}

function refuses(title: string, action: () => unknown, pattern: RegExp): void {
  let outcome: unknown = 'accepted';
  try {
    action();
  } catch (error) {
    outcome = error;
  }
  judge(outcome, title, pattern);
}

test('what is written reads back, as views', () => {
  const bytes = writeSafetensors(sample, { atrous: '{"a":1}', 'kéy:"': 'ü' });
  const { tensors, metadata } = readSafetensors(bytes, 'x');
  assert.is(tensors.size, sample.length);
  for (const [key, { dtype, shape, bytes: data }] of sample) {
    const read = tensors.get(key)!;
    assert.equal([read.dtype, read.shape, [...read.bytes]], [dtype, shape, [...data]], key);
    assert.is(read.bytes.buffer, bytes.buffer);
  }
  assert.equal(
    [...metadata],
    [
      ['atrous', '{"a":1}'],
      ['kéy:"', 'ü'],
    ],
  );
  assert.is(new DataView(bytes.buffer).getUint32(0, true) % 8, 0);
  assert.equal(bytes, writeSafetensors(new Map(sample), { atrous: '{"a":1}', 'kéy:"': 'ü' }));
});

test('a Node Buffer in the middle of a pool reads the same, misaligned floats included', () => {
  const bytes = writeSafetensors(sample);
  const pool = Buffer.concat([Buffer.from('abc'), bytes]).subarray(3);
  const { tensors } = readSafetensors(pool, 'x');
  assert.equal([...toFloat32(tensors.get('b.weight')!)], [1, 2, 3, 4, 5, 6]);
  assert.equal([...toFloat32(tensors.get('10')!)], [-1]);
});

test('an empty file of tensors is a valid one', () => {
  assert.is(readSafetensors(writeSafetensors([]), 'x').tensors.size, 0);
});

test('the writer refuses what it cannot write truly', () => {
  const half = (bits: number): Tensor => ({ dtype: 'F16', shape: [2], bytes: new Uint8Array(Uint16Array.of(0x3c00, bits).buffer) });
  const infinite: Tensor = { dtype: 'F16', shape: [1], bytes: encodeFloat16(Float32Array.of(-70000)) };
  refuses(
    'overflow',
    () => writeSafetensors([['big', infinite]]),
    /"big" is -Infinity at index 0 in F16, whose largest value is 65504/,
  );
  refuses('NaN', () => writeSafetensors([['odd', half(0x7e01)]]), /"odd" is NaN at index 1/);
  refuses('twice', () => writeSafetensors([sample[0], sample[0]]), /"b\.weight" is a reserved name or is written twice/);
  refuses('reserved', () => writeSafetensors([['__metadata__', sample[0][1]]]), /reserved/);
  refuses('length', () => writeSafetensors([['a', { dtype: 'F32', shape: [3], bytes: new Uint8Array(8) }]]), /12 bytes, but has 8/);
});

const nested = '['.repeat(1e5) + ']'.repeat(1e5);
const entry = (shape: string, offsets: string, dtype = '"F32"') => `{"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}}`;
const one = entry('[1]', '[0,4]');

const broken: [string, Uint8Array, RegExp][] = [
  ['shorter than its length field', new Uint8Array(5), /5 bytes, a safetensors file has at least 8/],
  ['1 TB header', file('{}', 0, 2n ** 40n), /claims 1099511627776 bytes, 2 follow/],
  ['header of 2^64 - 1', file('{}', 0, 2n ** 64n - 1n), /claims 18446744073709551615 bytes/],
  ['long header', file(new Uint8Array(2 ** 24 + 1).fill(0x20)), /at most 16777216/],
  ['not UTF-8', file(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)), /not UTF-8 JSON/],
  ['byte order mark', file('\ufeff{}'), /not UTF-8 JSON/],
  ['not JSON', file('{"a":'), /not UTF-8 JSON/],
  ['an array', file('[]'), /not an object/],
  ['null', file('null'), /not an object/],
  ['nested 100,000 deep', file(nested), /not an object|not UTF-8 JSON/],
  ['deep shape', file(`{"a":${entry(nested, '[0,4]')}}`, 4), /shape \[a list\]/],
  ['same tensor twice', file(`{"a":${one},"a":${one}}`, 4), /writes 8 keys, 4 are left/],
  ['same tensor twice, escaped', file(`{"a":${one},"\\u0061":${one}}`, 4), /writes 8 keys, 4 are left/],
  ['same field twice', file('{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}', 4), /writes 5 keys/],
  ['same metadata twice', file('{"__metadata__":{"a":"1","a":"2"}}'), /writes 3 keys/],
  ['metadata a number', file('{"__metadata__":{"a":1}}'), /"a" is 1, the format allows strings/],
  ['metadata nested', file('{"__metadata__":{"a":{"b":"c"}}}'), /keys/],
  ['metadata an array', file('{"__metadata__":["a"]}'), /not an object/],
  ['tensor a number', file('{"a":1}'), /tensor "a" has "1"/],
  ['field missing', file('{"a":{"dtype":"F32","shape":[1]}}', 4), /has "dtype,shape"/],
  ['field unknown', file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}', 4), /x"/],
  ['dtype unknown', file(`{"a":${entry('[1]', '[0,4]', '"F4"')}}`, 4), /dtype "F4", atrous reads F64, F32/],
  [
    'length of another type',
    file(`{"a":${entry('[1]', '[0,4]', '"F8_E4M3"')}}`, 4),
    /"F8_E4M3" \[1\], 1 bytes, but its offsets span 4/,
  ],
  ['dtype inherited', file(`{"a":${entry('[1]', '[0,4]', '"constructor"')}}`, 4), /dtype "constructor"/],
  ['shape a number', file(`{"a":${entry('4', '[0,4]')}}`, 4), /expected a list of sizes/],
  ['shape negative', file(`{"a":${entry('[-1,-1]', '[0,4]')}}`, 4), /shape \[-1, -1\]/],
  ['shape fractional', file(`{"a":${entry('[0.5,2]', '[0,4]')}}`, 4), /shape \[0\.5, 2\]/],
  ['shape overflows', file(`{"a":${entry('[4294967296,4294967296]', '[0,0]')}}`), /below 2\^53/],
  ['shape text', file(`{"a":${entry('["1"]', '[0,4]')}}`, 4), /shape \["1"\]/],
  ['offsets three', file(`{"a":${entry('[1]', '[0,4,8]')}}`, 4), /two whole numbers/],
  ['offsets huge', file(`{"a":${entry('[1]', '[0,9007199254740993]')}}`, 4), /two whole numbers/],
  ['offsets negative', file(`{"a":${entry('[1]', '[-4,0]')}}`, 4), /two whole numbers/],
  ['offsets reversed', file(`{"a":${entry('[1]', '[4,0]')}}`, 4), /begins at byte 4 and ends at 0/],
  ['out of range', file(`{"a":${entry('[2]', '[0,8]')}}`, 4), /ends at byte 8, the file has 4/],
  ['length wrong', file(`{"a":${entry('[2]', '[0,4]')}}`, 4), /8 bytes, but its offsets span 4/],
  [
    'overlap',
    file(`{"a":${entry('[2]', '[0,8]')},"b":${entry('[2]', '[4,12]')}}`, 12),
    /"b" begins at byte 4, inside one that ends at 8/,
  ],
  ['same bytes', file(`{"a":${one},"b":${one}}`, 4), /inside one/],
  ['hole', file(`{"a":${one},"b":${entry('[1]', '[8,12]')}}`, 12), /bytes 4 to 8, before tensor "b"/],
  ['hole at the start', file(`{"a":${entry('[1]', '[4,8]')}}`, 8), /bytes 0 to 4/],
  ['trailing bytes', file(`{"a":${one}}`, 5), /end at byte 4 of 5/],
];

for (const [title, bytes, pattern] of broken)
  test(`refused: ${title}`, () => refuses(title, () => readSafetensors(bytes, 'x.st'), pattern));

test('a tensor of another type of the format is refused when it is read', () => {
  const { tensors } = readSafetensors(file(`{"a":${entry('[4]', '[0,4]', '"F8_E4M3"')},"b":${entry('[1]', '[4,8]')}}`, 8), 'x.st');
  assert.is(tensors.get('b')!.bytes.length, 4);
  assert.throws(() => tensors.get('a')!.bytes, /^x\.st: tensor "a" has dtype "F8_E4M3", atrous reads F64/);
});

test('other ways to write the same JSON are read', () => {
  const header = `{ "a\\u003a\\"" : { "shape" : [ 1 ], "data_offsets":[ 0 , 4 ], "dtype":"\\u00463\\u0032" } }   `;
  assert.equal([...readSafetensors(file(header, 4), 'x').tensors.keys()], ['a:"']);
});

test('cut off at every length', () => {
  const bytes = writeSafetensors(sample, { a: 'b' });
  for (let n = 0; n < bytes.length; n++) refuses(`${n} bytes`, () => readSafetensors(bytes.subarray(0, n), 'x.st'), /^x\.st: /);
});

test('any single byte changed: read or refused', () => {
  const bytes = writeSafetensors(sample, { a: 'b' });
  for (let seed = 0; seed < 600; seed++) {
    const [where, what] = uniform(`safetensors mutation ${seed}`, 2);
    const mutant = bytes.slice();
    mutant[Math.floor(where * bytes.length)] = Math.floor(what * 256);
    try {
      for (const tensor of readSafetensors(mutant, 'x').tensors.values()) toFloat32(tensor);
    } catch (error) {
      assert.instance(error, AtrousError, `seed ${seed}: ${error}`);
    }
  }
});

async function refusesFile(bytes: Uint8Array, pattern: RegExp): Promise<void> {
  const outcome = await readWeights(bytes, 'x').catch((error: unknown) => error);
  judge(outcome, String(pattern), pattern);
}

test('the format is told by the content', async () => {
  const read = await readWeights(writeSafetensors(sample, { a: 'b' }), 'weights.pth');
  assert.equal([read.format, read.tensors.size, read.metadata.get('a')], ['safetensors', 5, 'b']);
  await refusesFile(new Uint8Array(0), /^x: is empty \(0 bytes\): neither a safetensors file, a PyTorch checkpoint/);
  await refusesFile(new TextEncoder().encode('<!DOCTYPE html>'), /is a web page/);
  await refusesFile(Uint8Array.of(0x89, 0x50, 0x4e, 0x47), /begins with 89 50 4e 47 \(\.PNG\)/);
  await refusesFile(file('{}', 0, 2n ** 40n), /claims 1099511627776 bytes/);
});

test.run();
