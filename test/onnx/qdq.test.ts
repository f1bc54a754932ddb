// Networks that were quantised before (QuantizeLinear, DequantizeLinear): in int8 they run in the codes that the file gives their maps, within a step of what it says.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { scaleOf } from '../../src/graph/codes.ts';
import { constantReader } from '../../src/graph/constant.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { checkPrecision, decodeWeights } from '../../src/load.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { fuse } from '../../src/passes/index.ts';
import { prepared, toCodes } from '../../src/passes/int8.ts';
import { fromQdq } from '../../src/passes/qdq.ts';
import { run } from '../../src/reference/run.ts';
import { uniform } from '../../src/weights/seeded.ts';
import { toFloat64 } from '../../src/weights/tensor.ts';
import { at, cli, complained, save } from '../cli/harness.ts';
import { limited, planOf } from '../passes/check.ts';
import { shared } from '../shared.ts';
import { bytes, int, ints, text } from '../weights/protobuf.ts';
import { manifest, tasks } from './networks.ts';
import { longs, type NodeSpec, numbers, onnx } from './writer.ts';

const [SIZE, SCALE] = [{ h: 16, w: 24 }, 0.02];
const scalar = (value: number) => numbers([], () => value);
/** TensorProto of bytes. */
const whole = (type: 2 | 3, name: string, shape: readonly number[], values: readonly number[]) => [
  ...ints(1, shape, false),
  int(2, type),
  text(8, name),
  bytes(
    9,
    Uint8Array.from(values, value => value & 255),
  ),
];
/** Of a file quantised a tensor at a time: the largest of most rows is not the largest code. */
const weight = (name: string, ...shape: number[]) =>
  whole(
    3,
    name,
    shape,
    Array.from(
      uniform(
        name,
        shape.reduce((a, b) => a * b),
      ),
      value => Math.round((value - 0.5) * 100),
    ),
  );

/** A value rounded and back: what `name` is called then is `name.q`. */
const rounded = (name: string, zero: string): NodeSpec[] => [
  { op: 'QuantizeLinear', inputs: [name, 'scale', zero], outputs: [`${name}.whole`] },
  { op: 'DequantizeLinear', inputs: [`${name}.whole`, 'scale', zero], outputs: [`${name}.q`] },
];
const conv = (x: string, w: string, y: string): NodeSpec[] => [
  { op: 'DequantizeLinear', inputs: [w, `${w}.scale`, 'zero.i8'], outputs: [`${w}.real`] },
  { op: 'Conv', inputs: [x, `${w}.real`], outputs: [y], attributes: { pads: [1, 1, 1, 1] } },
];

/** What is left out before `c1` is a ReLU: its zero is the lowest code. `c2` is added to it, rounded first. */
const file = onnx({
  opset: 13,
  inputs: { image: [1, 3, SIZE.h, SIZE.w] },
  outputs: ['scores.q'],
  nodes: [
    ...rounded('image', 'middle'),
    ...conv('image.q', 'w1', 'c1'),
    ...rounded('c1', 'lowest'),
    ...conv('c1.q', 'w2', 'c2'),
    ...rounded('c2', 'middle'),
    { op: 'Relu', inputs: ['c2.q'], outputs: ['a2'] },
    ...rounded('a2', 'lowest'),
    { op: 'Add', inputs: ['a2.q', 'c1.q'], outputs: ['s'] },
    ...rounded('s', 'lowest'),
    ...conv('s.q', 'w3', 'scores'),
    ...rounded('scores', 'middle'),
  ],
  initializers: {
    scale: scalar(SCALE),
    ...{ 'w1.scale': scalar(0.003), 'w2.scale': scalar(0.0015), 'w3.scale': scalar(0.004) },
    ...{ lowest: whole(2, 'lowest', [], [0]), middle: whole(2, 'middle', [], [120]), 'zero.i8': whole(3, 'zero.i8', [], [0]) },
    ...{ w1: weight('w1', 8, 3, 3, 3), w2: weight('w2', 8, 8, 3, 3), w3: weight('w3', 5, 8, 3, 3) },
  },
});
const model = save('qdq.onnx', file);

const coded = (graph: Graph): Graph => {
  const { graph: plain, codes } = fromQdq(graph);
  return toCodes(prepared(plain, [...codes.keys()]), { of: value => codes.get(value) ?? null, fixed: true });
};

test('weights that are codes stay these, whatever their largest is', () => {
  const near = (found: number, wanted: number) => assert.ok(Math.abs(found / wanted - 1) < 1e-6, `${found}`);
  near(scaleOf(Float64Array.from([-1, 3, 83, 49, -7], code => Math.fround(code * 0.013))), 0.013);
  near(scaleOf(Float64Array.from([-1, 3, 127, 49], code => Math.fround(code * 0.013))), 0.013);
  near(scaleOf(Float64Array.from([-128, 127, 3, -50], code => Math.fround(code * 0.013))), 0.013);
  near(scaleOf(Float64Array.of(-1, 1, 0.3331)), 1 / 127);
  near(scaleOf(Float64Array.of(0.1234, 0.5, -0.77, 0.3331, 0.091)), 0.77 / 127);
  assert.is(scaleOf(new Float64Array(3)), 0);
});

