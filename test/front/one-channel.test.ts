// The front door of networks with a single channel of scores, and the probabilities of any, on a network of one convolution whose scores are known.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AtrousError, ErrorCode } from '../../src/errors.ts';
import { nodeDevice, shaderLibrary } from '../../src/node/engine.ts';
import { field } from '../../src/reference/field.ts';
import { pointwise } from '../../src/reference/pointwise.ts';
import { softmax } from '../../src/reference/softmax.ts';
import { type Parts, type Pixels, Segmenter, type SegmentOptions } from '../../src/segmenter.ts';
import { seededTensor, uniform } from '../../src/weights/seeded.ts';
import { fromFloat32, toFloat32 } from '../../src/weights/tensor.ts';
import { network, parts } from './tiny.ts';

const library = await shaderLibrary();
let compiled = 0;
const device = await nodeDevice().then(
  ({ device }) => device,
  error => console.log(`skipped: no adapter: ${error.message}`),
);
const gpu = device ? test : test.skip;
if (device) {
  const compile = device.createComputePipelineAsync.bind(device);
  device.createComputePipelineAsync = descriptor => {
    compiled++;
    return compile(descriptor);
  };
}
test.after(() => device?.destroy());

/** The score is the pixel's red, from -1 to 1. */
function single(activation?: 'none'): Pick<Parts, 'network' | 'tensors' | 'card'> {
  const tensors = new Map([
    ['classifier.weight', fromFloat32([1, 3, 1, 1], Float32Array.of(1, 0, 0))],
    ['classifier.bias', fromFloat32([1], new Float32Array(1))],
  ]);
  const end = { channels: 1, ...(activation && { activation }) };
  const one = {
    ...network,
    end,
    build: (options: Parameters<typeof network.build>[0]) => network.build({ classes: 1, ...end, ...options }),
  };
  const card = { ...parts.card, classes: ['rest', 'red'], palette: parts.card.palette.slice(0, 2) };
  return { network: one, tensors, card };
}

function open(changes: Partial<Parts> = {}): Promise<Segmenter> {
  return Segmenter.create({ ...parts, library, openDevice: async () => device!, borrowed: true, ...changes });
}

function picture(name: string, height: number, width: number): Pixels {
  return { data: Uint8Array.from(uniform(name, height * width * 4), value => value * 256), width, height };
}

const red = ({ data }: Pixels): number[] => Array.from({ length: data.length / 4 }, (_, n) => (data[n * 4] / 255) * 2 - 1);
const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));
const above = (values: readonly number[], threshold: number): number[] => values.map(value => Number(value > threshold));

async function fails(work: Promise<unknown>, code: ErrorCode, ...words: string[]): Promise<void> {
  const error: AtrousError = await work.then(
    () => assert.unreachable(`no ${code}`),
    thrown => thrown,
  );
  assert.is(error.code, code, error.stack);
  for (const word of words) assert.ok(error.message.includes(word), `"${word}" is not in: ${error.message}`);
}

gpu('a threshold a call: no pipeline, no plan of its own, and calls at once do not disturb each other', async () => {
  const model = await open(single());
  const source = picture('a', 9, 13);
  const probabilities = red(source).map(sigmoid);
  const first = await model.segment(source);
  assert.equal([[...first.classes], first.info.threshold, first.scores], [above(probabilities, 0.5), 0.5, null]);
  const [made, { hash }] = [compiled, model.plan];
  const thresholds = [0.62, 0.31, 0.5, 0.7, 0.62];
  const results = await Promise.all(thresholds.map(threshold => model.segment(source, { threshold })));
  results.forEach((result, n) => {
    assert.equal([[...result.classes], result.info.threshold], [above(probabilities, thresholds[n]), thresholds[n]]);
  });
  assert.equal([...(await model.segment(source)).classes], above(probabilities, 0.5), 'without one it is a half again');
  assert.equal([compiled, model.plan.hash], [made, hash]);
  assert.equal(Object.keys(first.shares()).sort(), ['red', 'rest']);
  await model.dispose();
});

