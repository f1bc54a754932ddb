// ONNX files and pictures: what comes out of each kind of end, at which sizes, and what cards and options say of it.
import { mkdirSync, symlinkSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AtrousError, ErrorCode } from '../../src/errors.ts';
import type { LoadOptions, Source } from '../../src/front/load-options.ts';
import { nodeDevice } from '../../src/node/engine.ts';
import { load, readImage } from '../../src/node/index.ts';
import { field } from '../../src/reference/field.ts';
import { upsample } from '../../src/reference/upsample.ts';
import type { Pixels, SegmentOptions } from '../../src/segmenter.ts';
import { uniform } from '../../src/weights/seeded.ts';
import { at, save } from '../cli/harness.ts';
import { largestChannel } from '../front/tiny.ts';
import { classes, identity, matte, metadata, outside, weights } from './pictures.ts';
import { longs, type NodeSpec, numbers } from './writer.ts';

const device = await nodeDevice().then(
  ({ device }) => device,
  error => console.log(`skipped: no adapter: ${error.message}`),
);
const gpu = device ? test : test.skip;
test.after(() => device?.destroy());

/** Noise in which no two channels of a pixel are equal. */
function picture(height: number, width: number): Pixels {
  const noise = uniform(`${height}×${width}`, height * width * 4);
  const data = Uint8Array.from(noise, (value, n) => Math.floor(value * 85) * 3 + ((n % 4) % 3));
  return { data, width, height };
}

/** Blocks of 4×4 pixels: red, green or blue. */
function blocks(height: number, width: number): Pixels {
  const columns = Math.ceil(width / 4);
  const cells = largestChannel(picture(Math.ceil(height / 4), columns));
  const data = Uint8Array.from({ length: height * width * 4 }, (_, n) => {
    const [row, column] = [Math.floor(n / 4 / width), Math.floor(n / 4) % width];
    return n % 4 === cells[Math.floor(row / 4) * columns + Math.floor(column / 4)] ? 255 : 0;
  });
  return { data, width, height };
}

async function segmented(source: Source, pixels: Pixels, options: LoadOptions = {}, asked: SegmentOptions = {}) {
  const model = await load(source, { device: device!, precision: 'f32', ...options });
  try {
    const result = await model.segment(pixels, asked);
    return { result, classes: [...result.classes!], assumed: model.assumed, card: model.card };
  } finally {
    await model.dispose();
  }
}

async function fails(work: Promise<unknown>, code: ErrorCode, ...words: string[]): Promise<void> {
  const error: AtrousError = await work.then(
    () => assert.unreachable(`no ${code}`),
    thrown => thrown,
  );
  assert.is(error.code, code, error.stack);
  for (const word of words) assert.ok(error.message.includes(word), `"${word}" is not in: ${error.message}`);
}

/** Nothing of a picture but 0 to 1 goes in. */
const plain: LoadOptions = { card: { preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] } } };
const source = picture(9, 13);

const ends: [title: string, file: Uint8Array][] = [
  ['scores', classes()],
  [
    'scores of half the size, resized by the file',
    classes({
      nodes: [
        { op: 'Conv', inputs: ['x', 'w'], outputs: ['z'] },
        { op: 'Resize', inputs: ['z', '', 'twice'], outputs: ['u'], attributes: { mode: 'linear' } },
        { op: 'AveragePool', inputs: ['u'], outputs: ['y'], attributes: { kernel_shape: [2, 2], strides: [2, 2] } },
      ],
      initializers: { w: numbers([3, 3, 1, 1], n => Number(n % 4 === 0)), twice: numbers([4], n => (n < 2 ? 1 : 2)) },
    }),
  ],
  [
    'softmax',
    classes({
      nodes: [
        { op: 'Conv', inputs: ['x', 'w'], outputs: ['z'] },
        { op: 'Softmax', inputs: ['z'], outputs: ['y'], attributes: { axis: 1 } },
      ],
    }),
  ],
  [
    'a class map of whole numbers',
    classes({
      nodes: [
        { op: 'Conv', inputs: ['x', 'w'], outputs: ['z'] },
        { op: 'ArgMax', inputs: ['z'], outputs: ['k'], attributes: { axis: 1, keepdims: 0 } },
        { op: 'Cast', inputs: ['k'], outputs: ['y'], attributes: { to: 6 } },
      ],
    }),
  ],
  [
    'channels last, in and out',
    classes({
      inputs: { x: [1, 'h', 'w', 3] },
      nodes: [
        { op: 'Transpose', inputs: ['x'], outputs: ['t'], attributes: { perm: [0, 3, 1, 2] } },
        { op: 'Conv', inputs: ['t', 'w'], outputs: ['z'] },
        { op: 'Transpose', inputs: ['z'], outputs: ['y'], attributes: { perm: [0, 2, 3, 1] } },
      ],
    }),
  ],
  [
    'without a batch, in and out',
    classes({
      inputs: { x: [3, 'h', 'w'] },
      nodes: [
        { op: 'Unsqueeze', inputs: ['x', 'first'], outputs: ['t'] },
        { op: 'Conv', inputs: ['t', 'w'], outputs: ['z'] },
        { op: 'Squeeze', inputs: ['z', 'first'], outputs: ['y'] },
      ],
      initializers: { w: identity, first: longs('first', [0]) },
    }),
  ],
];
for (const [title, file] of ends) {
  gpu(`classes at the picture's size: ${title}`, async () => {
    const { classes: got, result, card } = await segmented(file, source, plain);
    assert.equal([result.width, result.height, card.classes], [13, 9, ['0', '1', '2']]);
    const expected = [...largestChannel(source)];
    // What two resizes blur may cost a few pixels of noise.
    const wrong = got.filter((value, n) => value !== expected[n]).length;
    assert.ok(wrong <= (title.includes('half') ? 40 : 0), `${wrong} differ`);
  });
}

