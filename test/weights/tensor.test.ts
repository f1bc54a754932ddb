// Number formats of checkpoints against their definitions, and the seeded weights against the fixtures' published values.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { seededTensor, uniform } from '../../src/weights/seeded.ts';
import type { Dtype, Tensor } from '../../src/weights/tensor.ts';
import {
  count,
  countChecked,
  encodeFloat16,
  float16ToNumber,
  fromFloat32,
  numberToFloat16,
  quote,
  show,
  toFloat32,
  toFloat32Range,
  toFloat64,
} from '../../src/weights/tensor.ts';

const halves: [number, number][] = [
  [0, 0],
  [-0, 0x8000],
  [1, 0x3c00],
  [-2, 0xc000],
  [65504, 0x7bff],
  [65519.99, 0x7bff],
  [65520, 0x7c00],
  [-1e30, 0xfc00],
  [2 ** -14, 0x0400],
  [2 ** -24, 0x0001],
  [2 ** -25, 0x0000],
  [1.5 * 2 ** -24, 0x0002],
  [2.5 * 2 ** -24, 0x0002],
  [1 + 2 ** -11, 0x3c00],
  [1 + 3 * 2 ** -11, 0x3c02],
  [1 + 2 ** -11 + 2 ** -40, 0x3c01],
  [2 - 2 ** -12, 0x4000],
  [2 ** -14 - 2 ** -26, 0x0400],
  [5e-324, 0],
];

test('numbers round to the nearest half, ties to even', () => {
  for (const [value, bits] of halves) assert.is(numberToFloat16(value), bits, `${value}`);
  assert.is(numberToFloat16(Number.NaN), 0x7e00);
});

test('all 65,536 halves survive the way there and back', () => {
  for (let bits = 0; bits < 65536; bits++) {
    const value = float16ToNumber(bits);
    if (Number.isNaN(value)) assert.is(bits & 0x7c00, 0x7c00);
    else if (numberToFloat16(value) !== bits)
      assert.unreachable(`0x${bits.toString(16)} came back as 0x${numberToFloat16(value).toString(16)}`);
  }
});

test('every type decodes, aligned or not', () => {
  const source: Record<Dtype, [ArrayBufferView, number[]]> = {
    F64: [Float64Array.of(1.5, -1e300), [1.5, Number.NEGATIVE_INFINITY]],
    F32: [Float32Array.of(0.1, -3), [Math.fround(0.1), -3]],
    F16: [Uint16Array.of(0x3c00, 0xfc00), [1, Number.NEGATIVE_INFINITY]],
    BF16: [Uint16Array.of(0x3f80, 0xc040), [1, -3]],
    I64: [BigInt64Array.of(-(2n ** 40n), 7n), [-(2 ** 40), 7]],
    I32: [Int32Array.of(-5, 2 ** 24 + 2), [-5, 2 ** 24 + 2]],
    I16: [Int16Array.of(-300, 300), [-300, 300]],
    I8: [Int8Array.of(-128, 127), [-128, 127]],
    U8: [Uint8Array.of(0, 255), [0, 255]],
    BOOL: [Uint8Array.of(0, 1), [0, 1]],
  };
  for (const [dtype, [view, expected]] of Object.entries(source) as [Dtype, [ArrayBufferView, number[]]][]) {
    for (const shift of [0, 1]) {
      const memory = new Uint8Array(view.byteLength + shift);
      memory.set(new Uint8Array(view.buffer), shift);
      const tensor: Tensor = { dtype, shape: [2, 1], bytes: memory.subarray(shift) };
      assert.equal([...toFloat32(tensor)], expected, `${dtype}, ${shift} bytes off`);
      assert.equal(toFloat64(tensor), Float64Array.from(expected), `${dtype}, ${shift} bytes off`);
      const ranges: [number, number][] = [
        [0, 2],
        [0, 1],
        [1, 2],
        [1, 1],
      ];
      for (const [from, to] of ranges)
        assert.equal([...toFloat32Range(tensor, from, to)], expected.slice(from, to), `${dtype}, ${from} to ${to}, ${shift} off`);
      assert.is(toFloat32(tensor).buffer === memory.buffer, dtype === 'F32' && shift === 0, `${dtype} a view, ${shift} bytes off`);
    }
  }
});

test('a range decodes no more than itself', () => {
  const values = Float32Array.from({ length: 1000 }, (_, i) => i - 500);
  const memory = new Uint8Array(values.byteLength + 1);
  memory.set(new Uint8Array(values.buffer), 1);
  const [aligned, shifted] = [fromFloat32([10, 100], values), { dtype: 'F32', shape: [1000], bytes: memory.subarray(1) } as const];
  assert.is(toFloat32Range(aligned, 200, 300).buffer, values.buffer, 'a view where the bytes happen to be');
  assert.is(toFloat32Range(shifted, 200, 300).buffer.byteLength, 400, 'a copy of the range alone');
  assert.equal(toFloat32Range(shifted, 999, 1000), Float32Array.of(499));
});

test('halves encode as a tensor', () => {
  const bytes = encodeFloat16(Float32Array.of(1, -2, 1e6));
  assert.equal([...bytes], [0x00, 0x3c, 0x00, 0xc0, 0x00, 0x7c]);
  assert.equal([...toFloat32({ dtype: 'F16', shape: [3], bytes })], [1, -2, Number.POSITIVE_INFINITY]);
});

test('claimed shapes count safely', () => {
  assert.is(countChecked([]), 1);
  assert.is(countChecked([2, 0, 5]), 0);
  for (const shape of [[-1], [1.5], ['3'], [null], [2 ** 53], [2 ** 30, 2 ** 30], [Number.NaN]]) {
    assert.ok(Number.isNaN(countChecked(shape)), show(shape));
  }
});

test('names and values from files are shown in one short line', () => {
  assert.is(quote('a\n\u001b[31m'), '"a\\n\\u001b[31m"');
  assert.ok(quote('x'.repeat(1000)).length < 100);
  const deep: unknown[] = [1];
  deep.push(deep);
  assert.is(show(deep), '[1, a list]');
  assert.is(show(undefined), 'nothing');
});

test('seeded weights equal the fixtures', () => {
  const first = [...uniform('input', 4)].map(u => u.toFixed(7));
  assert.equal(first, ['0.6430236', '0.9203446', '0.1919834', '0.2245270']);
  const u = uniform('x.weight', 18);
  assert.equal(
    toFloat32(seededTensor('x.weight', [1, 2, 3, 3])),
    u.map(v => (v - 0.5) * 2 * Math.sqrt(6 / 18)),
  );
  assert.equal(
    toFloat32(seededTensor('x.weight', [18])),
    u.map(v => 0.5 + v),
  );
  for (const [name, low, high] of [
    ['bn.running_var', 0.5, 1.5],
    ['bn.running_mean', -0.1, 0.1],
    ['bn.bias', -0.1, 0.1],
  ] as const) {
    const values = toFloat32(seededTensor(name, [1000]));
    assert.ok(
      Math.min(...values) >= low && Math.max(...values) <= high && Math.max(...values) - Math.min(...values) > 0.9 * (high - low),
      name,
    );
  }
  assert.is(count(seededTensor('a.bias', [3, 5]).shape), 15);
});

test.run();
