// Packed weights: blocks in the order in which the shaders meet them, as float32 or as halves, and biases that are float32 in both.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { builder } from '../../src/graph/build.ts';
import { constantReader, range } from '../../src/graph/constant.ts';
import type { NodeOf } from '../../src/graph/graph.ts';
import { biasOffset, packBlocks, pairs } from '../../src/kernels/blocks.ts';
import { kernelFor } from '../../src/kernels/index.ts';
import { expectedTensors } from '../../src/models/registry.ts';
import type { WeightStore } from '../../src/shader/source.ts';
import { seededTensor } from '../../src/weights/seeded.ts';
import { float16ToNumber, numberToFloat16, toFloat64 } from '../../src/weights/tensor.ts';

const bytesOf = { f32: 4, half: 2 } as const;

/** Weights and biases as a shader indexes them. */
function unpack(bytes: Uint8Array<ArrayBuffer>, weights: number, store: WeightStore) {
  const at = weights * bytesOf[store];
  const packed =
    store === 'half'
      ? Array.from(new Uint16Array(bytes.buffer, 0, weights), float16ToNumber)
      : Array.from(new Float32Array(bytes.buffer, 0, weights));
  return { packed, biases: [...new Float32Array(bytes.buffer, at)] };
}

/** A number that no other weight has, exact in half. */
const number = (o: number, i: number, tap: number): number => 1 + o + 13 * i + 104 * tap;
/** None of these is a half: an uneven one, one that would vanish, one that would be infinite. */
const bias = Float64Array.from({ length: 13 }, (_, n) => [0.1, 1e-9, -70000][n % 3] * (n + 1));

for (const store of ['f32', 'half'] as const) {
  test(`${store}: where every weight and bias lies`, () => {
    const [out, taps, inputs, inputQuads] = [13, 3, 6, 2];
    const asked: [number, number][] = [];
    const rows = (first: number, end: number) => {
      asked.push([first, end]);
      return (o: number, i: number, tap: number) => (i < inputs ? number(o, i, tap) : 0);
    };
    const bytes = packBlocks(out, taps, inputQuads, rows, bias, store);
    assert.equal(
      asked,
      [
        [0, 8],
        [8, 13],
      ],
      'eight channels at a time',
    );
    const weights = biasOffset(out, taps, inputQuads) * 4;
    assert.is(weights, 2 * taps * inputQuads * 32);
    assert.is(bytes.length, weights * bytesOf[store] + 16 * 4);
    const { packed, biases } = unpack(bytes, weights, store);
    const wanted = new Array(weights).fill(0);
    for (let o = 0; o < out; o++) {
      for (let i = 0; i < inputs; i++) {
        for (let tap = 0; tap < taps; tap++) {
          const block = ((Math.floor(o / 8) * taps + tap) * inputQuads + Math.floor(i / 4)) * 2 + (Math.floor(o / 4) % 2);
          wanted[block * 16 + (i % 4) * 4 + (o % 4)] = number(o, i, tap);
        }
      }
    }
    assert.equal(packed, wanted);
    assert.equal(biases, [...Float32Array.from(bias), 0, 0, 0]);
  });

  test(`${store}: without biases there are zeros`, () => {
    const bytes = packBlocks(4, 1, 1, () => () => 1, null, store);
    assert.equal(unpack(bytes, 32, store), {
      packed: [...new Array(16).fill(1), ...new Array(16).fill(0)],
      biases: new Array(8).fill(0),
    });
  });
}

test('half: weights are the nearest halves', () => {
  const values = [0.1, -1 / 3, 1 + 2 ** -11, 1e-9, -65504, 2 ** -24];
  const bytes = packBlocks(1, 1, 2, () => (_o, i) => values[i] ?? 0, null, 'half');
  const packed = new Uint16Array(bytes.buffer, 0, 64);
  assert.equal(
    values.map((_, i) => packed[Math.floor(i / 4) * 32 + (i % 4) * 4]),
    values.map(numberToFloat16),
  );
});

/** Node, and its kernel. */
function convolution(kernel: number, out: number): NodeOf<'conv'> {
  const b = builder('packed', { c: 5, h: 9, w: 9 });
  return b.graph([b.conv('conv', b.input, { in: 5, out, kernel, bias: true })]).nodes[0] as NodeOf<'conv'>;
}

for (const [kernel, name] of [
  [1, 'pointwise'],
  [3, 'conv'],
] as const) {
  test(`${name}: the parts of a convolution are packed as the whole is`, () => {
    const node = convolution(kernel, 27);
    assert.is(kernelFor(node).name, name);
    const graph = { name: 'packed', input: { c: 5, h: 9, w: 9 }, nodes: [node], outputs: ['conv'], aliases: new Map() };
    const tensors = new Map([...expectedTensors(graph)].map(([key, shape]) => [key, seededTensor(key, shape)]));
    const read = constantReader(tensors, toFloat64);
    const pack = (of: NodeOf<'conv'>, store: WeightStore): Uint8Array => {
      const { buffer } = kernelFor(of).pack!(of, read, store);
      return new Uint8Array(buffer);
    };
    for (const store of ['f32', 'half'] as const) {
      const whole = pack(node, store);
      const pairBytes = kernel * kernel * 2 * 32 * bytesOf[store];
      const biases = pairs(27) * pairBytes;
      for (const [from, to] of [
        [0, 8],
        [8, 24],
        [16, 27],
      ]) {
        const { weight, bias } = node.constants;
        const part = { ...node, constants: { weight: range(weight, from, to), bias: range(bias, from, to) } };
        const [first, end] = [from / 8, Math.ceil(to / 8)];
        assert.equal(
          pack(part, store),
          Uint8Array.from([
            ...whole.subarray(first * pairBytes, end * pairBytes),
            ...whole.subarray(biases + first * 32, biases + end * 32),
          ]),
          `channels ${from} to ${to} in ${store}`,
        );
      }
    }
  });
}

test.run();