/** Bytes of colours, H×W×3, channels last and without a batch. */
const unscaled = classes({
  inputs: { x: ['h', 'w', 3] },
  types: { x: 2 },
  nodes: [
    { op: 'Cast', inputs: ['x'], outputs: ['f'], attributes: { to: 1 } },
    { op: 'Transpose', inputs: ['f'], outputs: ['t'], attributes: { perm: [2, 0, 1] } },
    { op: 'Unsqueeze', inputs: ['t', 'first'], outputs: ['n'] },
    { op: 'Conv', inputs: ['n', 'w'], outputs: ['y'] },
  ],
  initializers: { w: identity, first: longs('first', [0]) },
});

gpu('whole numbers as input are the bytes of colours: nothing is scaled, and nothing assumed', async () => {
  const { result, assumed, card } = await segmented(unscaled, source, {}, { raw: ['n'] });
  assert.ok(
    result.raw!.get('n')!.data.every((value, n) => Math.abs(value - source.data[(n % 117) * 4 + Math.floor(n / 117)]) < 1e-3),
  );
  assert.equal([assumed, card.preprocessing.mean], [null, [0, 0, 0]]);
});

const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));

for (const ended of [true, false]) {
  gpu(`one channel is a probability, ${ended ? 'as the file has it' : 'by its sigmoid'}; a threshold decides`, async () => {
    const card = { preprocessing: { mean: [0.5, 0, 0] as const, std: [0.25, 1, 1] as const }, classes: ['red'] };
    const expected = Array.from({ length: 117 }, (_, n) => sigmoid((source.data[n * 4] / 255 - 0.5) / 0.25));
    for (const threshold of [undefined, 0.7]) {
      const {
        result,
        card: whole,
        classes: got,
        assumed,
      } = await segmented(matte(ended), source, { card }, { scores: true, threshold });
      assert.equal(
        got,
        expected.map(value => Number(value > (threshold ?? 0.5))),
      );
      assert.ok(result.scores!.data.every((value, n) => Math.abs(value - expected[n]) < 1e-5));
      assert.equal([whole.classes, result.info.threshold], [['background', 'red'], threshold ?? 0.5]);
      assert.match(assumed!, ended ? /"y" to be a probability/ : /the sigmoid of "y" to be a probability/);
    }
  });
}

