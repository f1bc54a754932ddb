// A checkpoint that does not fit its network is refused with all that is wrong in one sentence.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AtrousError } from '../../src/errors.ts';
import { checkTensors } from '../../src/weights/check.ts';
import type { Tensor } from '../../src/weights/tensor.ts';
import { encodeFloat16, fromFloat32 } from '../../src/weights/tensor.ts';

const expected = new Map([
  ['a.weight', [2, 2]],
  ['a.bias', [2]],
]);
const weight = fromFloat32([2, 2], Float32Array.of(1, 2, 3, 4));
const bias = fromFloat32([2], Float32Array.of(1, 2));
const counter: Tensor = { dtype: 'I64', shape: [], bytes: new Uint8Array(8) };

function refuses(entries: [string, Tensor][], pattern: RegExp): void {
  let outcome: unknown = 'accepted';
  try {
    checkTensors(new Map(entries), expected, 'x.pth');
  } catch (error) {
    outcome = error;
  }
  assert.instance(outcome, AtrousError, `${outcome}, expected ${pattern}`);
  assert.is((outcome as AtrousError).code, 'BAD_WEIGHTS');
  assert.match((outcome as AtrousError).message, /^x\.pth: /);
  assert.match((outcome as AtrousError).message, pattern);
}

test('what fits passes, with or without batch norm counters', () => {
  checkTensors(
    new Map([
      ['a.weight', weight],
      ['a.bias', bias],
    ]),
    expected,
    'x.pth',
  );
  checkTensors(
    new Map([
      ['a.num_batches_tracked', counter],
      ['a.bias', bias],
      ['a.weight', weight],
    ]),
    expected,
    'x.pth',
  );
});

test('missing, misshapen and unknown tensors', () => {
  refuses([['a.weight', weight]], /1 tensors do not fit the 2 expected: 1 missing \("a\.bias"\)/);
  refuses(
    [
      ['a.weight', weight],
      ['a.bias', weight],
    ],
    /1 of another shape \("a\.bias" is \[2, 2\], expected \[2\]\)/,
  );
  const many = Array.from({ length: 7 }, (_, i): [string, Tensor] => [`b${i}`, bias]);
  refuses([['a.weight', weight], ['a.bias', bias], ...many], /7 unknown \("b0", "b1", "b2" and 4 more\)/);
  refuses([['__proto__', bias]], /2 missing \("a\.weight" and 1 more\); 1 unknown \("__proto__"\)/);
  // Names and shapes come from files: the sentence stays one.
  const long: Tensor = { ...bias, shape: Array.from({ length: 1000 }, () => 1) };
  refuses(
    [
      ['a.bias', long],
      [`${'x'.repeat(1000)}.weight`, bias],
    ],
    /^.{1,300}$/,
  );
});

test('NaN and infinity, in every float type', () => {
  const cases: [Tensor, RegExp][] = [
    [fromFloat32([2], Float32Array.of(0, Number.NaN)), /"a\.bias" holds NaN at index 1/],
    [fromFloat32([2], Float32Array.of(Number.NEGATIVE_INFINITY, 0)), /holds -Infinity at index 0/],
    [{ dtype: 'F16', shape: [2], bytes: encodeFloat16(Float32Array.of(1, 1e9)) }, /holds Infinity at index 1/],
    [{ dtype: 'BF16', shape: [2], bytes: Uint8Array.of(0, 0, 0xc0, 0x7f) }, /holds NaN at index 1/],
    [{ dtype: 'F64', shape: [2], bytes: new Uint8Array(Float64Array.of(0, Number.NaN).buffer) }, /holds NaN at index 1/],
  ];
  for (const [tensor, pattern] of cases) {
    refuses(
      [
        ['a.weight', weight],
        ['a.bias', tensor],
      ],
      pattern,
    );
  }
});

test('a large tensor is checked in slabs, to its last value', () => {
  const values = new Float32Array(2 ** 21 + 5);
  const large = new Map([['a', [values.length]]]);
  const memory = new Uint8Array(values.byteLength + 1);
  for (const at of [2 ** 20, values.length - 1]) {
    memory.set(new Uint8Array(values.with(at, Number.NaN).buffer), 1);
    const tensor: Tensor = { dtype: 'F32', shape: [values.length], bytes: memory.subarray(1) };
    assert.throws(() => checkTensors(new Map([['a', tensor]]), large, 'x.pth'), new RegExp(`holds NaN at index ${at}:`));
  }
});

test.run();
