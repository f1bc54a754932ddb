// An ONNX file as safetensors: `convert` writes weights and what is done with them down for one size, and loading needs nothing that reads ONNX.
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AtrousError } from '../../src/errors.ts';
import { constantReader } from '../../src/graph/constant.ts';
import { decodeWeights, type LoadedWeights } from '../../src/load.ts';
import { run } from '../../src/reference/run.ts';
import { readSafetensors, writeSafetensors } from '../../src/weights/safetensors.ts';
import { uniform } from '../../src/weights/seeded.ts';
import { toFloat64 } from '../../src/weights/tensor.ts';
import { at, cli, complained, save } from '../cli/harness.ts';
import { longs, onnx, seeded } from './writer.ts';

const SIZE = { h: 12, w: 20 };
/** Its pad is a move, whose table of places must stay as it is. */
const model = save(
  'open.onnx',
  onnx({
    opset: 13,
    inputs: { image: [1, 3, 'h', 'w'] },
    outputs: ['scores'],
    nodes: [
      { op: 'Pad', inputs: ['image', 'pads'], outputs: ['wide'], attributes: { mode: 'reflect' } },
      { op: 'Conv', inputs: ['wide', 'w1', 'b1'], outputs: ['c1'] },
      { op: 'HardSwish', inputs: ['c1'], outputs: ['a1'] },
      { op: 'Conv', inputs: ['a1', 'w2'], outputs: ['scores'], attributes: { strides: [2, 2] } },
    ],
    initializers: {
      pads: longs('pads', [0, 0, 1, 1, 0, 0, 1, 1]),
      w1: seeded('w1', 40, 3, 3, 3),
      b1: seeded('b1', 40),
      w2: seeded('w2', 7, 40, 1, 1),
    },
  }),
);

const opened = (file: string): Promise<LoadedWeights> => decodeWeights(readFileSync(file), file, {});

function classesOf({ network, tensors }: LoadedWeights): Float64Array {
  const input = { c: 3, ...SIZE, data: Float64Array.from(uniform('picture', 3 * SIZE.h * SIZE.w), value => 4 * value - 2) };
  return run(network.build(SIZE), input, constantReader(tensors, toFloat64)).get('classes')!.data;
}

for (const precision of ['f32', 'f16'] as const) {
  test(`${precision}: the same classes, with a card and a self-test`, async () => {
    const target = at(`${precision}.safetensors`);
    const words = ['-o', target, '--size', `${SIZE.h}x${SIZE.w}`, '--precision', precision];
    const { code, err } = await cli('convert', model, ...words);
    assert.is(code, 0, err);
    const [truth, got] = [classesOf(await opened(model)), classesOf(await opened(target))];
    const wrong = got.filter((value, n) => value !== truth[n]).length;
    assert.ok(wrong <= (precision === 'f32' ? 0 : 4), `${wrong} classes differ`);
    assert.ok(new Set(truth).size > 3);
    const { card, network } = await opened(target);
    assert.equal([card.model, card.classes.length, card.source!.file], ['open', 7, 'open.onnx']);
    assert.equal([card.check!.height, card.check!.width], [SIZE.h, SIZE.w]);
    assert.ok(card.check!.agreement >= 0.9 && card.check!.agreement <= 0.99);
    assert.equal(network.inside!({ h: 99, w: 99 }, null), SIZE);
    assert.throws(() => network.inside!(SIZE, { h: 24, w: 40 }), /was converted at 12x20/);
  });
}

test('halves take half the room, but for biases and tables', () => {
  const [whole, half] = ['f32', 'f16'].map(name => readSafetensors(readFileSync(at(`${name}.safetensors`)), name).tensors);
  assert.equal([...whole.keys()].sort(), [...half.keys()].sort());
  const types = [...half].map(([name, { dtype }]) => `${name} ${dtype}`);
  assert.equal(
    types.filter(text => text.endsWith('F16')),
    ['w1 F16', 'w2 F16'],
  );
});

test('a size must be said, once', async () => {
  const { code, err } = await cli('convert', model, '-o', at('x.safetensors'));
  assert.is(code, 2);
  assert.match(err, /runs at many sizes.*--size HxW/);
  complained(await cli('convert', model, '-o', at('x.safetensors'), '-m', 'regseg'), 2, '--model regseg', 'leave it out');
});

interface Stored {
  readonly core: { readonly nodes: readonly object[] };
}

const damages: [title: string, change: (topology: Stored) => unknown, message: RegExp][] = [
  ['another version', topology => ({ ...topology, version: 2 }), /of version 2/],
  ['no JSON', () => undefined, /can't be used/],
  [
    'an operation that is none',
    ({ core, ...rest }) => ({ ...rest, core: { ...core, nodes: [{ ...core.nodes[0], op: 'toString' }] } }),
    /can't be used/,
  ],
  ['a tensor that is not there', topology => JSON.parse(JSON.stringify(topology).replaceAll('"w2"', '"w3"')), /"w3" is missing/],
  [
    'a map without end',
    topology => JSON.parse(JSON.stringify(topology).replace(/"strides?":(2|\[2,2\])/, '"stride":0,"strides":[0,0]')),
    /can't be used/,
  ],
  ['a size of its own', topology => ({ ...topology, size: { h: 13, w: 20 } }), /its size or its end is another/],
];
for (const [title, change, message] of damages) {
  test(`refused: ${title}`, async () => {
    const { tensors, metadata } = readSafetensors(readFileSync(at('f32.safetensors')), 'f32');
    const topology = JSON.stringify(change(JSON.parse(metadata.get('atrous.topology')!))) ?? '{';
    const bytes = writeSafetensors(tensors, { atrous: metadata.get('atrous')!, 'atrous.topology': topology });
    try {
      await decodeWeights(bytes, 'bad.safetensors', {});
    } catch (error) {
      assert.instance(error, AtrousError);
      assert.equal(
        [(error as AtrousError).code, message.test((error as AtrousError).message)],
        ['BAD_WEIGHTS', true],
        String(error),
      );
      return;
    }
    assert.unreachable('it was loaded');
  });
}

test.run();