gpu(
  'the matte at the picture’s size: of a probability, of a logit, resized; beside scores, and as a texture’s companion',
  async () => {
    const card = { preprocessing: { mean: [0.5, 0, 0] as const, std: [0.25, 1, 1] as const } };
    const red = Float64Array.from({ length: 117 }, (_, n) => (source.data[n * 4] / 255 - 0.5) / 0.25);
    for (const ended of [true, false]) {
      const model = await load(matte(ended), { device: device!, precision: 'f32', card });
      const { matte: bytes, classes: got, scores } = await model.segment(source, { matte: true, scores: true });
      assert.ok(bytes!.every((value, n) => Math.abs(value - 255 * sigmoid(red[n])) < 0.501));
      assert.equal(
        [...got],
        [...red].map(value => Number(value > 0)),
      );
      assert.is(scores!.data.length, 117);
      const { matte: beside, classes: none } = await model.segment(source, { matte: true, output: 'texture' });
      assert.equal([beside, none], [bytes, null]);
      assert.is((await model.segment(source)).matte, null);
      // Three by five cells: the file's probabilities are resized, or the logits before their sigmoid.
      const size = { height: 3, width: 5 };
      const { scores: small, matte: large } = await model.segment(source, { matte: true, scores: true, size });
      const cells = [...small!.data].map(value => (ended ? value : Math.log(value / (1 - value))));
      const truth = upsample(field({ c: 1, h: 3, w: 5 }, Float64Array.from(cells)), { h: 9, w: 13 }).data;
      assert.ok(large!.every((value, n) => Math.abs(value - 255 * (ended ? truth[n] : sigmoid(truth[n]))) < 0.51));
      await model.dispose();
    }
    const several = await load(classes(), { device: device!, ...plain });
    await fails(several.segment(source, { matte: true }), 'BAD_USAGE', 'matte: the weights has 3 channels', 'leave it out');
    await several.dispose();
  },
);

/** Ends that are probabilities already, of the red plane or its sigmoid, and what they make of it. */
const probabilities: [title: string, nodes: NodeSpec[], truth: (red: number, least: number, greatest: number) => number][] = [
  [
    'in bytes',
    [
      { op: 'Conv', inputs: ['x', 'w'], outputs: ['z'] },
      { op: 'Sigmoid', inputs: ['z'], outputs: ['p'] },
      { op: 'Mul', inputs: ['p', 'most'], outputs: ['y'] },
    ],
    sigmoid,
  ],
  [
    'spread from the least to the greatest number',
    [
      { op: 'Conv', inputs: ['x', 'w'], outputs: ['z'] },
      { op: 'ReduceMin', inputs: ['z'], outputs: ['least'], attributes: { keepdims: 1 } },
      { op: 'ReduceMax', inputs: ['z'], outputs: ['greatest'], attributes: { keepdims: 1 } },
      { op: 'Sub', inputs: ['z', 'least'], outputs: ['over'] },
      { op: 'Sub', inputs: ['greatest', 'least'], outputs: ['range'] },
      { op: 'Add', inputs: ['range', 'little'], outputs: ['under'] },
      { op: 'Div', inputs: ['over', 'under'], outputs: ['y'] },
    ],
    (red, least, greatest) => (red - least) / (greatest - least),
  ],
];
for (const [title, nodes, truth] of probabilities) {
  gpu(`a probability ${title} gets no sigmoid`, async () => {
    const initializers = {
      w: numbers([1, 3, 1, 1], n => Number(n === 0)),
      most: numbers([], () => 255),
      little: numbers([], () => 1e-8),
    };
    const { result, assumed } = await segmented(matte(false, { nodes, initializers }), source, plain, { matte: true });
    const red = Array.from({ length: 117 }, (_, n) => source.data[n * 4] / 255);
    const ends = [Math.min(...red), Math.max(...red)] as const;
    assert.ok(result.matte!.every((value, n) => Math.abs(value - 255 * truth(red[n], ...ends)) < 0.51));
    assert.match(assumed!, /these are assumed: "y" to be a probability$/);
  });
}

gpu('the probability that a card says', async () => {
  const said = await segmented(matte(false), source, { card: { ...plain.card, activation: 'none' } }, { scores: true });
  assert.ok(said.result.scores!.data.every((value, n) => Math.abs(value - source.data[n * 4] / 255) < 1e-6));
  assert.is(said.assumed, null);
});

gpu('x · scale − mean, over std, in the order of the card', async () => {
  const file = matte(false);
  const preprocessing = { scale: 1 / 256, mean: [9, 9, 0.25], std: [9, 9, 2], channels: 'bgr' } as never;
  const { result } = await segmented(file, source, { card: { preprocessing } }, { scores: true });
  // The first plane is blue.
  const expected = Array.from({ length: 117 }, (_, n) => sigmoid((source.data[n * 4 + 2] / 256 - 0.25) / 2));
  assert.ok(result.scores!.data.every((value, n) => Math.abs(value - expected[n]) < 1e-5));
});

