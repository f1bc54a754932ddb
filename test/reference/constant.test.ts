// Constants over a checkpoint: what a range of output channels reads, and that it decodes no more than that.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Constant, constantReader, printConstant, range, shapeOf, tensorsOf } from '../../src/graph/constant.ts';
import { seededTensor } from '../../src/weights/seeded.ts';
import { count, encodeFloat16, fromFloat32, type Tensor, toFloat32, toFloat64 } from '../../src/weights/tensor.ts';

const norm = { name: 'bn', channels: 6, epsilon: 1e-5 };
const weight: Constant = { kind: 'tensor', name: 'conv.weight', shape: [6, 2, 3, 3] };
const other: Constant = { kind: 'tensor', name: 'other.weight', shape: [4, 2, 3, 3] };
const bias: Constant = { kind: 'tensor', name: 'conv.bias', shape: [6] };
const scaled: Constant = { kind: 'scaled', of: weight, norm };
const stack: Constant = { kind: 'stack', parts: [scaled, other] };
const shift: Constant = { kind: 'shift', norm, bias };
const sum: Constant = { kind: 'sum', parts: [shift, bias] };
const all: readonly Constant[] = [weight, bias, scaled, { kind: 'scale', norm }, shift, stack, sum];

const tensors = new Map(all.flatMap(tensorsOf).map(([name, shape]) => [name, seededTensor(name, shape)]));
const read = constantReader(tensors, toFloat64);

/** Reads a constant; the numbers that were decoded for it, by the size of their first axis and of the rest. */
function decoded(constant: Constant): number[][] {
  const shapes: number[][] = [];
  const reader = constantReader(tensors, (tensor: Tensor) => {
    assert.is(tensor.bytes.length, count(tensor.shape) * 4);
    shapes.push([...tensor.shape]);
    return toFloat64(tensor);
  });
  assert.equal(reader(constant), read(constant));
  return shapes;
}

for (const constant of all) {
  test(`every range of ${printConstant(constant)}`, () => {
    const [out, ...rest] = shapeOf(constant);
    const whole = read(constant);
    assert.is(whole.length, out * count(rest));
    for (let from = 0; from < out; from++) {
      for (let to = from + 1; to <= out; to++) {
        const part = range(constant, from, to);
        assert.equal(shapeOf(part), [to - from, ...rest]);
        assert.equal(read(part), whole.slice(from * count(rest), to * count(rest)), printConstant(part));
        assert.equal(tensorsOf(part), tensorsOf(constant));
        // A range of all of it is no range.
        assert.is(part.kind === 'range', to - from < out);
      }
    }
  });
}

test('a range of a range is a range of what lies below', () => {
  const inner = range(scaled, 1, 5);
  const part = range(inner, 1, 3);
  assert.equal(part, { kind: 'range', of: scaled, from: 2, to: 4 });
  assert.is(printConstant(part), 'conv.weight·bn[2:4]');
  assert.equal(read(part), read(scaled).slice(2 * 18, 4 * 18));
  assert.equal(range(inner, 0, 4), inner);
});

test('of a tensor only the range is decoded', () => {
  assert.equal(decoded(weight), [[6, 2, 3, 3]]);
  assert.equal(decoded(range(weight, 2, 3)), [[1, 2, 3, 3]]);
  assert.equal(decoded(range(bias, 4, 6)), [[2]]);
});

test('of a tensor under a batch norm too: the norm has a number a channel', () => {
  const norms = [[6], [6]];
  assert.equal(decoded(range(scaled, 2, 3)), [...norms, [1, 2, 3, 3]]);
  const twice: Constant = { kind: 'scaled', of: scaled, norm };
  assert.equal(decoded(range(twice, 5, 6)), [...norms, ...norms, [1, 2, 3, 3]]);
});

test('halves and views at odd addresses', () => {
  const values = toFloat32(seededTensor('conv.weight', [6, 2, 3, 3]));
  const half: Tensor = { dtype: 'F16', shape: [6, 2, 3, 3], bytes: encodeFloat16(values) };
  const shifted = new Uint8Array(values.byteLength + 1);
  shifted.set(new Uint8Array(values.buffer), 1);
  const odd: Tensor = { ...fromFloat32([6, 2, 3, 3], values), bytes: shifted.subarray(1) };
  for (const tensor of [half, odd]) {
    const reader = constantReader(new Map([['conv.weight', tensor]]), toFloat64);
    assert.equal(reader(range(weight, 2, 5)), Float64Array.from(toFloat32(tensor).slice(2 * 18, 5 * 18)), tensor.dtype);
  }
});

test('a tensor that is missing is named', () => {
  const reader = constantReader(new Map(), toFloat64);
  for (const constant of [weight, range(weight, 1, 2)])
    assert.throws(() => reader(constant), /^tensor "conv\.weight" is missing from the weights$/);
});

test.run();