test('every map of a quantised file is in its codes, and the result within a step of it', () => {
  const { graph, tensors } = importOnnx(readOnnx(file, 'qdq'), new Map([['image', [1, 3, SIZE.h, SIZE.w]]]));
  const inCodes = coded(graph);
  const kinds = inCodes.nodes.map(({ op }) => op);
  assert.equal(kinds, ['quantise', 'qconv', 'qconv', 'qadd', 'qadd', 'qconv', 'dequantise']);
  const picture = { c: 3, ...SIZE, data: Float64Array.from(uniform('picture', 3 * SIZE.h * SIZE.w), value => 4 * value - 2) };
  const [truth, got] = [graph, inCodes].map(each => [...run(each, picture, constantReader(tensors, toFloat64)).values()][0].data);
  const worst = got.reduce((most, value, n) => Math.max(most, Math.abs(value - truth[n])), 0);
  assert.ok(worst <= 1.001 * SCALE, `${worst / SCALE} steps`);
  assert.ok(new Set(truth).size > 50, `${new Set(truth).size} values`);
});

test('not rounded by `half`, which another code here and there would come of: that is float32', () => {
  const { graph } = importOnnx(readOnnx(file, 'qdq'), new Map([['image', [1, 3, SIZE.h, SIZE.w]]]));
  const [half, f32] = (['half', 'f32'] as const).map(precision => {
    const target = limited(2 ** 20, precision);
    return planOf(fuse(graph, target), target);
  });
  assert.equal([half.precision, half.hash], ['f32', f32.hash]);
});

test('a pad below zero is cut by the codes behind it, whatever a ReLU left before', () => {
  const padded = onnx({
    opset: 13,
    inputs: { image: [1, 4, 2, 3] },
    outputs: ['y'],
    nodes: [
      { op: 'Relu', inputs: ['image'], outputs: ['a'] },
      ...rounded('a', 'lowest'),
      { op: 'Pad', inputs: ['a.q', 'pads', 'below'], outputs: ['p'] },
      ...rounded('p', 'lowest'),
      { op: 'Add', inputs: ['p.q', 'scale'], outputs: ['y'] },
    ],
    initializers: {
      ...{ scale: scalar(SCALE), lowest: whole(2, 'lowest', [], [0]) },
      ...{ pads: longs('pads', [0, 0, 1, 1, 0, 0, 1, 1]), below: scalar(-1) },
    },
  });
  const { graph, tensors } = importOnnx(readOnnx(padded, 'padded'), new Map([['image', [1, 4, 2, 3]]]));
  const picture = { c: 4, h: 2, w: 3, data: Float64Array.from(uniform('picture', 24), value => 4 * value - 2) };
  const [truth, got] = [graph, fromQdq(graph).graph].map(
    each => [...run(each, picture, constantReader(tensors, toFloat64)).values()][0].data,
  );
  for (const data of [truth, got]) assert.is(Math.min(...data), Math.fround(SCALE));
});

test('loaded, and written down, in int8 alone where that is asked for', async () => {
  const kindsOf = async (path: string, precision?: 'int8') => {
    const loaded = await decodeWeights(readFileSync(path), path, { precision });
    return { loaded, kinds: new Set(loaded.network.build(SIZE).nodes.map(({ op }) => op)) };
  };
  const { loaded, kinds } = await kindsOf(model, 'int8');
  checkPrecision(loaded, model, 'int8');
  assert.equal([loaded.stated, kinds.has('qconv'), kinds.has('conv')], ['int8', true, false]);
  const usual = await kindsOf(model);
  checkPrecision(usual.loaded, model, 'f32');
  assert.equal([usual.kinds.has('qconv'), usual.kinds.has('conv')], [false, true]);
  const { code, err } = await cli('convert', model, '-o', at('qdq.safetensors'), '--precision', 'int8');
  assert.is(code, 0, err);
  const stored = await kindsOf(at('qdq.safetensors'));
  assert.equal([stored.loaded.card.int8, [...stored.kinds]], [{ maps: {}, pictures: 0 }, [...kinds]]);
  complained(
    await cli('convert', model, '-o', at('x.safetensors'), '--precision', 'int8', '--calibrate', at('')),
    2,
    'leave it out',
  );
});

test('what is not quantised is told what to do', async () => {
  const plain = save(
    'plain.onnx',
    onnx({ inputs: { x: [1, 3, 8, 8] }, outputs: ['y'], nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }] }),
  );
  complained(await cli('convert', plain, '-o', at('x.safetensors'), '--precision', 'int8'), 2, 'no int8 codes', '--calibrate DIR');
});

const folder = shared('onnx/networks', 'a whole quantised network beside its float64 outputs');
if (folder) {
  test('STDC1, quantised after every step: 99 of 100 classes as the file says exactly', async () => {
    const entry = manifest(folder).find(({ name }) => name === 'stdc1seg_qdq')!;
    for (const task of await tasks(folder, entry)) {
      await task.judge(async ({ graph, tensors }, given) => {
        const [first] = given.values();
        const [truth, got] = [graph, coded(graph)].map(each => run(each, first, constantReader(tensors, toFloat64)));
        for (const [name, { c, h, w, data }] of got) {
          assert.is(c, 2);
          const second = (scores: Float64Array, pixel: number): boolean => scores[h * w + pixel] > scores[pixel];
          const wrong = data
            .subarray(h * w)
            .filter((_, pixel) => second(data, pixel) !== second(truth.get(name)!.data, pixel)).length;
          assert.ok(wrong <= 0.01 * h * w, `${join(entry.name, name)}: ${wrong} of ${h * w}`);
        }
        return got;
      });
    }
  });
}

test.run();