gpu('a file of a fixed size: the picture is stretched, and the result has its size', async () => {
  const file = classes({ inputs: { x: [1, 3, 8, 12] } });
  const large = blocks(32, 48);
  const { classes: got, result } = await segmented(file, large, plain);
  assert.equal([result.info.height, result.info.width, result.height, result.width], [8, 12, 32, 48]);
  // Each cell of the network is a block; between blocks there is a pixel or two of doubt.
  const expected = largestChannel(large);
  const inner = got.flatMap((value, n) => {
    const [row, column] = [Math.floor(n / 48) % 4, (n % 48) % 4];
    return [1, 2].includes(row) && [1, 2].includes(column) ? [value === expected[n]] : [];
  });
  assert.ok(inner.filter(Boolean).length / inner.length > 0.9, `${inner.filter(Boolean).length} of ${inner.length}`);
  const model = await load(file, { device: device!, ...plain });
  await fails(model.segment(large, { size: { height: 16, width: 16 } }), 'BAD_USAGE', 'runs at 8x12 alone', 'leave it out');
  await model.dispose();
});

gpu('between bars where the card says letterbox: the shape is kept', async () => {
  // Where the picture is white the class is 1 of green, in the bars 0: nothing is above anything there.
  const file = classes({
    inputs: { x: [1, 3, 16, 16] },
    nodes: [
      { op: 'Conv', inputs: ['x', 'w'], outputs: ['z'] },
      { op: 'ReduceMean', inputs: ['z'], outputs: ['m'], attributes: { axes: [2, 3], keepdims: 1 } },
      { op: 'Add', inputs: ['z', 'm'], outputs: ['y'] },
    ],
    initializers: { w: numbers([1, 3, 1, 1], n => Number(n === 0)) },
  });
  const white: Pixels = { data: new Uint8Array(8 * 16 * 4).fill(255), width: 16, height: 8 };
  const asked = { scores: true };
  const of = async (resize: 'stretch' | 'letterbox') => {
    const card = { activation: 'none', preprocessing: { ...plain.card!.preprocessing, resize } } as const;
    const { result } = await segmented(file, white, { card }, asked);
    return [result.scores!.h, result.scores!.w, ...new Set([...result.scores!.data].map(value => Math.round(value * 100) / 100))];
  };
  // Half of what the network sees is bars of 0, so the mean of all is a half; and the bars are cut off again.
  assert.equal(await of('letterbox'), [8, 16, 1.5]);
  assert.equal(await of('stretch'), [16, 16, 2]);
});

/** Its sides are multiples of four. */
const fours = classes({
  nodes: [
    { op: 'MaxPool', inputs: ['x'], outputs: ['p'], attributes: { kernel_shape: [4, 4], strides: [4, 4] } },
    {
      op: 'Resize',
      inputs: ['p', '', 'four'],
      outputs: ['u'],
      attributes: { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
    },
    { op: 'Add', inputs: ['x', 'u'], outputs: ['y'] },
  ],
  initializers: { four: numbers([4], n => (n < 2 ? 1 : 4)) },
});

gpu('sides that the file does not divide are rounded, and that is said', async () => {
  const { result, assumed } = await segmented(fours, picture(30, 21), plain);
  assert.equal([result.info.height, result.info.width, result.height, result.width], [32, 24, 30, 21]);
  assert.match(assumed!, /sizes inside to be multiples of 8/);
  const sized = { card: { preprocessing: { ...plain.card!.preprocessing, size: { height: 12, width: 20 } } } };
  const { result: own } = await segmented(fours, picture(30, 21), sized);
  assert.equal([own.info.height, own.info.width], [12, 20]);
  const asked = { size: { height: 14, width: 20 } };
  await fails(
    segmented(fours, picture(30, 21), plain, asked),
    'BAD_USAGE',
    "size: the weights can't be made at 14x20",
    'Add',
    'take multiples of 8',
  );
});

gpu('cards: in the metadata, beside the file, as an option before both; labels and colours where they are told', async () => {
  const inside = { classes: ['a', 'b', 'c'], preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] } };
  const file = classes({ extra: [metadata('atrous', JSON.stringify(inside))] });
  const first = await segmented(file, source);
  assert.equal([first.card.classes, first.assumed], [['a', 'b', 'c'], null]);
  const path = save('carded.onnx', file);
  save(
    'carded.card.json',
    JSON.stringify({
      classes: ['d', 'e', 'f'],
      palette: [
        [1, 2, 3],
        [4, 5, 6],
        [7, 8, 9],
      ],
    }),
  );
  const beside = await segmented(path, source);
  assert.equal(
    [beside.card.classes, beside.card.palette[2]],
    [
      ['d', 'e', 'f'],
      [7, 8, 9],
    ],
  );
  assert.match(beside.assumed!, /ImageNet's mean and std of colours/);
  const given = await segmented(path, source, plain);
  assert.equal(given.card.classes, ['0', '1', '2']);
  await fails(load(file, { device: device!, card: { classes: ['one'] } }), 'BAD_WEIGHTS', 'is of 1 classes, and its output has 3');
  await fails(load(file, { device: device!, card: { palete: [] } as never }), 'BAD_WEIGHTS', 'no field "palete"', 'palette');
  await fails(load(file, { device: device!, card: { classes: [1] } as never }), 'BAD_USAGE', "of load()'s card", '"classes"');
});

