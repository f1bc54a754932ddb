// Imported networks in int8: `convert` finds the codes of their maps on pictures, what has no integer kernel stays in numbers, and what is loaded is what the
// integer twins make.
import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { audit } from '../../src/audit.ts';
import { createEngine, destroyEngine } from '../../src/gpu/executor.ts';
import { constantReader } from '../../src/graph/constant.ts';
import { checkPrecision, decodeWeights, type LoadedWeights } from '../../src/load.ts';
import { fileLibrary } from '../../src/node/shader-files.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { prepared, toCodes } from '../../src/passes/int8.ts';
import { run } from '../../src/reference/run.ts';
import { readSafetensors } from '../../src/weights/safetensors.ts';
import { uniform } from '../../src/weights/seeded.ts';
import { toFloat64 } from '../../src/weights/tensor.ts';
import { at, cli, complained, save, savePicture } from '../cli/harness.ts';
import { deviceJudge } from '../judges.ts';
import { sat } from '../record.ts';
import { longs, numbers, onnx, seeded } from './writer.ts';

const SIZE = { h: 24, w: 40 };
/** Convolutions, one of them depthwise with a ReLU6, around a reflecting pad, which no integer kernel makes. */
const model = save(
  'mixed.onnx',
  onnx({
    opset: 13,
    inputs: { image: [1, 3, 'h', 'w'] },
    outputs: ['scores'],
    nodes: [
      { op: 'Conv', inputs: ['image', 'w1', 'b1'], outputs: ['c1'], attributes: { pads: [1, 1, 1, 1] } },
      { op: 'Relu', inputs: ['c1'], outputs: ['a1'] },
      { op: 'Conv', inputs: ['a1', 'w4'], outputs: ['c4'], attributes: { pads: [1, 1, 1, 1], group: 16 } },
      { op: 'Clip', inputs: ['c4', 'low', 'high'], outputs: ['a4'] },
      { op: 'Conv', inputs: ['a4', 'w2', 'b1'], outputs: ['c2'], attributes: { pads: [1, 1, 1, 1], group: 2 } },
      { op: 'Add', inputs: ['c2', 'a1'], outputs: ['s2'] },
      { op: 'Pad', inputs: ['s2', 'pads'], outputs: ['wide'], attributes: { mode: 'reflect' } },
      { op: 'Conv', inputs: ['wide', 'w3'], outputs: ['scores'], attributes: { strides: [2, 2] } },
    ],
    initializers: {
      pads: longs('pads', [0, 0, 1, 1, 0, 0, 1, 1]),
      low: numbers([], () => 0),
      high: numbers([], () => 6),
      w4: seeded('w4', 16, 1, 3, 3),
      w1: seeded('w1', 16, 3, 3, 3),
      b1: seeded('b1', 16),
      w2: seeded('w2', 16, 8, 3, 3),
      w3: seeded('w3', 7, 16, 3, 3),
    },
  }),
);

const opened = (file: string): Promise<LoadedWeights> => decodeWeights(readFileSync(file), file, {});

function classesOf({ network, tensors }: LoadedWeights): Float64Array {
  const input = { c: 3, ...SIZE, data: Float64Array.from(uniform('picture', 3 * SIZE.h * SIZE.w), value => 4 * value - 2) };
  return run(network.build(SIZE), input, constantReader(tensors, toFloat64)).get('classes')!.data;
}

const device = await deviceJudge();
if (device) {
  mkdirSync(at('pictures'));
  for (const name of ['a.png', 'b.png']) renameSync(await savePicture(name, 30, 44), at('pictures', name));
  const target = at('mixed.safetensors');
  const words = ['--size', `${SIZE.h}x${SIZE.w}`, '--precision', 'int8', '--calibrate', at('pictures')];

  test('an ONNX file in int8: weights in codes, tables as they are, ranges and agreement in the card', async () => {
    const { code, err } = await cli('convert', model, '-o', target, ...words);
    assert.is(code, 0, err);
    const { tensors } = readSafetensors(readFileSync(target), target);
    const types = Object.fromEntries([...tensors].map(([name, { dtype }]) => [name, dtype]));
    assert.equal(
      ['w1', 'w1.scale', 'b1', 'wide.channels'].map(name => types[name]),
      ['I8', 'F16', 'F16', 'F32'],
    );
    const { card } = await opened(target);
    assert.is(card.int8!.pictures, 2);
    assert.ok(card.int8!.agreement! > 0.97 && card.int8!.agreement! <= 1, `${card.int8!.agreement}`);
    assert.equal(Object.keys(card.int8!.maps).sort(), ['a1', 'a4', 'input', 'wide']);
    assert.ok(card.check!.agreement >= 0.9);
  });

  test('its graph is mixed, with the classes of the float32 network', async () => {
    const coded = await opened(target);
    checkPrecision(coded, target, 'int8');
    assert.throws(() => checkPrecision(coded, target, 'f32'), /int8 alone/);
    const kinds = coded.network.build(SIZE).nodes.map(({ op }) => op);
    assert.equal(kinds, [
      'quantise',
      'qconv',
      'qconv',
      'qconv',
      'dequantise',
      'add',
      'move',
      'quantise',
      'qconv',
      'resize',
      'argmax',
    ]);
    const [truth, got] = [classesOf(await opened(model)), classesOf(coded)];
    const same = got.filter((value, n) => value === truth[n]).length / got.length;
    assert.ok(same > 0.95, `${same}`);
    assert.ok(new Set(truth).size > 3);
  });

  test('a device makes what the integer twins made when it was converted', async () => {
    const loaded = await opened(target);
    const engine = createEngine(device.device, fileLibrary());
    const read = constantReader(loaded.tensors, toFloat64);
    const held = await audit({ engine, facts: device.facts, ...loaded, precision: 'f32', variants: 'auto', read });
    assert.ok(held!.agreement > 0.995, `${held!.agreement}`);
    destroyEngine(engine);
    sat('device', device.who);
  });

  test('between bars: the tables around a picture are not the file’s', async () => {
    save('boxed.onnx', readFileSync(model));
    save('boxed.card.json', JSON.stringify({ preprocessing: { resize: 'letterbox' } }));
    const { code, err } = await cli('convert', at('boxed.onnx'), '-o', at('boxed.safetensors'), ...words);
    assert.is(code, 0, err);
    assert.ok((await opened(at('boxed.safetensors'))).card.int8!.agreement! > 0.97);
  });
}

test('two channels to one in each group: no kernel of codes has that', () => {
  const nodes = [{ op: 'Conv', inputs: ['image', 'w'], outputs: ['y'], attributes: { group: 4 } }];
  const file = onnx({ inputs: { image: [1, 8, 6, 6] }, outputs: ['y'], nodes, initializers: { w: seeded('pairs', 4, 2, 3, 3) } });
  const { graph } = importOnnx(readOnnx(file, 'pairs'), new Map([['image', [1, 8, 6, 6]]]));
  const coded = toCodes(prepared(graph), { of: () => ({ scale: 0.02, zero: 0 }) });
  assert.equal(
    coded.nodes.map(({ op }) => op),
    ['conv'],
  );
});

test('an ONNX file is in numbers whatever the card beside it says, and int8 needs pictures', async () => {
  const { card, stated } = await decodeWeights(readFileSync(model), model, { card: { int8: { maps: {}, pictures: 0 } } });
  assert.equal([card.int8, stated], [undefined, undefined]);
  complained(await cli('convert', model, '-o', at('x.safetensors'), '--precision', 'int8'), 2, '--calibrate DIR');
});

test.after(() => device?.close());
test.run();
