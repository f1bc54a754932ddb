// ONNX files as bytes: what is read of them, and what the peers get instead. The bytes are written here from the wire format alone.
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CLASSES, forPeers, readOnnx } from '../../bench/onnx.ts';
import { shared } from '../shared.ts';

type Part = readonly number[];
const length = (n: number): Part => (n < 128 ? [n] : [(n & 127) | 128, n >> 7]);
const message = (id: number, ...parts: Part[]): Part => [(id << 3) | 2, ...length(parts.flat().length), ...parts.flat()];
const text = (id: number, value: string): Part => message(id, [...Buffer.from(value)]);
const number = (id: number, value: number): Part => [...length(id << 3), ...length(value)];
const port = (id: number, name: string, ...shape: (number | string)[]): Part => {
  const dims = shape.map(size => message(1, typeof size === 'number' ? number(1, size) : text(2, size)));
  return message(id, text(1, name), message(2, message(1, number(1, 1), message(2, ...dims))));
};
const node = (type: string, inputs: string[], outputs: string[], ...attributes: Part[]): Part =>
  message(
    1,
    ...inputs.map(name => text(1, name)),
    ...outputs.map(name => text(2, name)),
    text(3, `${outputs[0]}_node`),
    text(4, type),
    ...attributes,
  );
const constant = (name: string, value: number): Part =>
  node(
    'Constant',
    [],
    [name],
    message(5, text(1, 'value'), message(5, number(2, 7), message(9, [value, 0, 0, 0, 0, 0, 0, 0])), number(20, 4)),
  );
const file = (opset: number, ...graph: Part[]): Uint8Array =>
  Uint8Array.from([...number(1, 8), ...message(8, text(1, ''), number(2, opset)), ...message(7, ...graph)]);

const sequence = [
  constant('zero', 0),
  constant('one', 1),
  node('SplitToSequence', ['x', 'sizes'], ['parts'], message(5, text(1, 'axis'), number(3, 1), number(20, 2))),
  node('SequenceAt', ['parts', 'zero'], ['left']),
  node('SequenceAt', ['parts', 'one'], ['right']),
  node('Add', ['left', 'right'], ['scores']),
];
const ports = [port(11, 'x', 1, 3, 300, 512), port(12, 'scores', 1, 19, 300, 512)];

/** Words in the bytes, in order. */
const has = (bytes: Uint8Array, word: string): number => Buffer.from(bytes).toString('latin1').split(word).length - 1;

test('input and output, initializers left out, open sizes null', () => {
  const plain = file(16, ...ports);
  assert.equal(readOnnx(plain, 'a.onnx'), {
    input: { name: 'x', shape: [1, 3, 300, 512] },
    output: { name: 'scores', shape: [1, 19, 300, 512] },
  });
  const old = file(16, message(5, text(8, 'w')), port(11, 'w', 8, 3, 1, 1), port(11, 'x', 1, 3, 'h', 'w'), ports[1]);
  assert.equal(readOnnx(old, 'a.onnx').input, { name: 'x', shape: [1, 3, null, null] });
});

test('what is no such file is refused by name', () => {
  const refused = (bytes: Uint8Array, why: RegExp): void => assert.throws(() => readOnnx(bytes, 'a.onnx'), why);
  refused(new Uint8Array(), /--onnx a\.onnx: it holds no graph/);
  refused(file(16, ...ports).subarray(0, 40), /a\.onnx: it is damaged, or no ONNX/);
  refused(new TextEncoder().encode('PK\u0003\u0004 a zip'), /a\.onnx: it/);
  refused(file(16, ports[0]), /1 inputs and 0 outputs/);
  refused(file(16, ports[0], port(11, 'y', 1), ports[1]), /2 inputs and 1 outputs/);
  refused(file(16, port(11, 'x', 1, 3), ports[1]), /"x" has 2 axes/);
});

test('an ArgMax behind the output, which stays', () => {
  const bytes = file(16, ...ports);
  const more = forPeers(bytes, readOnnx(bytes, 'a.onnx'));
  assert.equal([has(more, 'ArgMax'), has(more, CLASSES), has(more, 'keepdims')], [1, 3, 1]);
  assert.equal(readOnnx(more, 'a.onnx'), readOnnx(bytes, 'a.onnx'), 'of several outputs the first counts');
});

test('sequences of all parts become Split; others stay', () => {
  const rewritten = (opset: number, graph: Part[]): Uint8Array => {
    const bytes = file(opset, ...graph, ...ports);
    return forPeers(bytes, readOnnx(bytes, 'a.onnx'));
  };
  const split = rewritten(16, sequence);
  assert.equal(
    [has(split, 'SplitToSequence'), has(split, 'SequenceAt'), has(split, 'Split'), has(split, 'num_outputs')],
    [0, 0, 1, 0],
  );
  // Its input and both outputs, in this order, and the axis.
  const words = Buffer.from(split)
    .toString('latin1')
    .replace(/[^a-z_]+/gi, ' ');
  assert.match(words, / x left right parts_node Split axis /);
  assert.is(has(rewritten(18, sequence), 'num_outputs'), 1);
  const swapped = [...sequence.slice(0, 3), sequence[4], sequence[3], sequence[5]];
  assert.equal(has(rewritten(16, swapped), 'SequenceAt'), 2, 'parts in another order');
  assert.equal(has(rewritten(16, [...sequence.slice(1)]), 'SequenceAt'), 2, 'a part whose number is unknown');
  assert.equal(has(rewritten(16, [...sequence, node('SequenceLength', ['parts'], ['n'])]), 'SequenceAt'), 2, 'another reader');
});

test('the exported network: no sequence is left', () => {
  const path = shared('onnx/regseg_128x256.onnx', 'only ONNX files of this test are rewritten');
  if (!path) return;
  const bytes = readFileSync(path);
  const found = readOnnx(bytes, 'regseg');
  assert.equal(
    [found.input.shape, found.output.shape],
    [
      [1, 3, 128, 256],
      [1, 19, 128, 256],
    ],
  );
  assert.is(has(bytes, 'SplitToSequence') > 0, true);
  assert.equal(
    ['SplitToSequence', 'SequenceAt'].map(word => has(forPeers(bytes, found), `"\u000f${word}`)),
    [0, 0],
  );
});

test.run();