gpu('weights beside the file: in its folder, or in a Map of files', async () => {
  mkdirSync(at('folder'));
  const path = save('folder/outside.onnx', outside);
  const expected = [...largestChannel(source)];
  await fails(load(path, { device: device! }), 'NO_FILE', 'outside.onnx: its weights lie beside it in "w.bin"', 'no such file');
  save('w.bin', weights);
  symlinkSync(at('w.bin'), at('folder/w.bin'));
  await fails(load(path, { device: device! }), 'BAD_WEIGHTS', 'link out of its folder');
  const inside = save('outside.onnx', outside);
  assert.equal((await segmented(inside, source, plain)).classes, expected);
  const files = new Map<string, Blob | Uint8Array>([
    ['net/outside.onnx', outside],
    ['net/w.bin', new Blob([weights])],
    ['net/outside.card.json', new Blob(['{"classes": ["x", "y", "z"]}'])],
  ]);
  const mapped = await segmented(files, source);
  assert.equal([mapped.card.classes, mapped.result.info.model], [['x', 'y', 'z'], 'outside']);
  await fails(load(new Map([['outside.onnx', outside]]), { device: device! }), 'BAD_WEIGHTS', '"w.bin"', 'not among the 1 files');
  await fails(load(outside, { device: device! }), 'BAD_WEIGHTS', '"w.bin"', 'a Map of all the files');
  await fails(load(new Map([['a.bin', weights]]), { device: device! }), 'BAD_USAGE', 'one ONNX file', 'a.bin');
});

gpu('values of the file as they are, by its names: outputs and what lies before them, classes too, beside the rest', async () => {
  const file = classes({
    outputs: ['y', 'last'],
    nodes: [
      { op: 'Conv', inputs: ['x', 'w'], outputs: ['z'] },
      { op: 'ArgMax', inputs: ['z'], outputs: ['y'], attributes: { axis: 1, keepdims: 0 } },
      { op: 'Transpose', inputs: ['z'], outputs: ['last'], attributes: { perm: [0, 2, 3, 1] } },
    ],
  });
  const model = await load(file, { device: device!, precision: 'f32', ...plain });
  const result = await model.segment(source, { raw: ['y', 'last', 'z'], scores: true });
  const [y, last, z] = ['y', 'last', 'z'].map(name => result.raw!.get(name)!);
  assert.equal(
    [y.dims, last.dims, z.dims],
    [
      [1, 9, 13],
      [1, 9, 13, 3],
      [1, 3, 9, 13],
    ],
  );
  assert.equal([...y.data], [...result.classes]);
  const planes = Array.from({ length: 351 }, (_, n) => source.data[(n % 117) * 4 + Math.floor(n / 117)] / 255);
  assert.ok(z.data.every((value, n) => Math.abs(value - planes[n]) < 1e-6));
  assert.ok(last.data.every((value, n) => value === z.data[(n % 3) * 117 + Math.floor(n / 3)]));
  assert.is(result.scores!.data.length, 351);
  assert.equal(JSON.parse(JSON.stringify(result)).raw.y.dims, [1, 9, 13]);
  assert.equal(structuredClone(result).raw, result.raw);
  assert.is((await model.segment(source)).raw, null);
  await fails(model.segment(source, { raw: ['q'] }), 'BAD_USAGE', 'no value "q"');
  await model.dispose();
  const named = await load('regseg-camvid', { device: device!, precision: 'f32' });
  await fails(named.segment(source, { raw: ['logits'] }), 'BAD_USAGE', 'raw: regseg-camvid is no ONNX file');
  await named.dispose();
});