for (const precision of ['f32', 'half'] as const)
  gpu(`scores of a single channel, ${precision}: its probability, and of each pixel the one of its class`, async () => {
    const model = await open({ ...single(), precision });
    const source = picture('b', 6, 10);
    const result = await model.segment(source, { scores: true, threshold: 0.6 });
    const { scores, classes } = result;
    const probabilities = red(source).map(sigmoid);
    assert.equal([scores!.c, scores!.h, scores!.w, scores!.cell], [1, 6, 10, { height: 1, width: 1 }]);
    const worst = Math.max(...probabilities.map((value, n) => Math.abs(value - scores!.data[n])));
    assert.ok(worst < (precision === 'f32' ? 1e-6 : 1e-3), `${worst}`);
    classes.forEach((index, n) => {
      const { probability, ...rest } = result.at(n % 10, Math.floor(n / 10));
      assert.equal(rest, { index, label: ['rest', 'red'][index] });
      assert.is(probability, index === 1 ? scores!.data[n] : 1 - scores!.data[n]);
    });
    await model.dispose();
  });

gpu('with activation none the score is the probability', async () => {
  const model = await open(single('none'));
  const source = picture('c', 5, 7);
  const { classes, scores } = await model.segment(source, { threshold: 0.25, scores: true });
  assert.equal([...classes], above(red(source), 0.25));
  assert.ok(Math.max(...red(source).map((value, n) => Math.abs(value - scores!.data[n]))) < 1e-6);
  await model.dispose();
});

gpu(
  'scores of several channels: softmax at the grid before the resize, beside the same classes; the plan without them is as ever',
  async () => {
    const tensors = new Map([
      ['classifier.weight', seededTensor('scores.weight', [3, 3, 1, 1])],
      ['classifier.bias', fromFloat32([3], new Float32Array(3))],
    ]);
    const model = await open({ tensors });
    const source = picture('d', 12, 20);
    const size = { height: 6, width: 5 };
    const plain = await model.segment(source, { size });
    const { hash, steps } = model.plan;
    const scored = await model.segment(source, { size, scores: true });
    assert.equal([model.plan.steps.length, model.plan.steps.some(({ kernel }) => kernel === 'softmax')], [steps.length + 1, true]);
    assert.equal([scored.classes, plain.scores, plain.at(3, 4).probability], [plain.classes, null, undefined]);
    const { data, c, h, w, cell } = scored.scores!;
    assert.equal([c, h, w, cell], [3, 6, 5, { height: 2, width: 4 }]);
    for (let n = 0; n < h * w; n++) assert.ok(Math.abs(data[n] + data[n + h * w] + data[n + 2 * h * w] - 1) < 1e-5);
    for (const [x, y] of [
      [0, 0],
      [19, 11],
      [3.9, 1.9],
      [4, 2],
      [11, 7],
    ]) {
      const { index, probability } = scored.at(x, y);
      assert.is(probability, data[(index * h + Math.floor(y / 2)) * w + Math.floor(x / 4)], `(${x}, ${y})`);
    }
    await model.segment(source, { size });
    assert.is(model.plan.hash, hash);
    const own = (await model.segment(source, { scores: true })).scores!;
    const pixels = field(
      { c: 3, h: 12, w: 20 },
      Float64Array.from({ length: 720 }, (_, n) => source.data[(n % 240) * 4 + Math.floor(n / 240)] / 127.5 - 1),
    );
    const weight = Float64Array.from(toFloat32(tensors.get('classifier.weight')!));
    const wanted = softmax(
      pointwise(pixels, {
        weight,
        bias: null,
        out: 3,
        gate: null,
        shortcut: null,
        residual: null,
        addend: null,
      }),
    );
    assert.equal(own.cell, { height: 1, width: 1 });
    assert.ok(Math.max(...wanted.data.map((value, n) => Math.abs(value - own.data[n]))) < 1e-5);
    await model.dispose();
  },
);

gpu('thresholds that are none, and networks that have none', async () => {
  const one = await open(single());
  const source = picture('e', 3, 3);
  for (const threshold of [0, 1, -0.5, 2, Number.NaN, '0.5', null])
    await fails(one.segment(source, { threshold } as SegmentOptions), 'BAD_USAGE', 'threshold is', 'between 0 and 1');
  const several = await open();
  await fails(several.segment(source, { threshold: 0.5 }), 'BAD_USAGE', 'threshold: tiny has 3 channels', 'leave it out');
  assert.is((await several.segment(source)).info.threshold, null);
  await Promise.all([one.dispose(), several.dispose()]);
});

test.run();