gpu('an output by name, and a picture that was asked for by content alone', async () => {
  const file = classes({
    outputs: ['y', 'second'],
    nodes: [
      { op: 'Conv', inputs: ['x', 'w'], outputs: ['y'] },
      { op: 'Neg', inputs: ['y'], outputs: ['second'] },
    ],
  });
  const path = save('no-extension', file);
  const first = await segmented(path, source, plain);
  assert.equal(first.classes, [...largestChannel(source)]);
  assert.match(first.assumed!, /the first of 2 outputs, "y"/);
  const second = await segmented(path, source, { ...plain, outputName: 'second' });
  const least = largestChannel({ ...source, data: source.data.map(value => 255 - value) });
  assert.equal([second.classes, second.assumed], [[...least], null]);
});

save('network', classes());
const refused: [title: string, work: () => Promise<unknown>, code: ErrorCode, ...words: string[]][] = [
  ['an output that is not there', () => load(classes(), { outputName: 'q' }), 'BAD_USAGE', 'no value "q"', '"y"'],
  [
    'several pictures at once',
    () => load(classes({ inputs: { x: [4, 3, 8, 8] } })),
    'BAD_GRAPH',
    '4×3×8×8 is 4 pictures at once',
    'a batch of 1',
  ],
  ['a row', () => load(classes({ inputs: { x: [1, 12] } })), 'BAD_GRAPH', '"x" 1×12, and a picture is N×3×H×W, N×H×W×3'],
  ['signed bytes', () => load(classes({ types: { x: 3 } })), 'BAD_GRAPH', 'in I8, and colours are 0 to 255'],
  [
    'bytes that are scaled',
    () => load(unscaled, plain),
    'BAD_WEIGHTS',
    'its card scales colours',
    '"x" takes their bytes',
    'leave scale, mean and std out',
  ],
  [
    'weights that are no numbers',
    () => load(classes({ initializers: { w: numbers([3, 3, 1, 1], n => (n === 4 ? Number.NaN : 0)) } })),
    'BAD_WEIGHTS',
    'tensor "w" holds NaN at index 4',
  ],
  [
    'an output that is no map',
    () =>
      load(
        classes({
          outputs: ['v'],
          nodes: [
            { op: 'Conv', inputs: ['x', 'w'], outputs: ['y'] },
            { op: 'GlobalAveragePool', inputs: ['y'], outputs: ['v'] },
          ],
        }),
      ),
    'BAD_GRAPH',
    '"v" is 1×3×1×1, no map of a picture: name another with outputName',
  ],
  [
    'more than a picture',
    () =>
      load(
        classes({
          inputs: { x: [1, 3, 'h', 'w'], gain: [1, 3, 'h', 'w'] },
          nodes: [{ op: 'Mul', inputs: ['x', 'gain'], outputs: ['y'] }],
        }),
      ),
    'BAD_GRAPH',
    '2 inputs, "x" 1×3×h×w, "gain" 1×3×h×w',
  ],
  [
    'another number of channels',
    () => load(classes({ inputs: { x: [1, 4, 'h', 'w'] }, initializers: { w: numbers([3, 4, 1, 1], () => 1) } })),
    'BAD_GRAPH',
    '"x" 1×4×h×w, and a picture has 3 channels',
  ],
  [
    'all nodes at once',
    () =>
      load(
        classes({
          nodes: [
            { op: 'NonZero', inputs: ['x'], outputs: ['a'], name: 'one' },
            { op: 'Loop', inputs: ['a'], outputs: ['b'], name: 'two' },
            { op: 'Reshape', inputs: ['x', 'odd'], outputs: ['c'], name: 'three' },
            { op: 'Add', inputs: ['b', 'c'], outputs: ['y'] },
          ],
          initializers: { odd: longs('odd', [7, 7]) },
        }),
      ),
    'BAD_GRAPH',
    '3 nodes',
    'NonZero "one"',
    'Loop "two"',
    'Reshape "three"',
  ],
  ['a network as a picture', () => readImage(at('network')), 'BAD_IMAGE', 'an ONNX file, a network and no picture'],
  ['options of checkpoints', () => load(classes(), { model: 'regseg' }), 'BAD_USAGE', 'model: the weights is an ONNX file'],
  ['an output of a checkpoint', () => load('regseg-camvid', { outputName: 'y' }), 'BAD_USAGE', 'outputName is for ONNX files'],
];
for (const [title, work, code, ...words] of refused) test(`refused: ${title}`, () => fails(work(), code, ...words));

test.run();
