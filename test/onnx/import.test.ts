// What an import makes of files that tests write themselves: folding, layouts, every refusal at once, and the program around it on a device. And networks and
// single forms as exporters write them, on the CPU: within 1e-5 of the largest value of float64's outputs.
// `tsx test/onnx/device.ts` runs those on a device.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AtrousError } from '../../src/errors.ts';
import { constantReader } from '../../src/graph/constant.ts';
import { printGraph } from '../../src/graph/print.ts';
import { refusalsOf } from '../../src/onnx/import.ts';
import { fuse } from '../../src/passes/index.ts';
import { run } from '../../src/reference/run.ts';
import { toFloat64 } from '../../src/weights/tensor.ts';
import { shared } from '../shared.ts';
import { bytes, int, ints, text } from '../weights/protobuf.ts';
import { manifest, onCpu, tasks } from './networks.ts';
import { file, imported, one, outputOf, X } from './tiny.ts';
import { branch, type FileSpec, longs, type NodeSpec, numbers } from './writer.ts';

/** TensorProto of whole numbers of a byte. */
const wholes = (name: string, type: 'U8' | 'I8', values: readonly number[]) => [
  ...ints(1, [values.length], false),
  int(2, type === 'U8' ? 2 : 3),
  text(8, name),
  bytes(9, Uint8Array.from(values)),
];

/** An If on whether the channels are `count`: then without its first axis, else as it is. */
const branched = (count: number, otherwise = 'Identity'): FileSpec => {
  const squeezed = branch('then_branch', { op: 'Squeeze', inputs: ['x', 'first'], outputs: ['a'] }, longs('first', [0]));
  const same = branch('else_branch', { op: otherwise, inputs: ['x'], outputs: ['b'] });
  return file(
    [
      { op: 'Shape', inputs: ['x'], outputs: ['s'] },
      { op: 'Gather', inputs: ['s', 'one'], outputs: ['c'], attributes: { axis: 0 } },
      { op: 'Equal', inputs: ['c', 'count'], outputs: ['is'] },
      { op: 'If', inputs: ['is'], outputs: ['z'], extra: [squeezed, same] },
      { op: 'Add', inputs: ['z', 'z'], outputs: ['y'] },
    ],
    { initializers: { one: longs('one', [1]), count: longs('count', [count]) } },
  );
};

test('an If whose condition follows from shapes is the branch that it takes', () => {
  const twice = Array.from({ length: 12 }, (_, n) => 2 * n);
  assert.equal(outputOf(branched(2)), { dims: [2, 2, 3], data: twice });
  assert.equal(outputOf(branched(7)), { dims: [1, 2, 2, 3], data: twice });
  assert.equal(outputOf(branched(2, 'NonZero')).data, twice);
  assert.throws(() => imported(branched(7, 'NonZero')), /NonZero "b": there is no kernel for it/);
  const made = file([{ op: 'If', inputs: ['x'], outputs: ['y'], name: 'late' }]);
  assert.throws(() => imported(made), /If "late": its condition is made when the network runs/);
});

/** x cropped and resized by TensorFlow's rule, −1 beyond it. */
const cropped = (region: readonly number[]): FileSpec =>
  file(
    [
      one('Resize', ['region', '', 'sizes'], {
        mode: 'linear',
        coordinate_transformation_mode: 'tf_crop_and_resize',
        extrapolation_value: { float: -1 },
      }),
    ],
    { initializers: { region: numbers([8], n => region[n]), sizes: longs('sizes', [1, 2, 2, 3]) } },
  );

/** Samples of x, a grid of a row of two points, with the corners' centres at −1 and 1. */
const sampled = (mode: string, padding_mode: string, points: readonly number[]): FileSpec =>
  file(
    [
      { op: 'Slice', inputs: ['x', 'from', 'to', 'axes'], outputs: ['part'] },
      { op: 'Transpose', inputs: ['part'], outputs: ['last'], attributes: { perm: [0, 2, 3, 1] } },
      { op: 'Mul', inputs: ['last', 'zero'], outputs: ['none'] },
      { op: 'Add', inputs: ['none', 'points'], outputs: ['grid'] },
      { op: 'GridSample', inputs: ['x', 'grid'], outputs: ['y'], attributes: { mode, padding_mode, align_corners: 1 } },
    ],
    {
      opset: 16,
      initializers: { ...slice([0, 0], [1, 2], [2, 3]), zero: numbers([], () => 0), points: numbers([1, 1, 2, 2], n => points[n]) },
    },
  );

type Expected = [title: string, spec: FileSpec, dims: number[], data: number[]];
const rows: Expected[] = [
  [
    'a transpose is a matter of axes',
    file([one('Transpose', [], { perm: [0, 2, 3, 1] })]),
    [1, 2, 3, 2],
    [0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11],
  ],
  [
    'a pixel shuffle as Reshape, Transpose, Reshape',
    file(
      [
        { op: 'Reshape', inputs: ['x', 'six'], outputs: ['a'] },
        { op: 'Transpose', inputs: ['a'], outputs: ['b'], attributes: { perm: [0, 1, 4, 2, 5, 3] } },
        { op: 'Reshape', inputs: ['b', 'four'], outputs: ['c'] },
        { op: 'Relu', inputs: ['c'], outputs: ['y'] },
      ],
      { initializers: { six: longs('six', [1, 1, 2, 1, 2, 3]), four: longs('four', [1, 1, 4, 3]) } },
    ),
    [1, 1, 4, 3],
    [0, 1, 2, 6, 7, 8, 3, 4, 5, 9, 10, 11],
  ],
  [
    'slices at odd channels',
    file([one('Slice', ['from', 'to', 'axes'])], { initializers: slice([1], [2], [1]) }),
    [1, 1, 2, 3],
    [6, 7, 8, 9, 10, 11],
  ],
  [
    'slices backwards to the end of all ends',
    file([one('Slice', ['from', 'to', 'axes', 'by'])], {
      initializers: { ...slice([-1], [-(2 ** 62)], [3]), by: longs('by', [-1]) },
    }),
    X,
    [2, 1, 0, 5, 4, 3, 8, 7, 6, 11, 10, 9],
  ],
  [
    'a channel from the right',
    file([one('Add', ['c'])], { initializers: { c: numbers([2, 1, 1], n => 100 * n) } }),
    X,
    [0, 1, 2, 3, 4, 5, 106, 107, 108, 109, 110, 111],
  ],
  [
    'one number first',
    file([{ op: 'Sub', inputs: ['one', 'x'], outputs: ['y'] }], { initializers: { one: numbers([], () => 1) } }),
    X,
    [1, 0, -1, -2, -3, -4, -5, -6, -7, -8, -9, -10],
  ],
  [
    'nearest, up',
    file(
      [one('Resize', ['', 'scales'], { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' })],
      { initializers: { scales: numbers([4], n => (n === 3 ? 2 : 1)) } },
    ),
    [1, 2, 2, 6],
    [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11],
  ],
  [
    'a reflection',
    file([one('Pad', ['pads'], { mode: 'reflect' })], { initializers: { pads: longs('pads', [0, 0, 0, 2, 0, 0, 0, 0]) } }),
    [1, 2, 2, 5],
    [2, 1, 0, 1, 2, 5, 4, 3, 4, 5, 8, 7, 6, 7, 8, 11, 10, 9, 10, 11],
  ],
  [
    'a ceil pool',
    file([one('MaxPool', [], { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 })]),
    [1, 2, 1, 2],
    [4, 5, 10, 11],
  ],
  [
    'indices that nothing reads, of more places than a byte tells',
    file([{ op: 'MaxPool', inputs: ['x'], outputs: ['y', 'i'], attributes: { kernel_shape: [13, 10], pads: [11, 7, 0, 0] } }]),
    [1, 2, 1, 1],
    [5, 11],
  ],
  [
    'indices by columns that nothing reads',
    file([{ op: 'MaxPool', inputs: ['x'], outputs: ['y', 'i'], attributes: { kernel_shape: [2, 2], storage_order: 1 } }]),
    [1, 2, 1, 2],
    [4, 5, 10, 11],
  ],
  [
    'a mean that counts its pads',
    file([one('AveragePool', [], { kernel_shape: [1, 3], pads: [0, 1, 0, 1], count_include_pad: 1 })]),
    X,
    [1 / 3, 1, 1, 7 / 3, 4, 3, 13 / 3, 7, 5, 19 / 3, 10, 7].map(Math.fround),
  ],
  [
    'a power that is no whole number',
    file([one('Pow', ['half'])], { initializers: { half: numbers([1], () => 0.5) } }),
    X,
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map(n => Math.fround(Math.sqrt(n))),
  ],
  [
    'powers of a channel',
    file([one('Pow', ['powers'])], { initializers: { powers: numbers([2, 1, 1], n => 2 - n) } }),
    X,
    [0, 1, 4, 9, 16, 25, 6, 7, 8, 9, 10, 11],
  ],
  [
    'powers of two',
    file([{ op: 'Pow', inputs: ['two', 'x'], outputs: ['y'] }], { initializers: { two: numbers([], () => 2) } }),
    X,
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048],
  ],
  [
    'powers of itself',
    file([one('Pow', ['x'])]),
    X,
    [1, 1, 4, 27, 256, 3125, 46656, 823543, 2 ** 24, 3 ** 18, 1e10, 11 ** 11].map(Math.fround),
  ],
  ['a crop, resized', cropped([0, 0, 0.5, 0.5, 1, 1, 1, 1.5]), X, [2.5, 3.5, -1, 4, 5, -1, 8.5, 9.5, -1, 10, 11, -1]],
  ['a crop, all of it beyond', cropped([0, 0, 0, 2, 1, 1, 1, 3]), X, Array(12).fill(-1)],
  [
    'a scale a channel of a map, rounded and cut',
    file(
      [
        { op: 'QuantizeLinear', inputs: ['x', 'scale', 'zero'], outputs: ['whole'] },
        { op: 'DequantizeLinear', inputs: ['whole', 'scale', 'zero'], outputs: ['y'] },
      ],
      { initializers: { scale: numbers([2], n => 2 + n), zero: wholes('zero', 'U8', [1, 252]) } },
    ),
    X,
    [0, 0, 2, 4, 4, 4, 6, 6, 9, 9, 9, 9],
  ],
  [
    'weights that the file quantises itself, a scale a channel',
    file(
      [
        { op: 'QuantizeLinear', inputs: ['c', 'scale', 'zero'], outputs: ['whole'], attributes: { axis: 0 } },
        { op: 'DequantizeLinear', inputs: ['whole', 'scale', 'zero'], outputs: ['real'], attributes: { axis: 0 } },
        one('Add', ['real']),
      ],
      {
        initializers: {
          c: numbers([2, 1, 1], n => (n ? -7 : 90)),
          scale: numbers([2], n => (n ? 2 : 0.5)),
          zero: wholes('zero', 'I8', [0, 0]),
        },
      },
    ),
    X,
    [63.5, 64.5, 65.5, 66.5, 67.5, 68.5, -2, -1, 0, 1, 2, 3],
  ],
  [
    'a reshape that cuts through axes',
    file(
      [
        { op: 'Reshape', inputs: ['x', 'cut'], outputs: ['four'] },
        { op: 'Transpose', inputs: ['four'], outputs: ['t'], attributes: { perm: [0, 2, 1, 3] } },
        { op: 'Relu', inputs: ['t'], outputs: ['y'] },
      ],
      { initializers: { cut: longs('cut', [1, 3, 4, 1]) } },
    ),
    [1, 4, 3, 1],
    [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11],
  ],
  ['a grid, nearest', sampled('nearest', 'border', [0.4, -0.2, 7, 1]), [1, 2, 1, 2], [1, 5, 7, 11]],
  ['a grid, cubic', sampled('bicubic', 'zeros', [-0.5, -1, 0.5, -1]), [1, 2, 1, 2], [0.40625, 1.78125, 6.96875, 8.34375]],
  [
    'a grid, cubic at the border',
    sampled('cubic', 'border', [-0.5, -1, 0.5, -1]),
    [1, 2, 1, 2],
    [0.40625, 1.59375, 6.40625, 7.59375],
  ],
  ['the class of every pixel', file([one('ArgMax', [], { axis: 1, keepdims: 0 })]), [1, 2, 3], [1, 1, 1, 1, 1, 1]],
  [
    'maxima put back at indices within their channel',
    file(
      [
        { op: 'MaxPool', inputs: ['x'], outputs: ['p', 'i'], attributes: { kernel_shape: [2, 2], strides: [2, 2] } },
        { op: 'MaxPool', inputs: ['x'], outputs: ['q', 'j'], attributes: { kernel_shape: [1, 1], strides: [1, 1] } },
        { op: 'Slice', inputs: ['j', 'from', 'to', 'axes'], outputs: ['begin'] },
        { op: 'Sub', inputs: ['i', 'begin'], outputs: ['within'] },
        { op: 'Reshape', inputs: ['within', 'rows'], outputs: ['at'] },
        { op: 'Reshape', inputs: ['p', 'rows'], outputs: ['maxima'] },
        { op: 'ScatterElements', inputs: ['zeros', 'at', 'maxima'], outputs: ['s'], attributes: { axis: 2 } },
        { op: 'Reshape', inputs: ['s', 'map'], outputs: ['y'] },
      ],
      {
        initializers: {
          ...slice([0, 0], [1, 1], [2, 3]),
          ...{ rows: longs('rows', [1, 2, -1]), map: longs('map', X), zeros: numbers([1, 2, 6], () => 0) },
        },
      },
    ),
    X,
    [0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 10, 0],
  ],
  [
    'two pictures at once, where nothing asks for one',
    file([one('Neg')], { inputs: { x: [2, 1, 2, 3] } }),
    [2, 1, 2, 3],
    [-0, -1, -2, -3, -4, -5, -6, -7, -8, -9, -10, -11],
  ],
  ['the place of the largest of a row', file([one('ArgMax', [], { axis: 3 })]), [1, 2, 2, 1], [2, 2, 2, 2]],
  ['of the smallest of a column', file([one('ArgMin', [], { axis: 2, keepdims: 0 })]), [1, 2, 3], [0, 0, 0, 0, 0, 0]],
  ...(['first', 'last'] as const).map(
    (which, n): Expected => [
      `the ${which} of equals`,
      file([
        { op: 'Sign', inputs: ['x'], outputs: ['s'] },
        { op: 'ArgMax', inputs: ['s'], outputs: ['y'], attributes: { axis: 3, keepdims: 0, select_last_index: n } },
      ]),
      [1, 2, 2],
      n ? [2, 2, 2, 2] : [1, 0, 0, 0],
    ],
  ),
  [
    'a matrix by a map',
    file([{ op: 'MatMul', inputs: ['m', 'x'], outputs: ['y'] }], { initializers: { m: numbers([1, 2], n => n + 1) } }),
    [1, 2, 1, 3],
    [6, 9, 12, 24, 27, 30],
  ],
  [
    'products of every channel by its own transpose',
    file([
      { op: 'Transpose', inputs: ['x'], outputs: ['t'], attributes: { perm: [0, 1, 3, 2] } },
      { op: 'MatMul', inputs: ['x', 't'], outputs: ['y'] },
    ]),
    [1, 2, 2, 2],
    [5, 14, 14, 50, 149, 212, 212, 302],
  ],
];
function slice(from: number[], to: number[], axes: number[]) {
  return { from: longs('from', from), to: longs('to', to), axes: longs('axes', axes) };
}
for (const [title, spec, dims, data] of rows) {
  test(title, () => {
    const shape = spec.inputs!.x.every(Number.isInteger) ? (spec.inputs!.x as number[]) : X;
    const got = outputOf(spec, shape);
    assert.equal(got.dims, dims);
    assert.equal(got.data, data);
  });
}

test('sizes that the file computes are numbers in the graph', () => {
  const nodes: NodeSpec[] = [
    { op: 'Shape', inputs: ['x'], outputs: ['shape'] },
    { op: 'Slice', inputs: ['shape', 'two', 'four', 'zero'], outputs: ['hw'] },
    { op: 'Mul', inputs: ['hw', 'two'], outputs: ['twice'] },
    { op: 'Concat', inputs: ['nc', 'twice'], outputs: ['sizes'], attributes: { axis: 0 } },
    { op: 'Conv', inputs: ['x', 'w'], outputs: ['c'], attributes: { pads: [1, 1, 1, 1] } },
    { op: 'Relu', inputs: ['c'], outputs: ['r'] },
    { op: 'Resize', inputs: ['r', '', '', 'sizes'], outputs: ['y'], attributes: { mode: 'linear' } },
  ];
  const initializers = {
    two: longs('two', [2]),
    four: longs('four', [4]),
    zero: longs('zero', [0]),
    nc: longs('nc', [1, 2]),
    w: numbers([2, 2, 3, 3], n => n),
  };
  const { graph } = imported(file(nodes, { initializers }), { x: [1, 2, 5, 7] });
  assert.is(
    printGraph(graph),
    [
      '2×5×7    c = conv(input) kernel=3 strides=1 dilations=1 pads=1 groups=1 {weight w}',
      '2×5×7    r = relu(c)',
      '2×10×14  y = resize(r) h=10 w=14',
    ].join('\n'),
  );
});

test('a factor and a bias behind a convolution are one norm, which folds into it', () => {
  const nodes: NodeSpec[] = [
    { op: 'Conv', inputs: ['x', 'w'], outputs: ['c'] },
    { op: 'Mul', inputs: ['c', 'factor'], outputs: ['m'] },
    { op: 'Add', inputs: ['m', 'bias'], outputs: ['y'] },
  ];
  const initializers = {
    w: numbers([2, 2, 1, 1], n => [1, 0, 0, 1][n]),
    factor: numbers([], () => 0.5),
    bias: numbers([1, 2, 1, 1], n => n + 1),
  };
  const spec = file(nodes, { initializers });
  const { graph } = imported(spec, { x: X });
  assert.equal(
    graph.nodes.map(({ op }) => op),
    ['conv', 'batchnorm'],
  );
  const { data } = outputOf(spec, X);
  const half = data.length / 2;
  assert.equal([data[0], data[1], data[half]], [1, 1.5, 2 + half / 2]);
});

test('channels half under a batch norm and half under their own statistics, from the middle of a quad on, are one norm', () => {
  const channels = (from: number, to: number) => ({
    [`b${from}`]: longs(`b${from}`, [from]),
    [`e${from}`]: longs(`e${from}`, [to]),
  });
  const spec: FileSpec = {
    opset: 13,
    inputs: { x: [1, 6, 1, 5] },
    outputs: ['y'],
    nodes: [
      { op: 'Slice', inputs: ['x', 'b0', 'e0', 'axis'], outputs: ['first'] },
      {
        op: 'BatchNormalization',
        inputs: ['first', 'two', 'zero', 'zero', 'one'],
        outputs: ['normed'],
        attributes: { epsilon: 0 },
      },
      { op: 'Slice', inputs: ['x', 'b3', 'e3', 'axis'], outputs: ['second'] },
      { op: 'InstanceNormalization', inputs: ['second', 'one', 'zero'], outputs: ['own'], attributes: { epsilon: 0 } },
      { op: 'Concat', inputs: ['normed', 'own'], outputs: ['both'], attributes: { axis: 1 } },
      { op: 'Relu', inputs: ['both'], outputs: ['y'] },
    ],
    initializers: {
      ...channels(0, 3),
      ...channels(3, 6),
      axis: longs('axis', [1]),
      one: numbers([3], () => 1),
      two: numbers([3], () => 2),
      zero: numbers([3], () => 0),
    },
  };
  const { graph, tensors } = imported(spec, { x: [1, 6, 1, 5] });
  const fused = fuse(graph, { barriers: false });
  assert.equal(
    fused.nodes.map(({ op }) => op),
    ['moments', 'normalise'],
  );
  const x = { c: 6, h: 1, w: 5, data: Float64Array.from({ length: 30 }, (_, n) => n) };
  const { data } = run(fused, x, constantReader(tensors, toFloat64)).get('y')!;
  // 2(x − 0) of channels 0 to 2; of five neighbours −2 to 2 over √2, without what is below zero.
  const expected = x.data.map((value, n) => (n < 15 ? 2 * value : Math.max(0, ((n % 5) - 2) / Math.sqrt(2))));
  data.forEach((value, n) => void assert.ok(Math.abs(value - expected[n]) < 1e-6, `${value} at ${n}, not ${expected[n]}`));
});

/** Flow added to a grid, and x sampled there: from −1 to 1 with both ends, or that grid once more or less what is in a corner. */
function flowing(operation: 'Add' | 'Sub', corner = 0): FileSpec {
  const flow: NodeSpec = { op: 'Mul', inputs: ['turned', 'little'], outputs: ['flow'] };
  return file(
    [
      { op: 'Transpose', inputs: ['x'], outputs: ['turned'], attributes: { perm: [0, 2, 3, 1] } },
      flow,
      { op: operation, inputs: ['still', 'flow'], outputs: ['grid'] },
      { op: 'GridSample', inputs: ['x', 'grid'], outputs: ['y'], attributes: { align_corners: 1, padding_mode: 'border' } },
    ],
    {
      initializers: {
        little: numbers([], () => (operation === 'Add' ? 0.03125 : -0.03125)),
        still: numbers([1, 2, 3, 2], n => [-1, -1, 0, -1, 1, -1, -1, 1, 0, 1, 1, 1][n] + (n === 0 ? corner : 0)),
      },
    },
  );
}

test('a flow on a grid that leaves pixels where they are is one warp; on another grid it is not', () => {
  const operations = (spec: FileSpec): string[] => imported(spec, { x: X }).graph.nodes.map(({ op }) => op);
  assert.is(operations(flowing('Add')).at(-1), 'warp');
  assert.not.ok(operations(flowing('Add')).includes('combine'));
  for (const other of [flowing('Sub'), flowing('Add', 0.125)]) assert.is(operations(other).at(-1), 'sample');
  const [made, expected] = [outputOf(flowing('Add')).data, outputOf(flowing('Sub')).data];
  assert.ok(made.every((value, n) => Math.abs(value - expected[n]) < 1e-6));
});

/** Attention of the pixels of x among themselves, in heads of `width` channels of eight. */
const attention = (width: number): FileSpec => {
  const heads = 8 / width;
  const turn = (to: string, perm: number[]): NodeSpec => ({
    op: 'Transpose',
    inputs: ['all'],
    outputs: [to],
    attributes: { perm },
  });
  return file(
    [
      { op: 'Reshape', inputs: ['x', 'split'], outputs: ['all'] },
      turn('q', [0, 1, 3, 2]),
      { op: 'MatMul', inputs: ['q', 'all'], outputs: ['products'] },
      { op: 'Mul', inputs: ['products', 'scale'], outputs: ['scores'] },
      { op: 'Softmax', inputs: ['scores'], outputs: ['shares'], attributes: { axis: -1 } },
      { op: 'MatMul', inputs: ['shares', 'q'], outputs: ['mixed'] },
      { op: 'Transpose', inputs: ['mixed'], outputs: ['turned'], attributes: { perm: [0, 1, 3, 2] } },
      { op: 'Reshape', inputs: ['turned', 'whole'], outputs: ['y'] },
    ],
    {
      inputs: { x: [1, 8, 1, 6] },
      opset: 13,
      initializers: {
        split: longs('split', [1, heads, width, 6]),
        whole: longs('whole', [1, 8, 1, 6]),
        scale: numbers([], () => 0.01),
      },
    },
  );
};

for (const [width, steps] of [
  [8, ['attention']],
  [4, ['attention']],
  // Heads that begin within a quad are moved apart first.
  [2, ['move', 'move', 'product', 'activate', 'softmax', 'move', 'product']],
] as const) {
  test(`attention in heads of ${width}`, () => {
    const shape = [1, 8, 1, 6];
    const spec = attention(width);
    assert.equal(
      imported(spec, { x: shape }).graph.nodes.map(({ op }) => op),
      steps,
    );
    const x = (channel: number, pixel: number): number => channel * 6 + pixel;
    const expected = Array.from({ length: 48 }, (_, n) => {
      const [channel, pixel] = [Math.floor(n / 6), n % 6];
      const first = Math.floor(channel / width) * width;
      const shares = Array.from({ length: 6 }, (_, other) => {
        let score = 0;
        for (let k = first; k < first + width; k++) score += x(k, pixel) * x(k, other);
        return Math.exp(0.01 * score - 100);
      });
      const sum = shares.reduce((a, b) => a + b, 0);
      return shares.reduce((mean, share, other) => mean + (share / sum) * x(channel, other), 0);
    });
    outputOf(spec, shape).data.forEach((value, n) => {
      assert.ok(Math.abs(value - expected[n]) < 1e-4, `${value} at ${n}, not ${expected[n]}`);
    });
  });
}

test('all that can not be made is named at once', () => {
  const nodes: NodeSpec[] = [
    { op: 'NonZero', inputs: ['x'], outputs: ['a'], name: 'first' },
    { op: 'Conv', inputs: ['x', 'w'], outputs: ['b'], name: 'second' },
    { op: 'Loop', inputs: ['a'], outputs: ['c'], name: 'third' },
    { op: 'Fused', inputs: ['c', 'b'], outputs: ['y'], name: 'fourth', domain: 'com.microsoft' },
  ];
  try {
    imported(file(nodes, { initializers: { w: numbers([4, 3, 1, 1], () => 1) } }));
    assert.unreachable();
  } catch (error) {
    assert.is((error as AtrousError).code, 'BAD_GRAPH');
    assert.match((error as AtrousError).message, /^tiny.onnx: 4 nodes can't be made: NonZero "first": there is no kernel for it, /);
    assert.equal(
      refusalsOf(error)
        .map(({ node, op }) => `${op} ${node}`)
        .sort(),
      ['Conv second', 'Fused fourth', 'Loop third', 'NonZero first'],
    );
  }
});

const wrong: [title: string, spec: FileSpec, shapes: Record<string, number[]>, message: RegExp][] = [
  [
    'another size than the file has',
    file([one('Relu')], { inputs: { x: [1, 2, 4, 4] } }),
    { x: [1, 2, 8, 8] },
    /a file of a fixed size runs at no other/,
  ],
  ['two pictures', file([one('GlobalAveragePool')], { inputs: { x: ['n', 2, 'h', 'w'] } }), { x: [2, 2, 4, 4] }, /one at a time/],
  ['what an old opset means otherwise', file([one('Concat', ['x'])], { opset: 1 }), { x: X }, /it is of opset 1/],
  ['no such input', file([one('Relu')]), { q: X }, /"x" is 1×2×h×w, and what was given is "q": call it "x"$/],
  [
    'what another size would mend',
    file([
      one('MaxPool', [], { kernel_shape: [2, 2], strides: [2, 2] }),
      { op: 'Concat', inputs: ['x', 'y'], outputs: ['z'], attributes: { axis: 1 } },
    ]),
    { x: X },
    /export it without them, or take another size$/,
  ],
  [
    'what only ends a network',
    file([
      { op: 'Relu', inputs: ['x'], outputs: ['r'] },
      { op: 'ArgMax', inputs: ['r'], outputs: ['k'], attributes: { axis: 1 } },
      { op: 'NonZero', inputs: ['k'], outputs: ['n'] },
      { op: 'Neg', inputs: ['n'], outputs: ['y'] },
    ]),
    { x: X },
    /NonZero "n": there is no kernel for it; export it without them, or take --output-name "k"$/,
  ],
  [
    'what a network goes on behind',
    file(
      [
        { op: 'Relu', inputs: ['x'], outputs: ['r'] },
        { op: 'NonZero', inputs: ['r'], outputs: ['n'] },
        { op: 'Conv', inputs: ['n', 'w'], outputs: ['y'] },
      ],
      { initializers: { w: numbers([1, 2, 1, 1], () => 1) } },
    ),
    { x: X },
    /there is no kernel for it; export it without them$/,
  ],
  ...(
    [
      ['tables that are left out', ['t', 's'], /BatchNormalization "w": an input is left out/],
      ['tables of other channels', ['t', 't', 's', 's', 's'], /BatchNormalization "w": 2 numbers for 1 channels/],
    ] as const
  ).map(([what, inputs, message]): (typeof wrong)[number] => [
    `a norm of a constant, ${what}`,
    file([{ op: 'BatchNormalization', inputs: [...inputs], outputs: ['w'] }, one('Add', ['w'])], {
      initializers: { t: numbers([2], () => 1), s: numbers([1], () => 1) },
    }),
    { x: X },
    message,
  ]),
  [
    'weights that are no numbers',
    file([one('Mul', ['t'])], { initializers: { t: numbers([1, 2, 1, 1], n => (n ? Number.NaN : -Infinity)) } }),
    { x: X },
    /tensor "[^"]*" holds NaN at index 1: training diverged/,
  ],
  [
    'a constant as the output',
    {
      inputs: { x: X },
      outputs: ['y'],
      nodes: [{ op: 'Add', inputs: ['a', 'a'], outputs: ['y'] }],
      initializers: { a: numbers([1], () => 1) },
    },
    { x: X },
    /is a constant/,
  ],
  [
    'terabytes out of nothing',
    file([{ op: 'ConstantOfShape', inputs: ['big'], outputs: ['z'] }, one('Add', ['z'])], {
      initializers: { big: longs('big', [2 ** 20, 2 ** 19]) },
    }),
    { x: X },
    /more than a file of this size may ask for/,
  ],
  [
    'a table of half a billion places, counted before it is made',
    file(
      [
        { op: 'Tile', inputs: ['x', 'times'], outputs: ['wide'] },
        { op: 'Reshape', inputs: ['wide', 'row'], outputs: ['z'] },
        { op: 'MaxPool', inputs: ['z'], outputs: ['y'], attributes: { kernel_shape: [1, 3] } },
      ],
      { initializers: { times: longs('times', [1, 2 ** 13, 1, 5461]), row: longs('row', [1, 1, 1, -1]) } },
    ),
    { x: X },
    /a value of shape 536838146 is worked out, more than a file of this size may ask for/,
  ],
  [
    'a long constant as a map, beside which nothing is left',
    file(
      [
        { op: 'ConstantOfShape', inputs: ['long'], outputs: ['z'] },
        { op: 'Add', inputs: ['x', 'z'], outputs: ['y'] },
      ],
      {
        initializers: { long: longs('long', [2 ** 19 + 100, 1, 1, 1]) },
      },
    ),
    { x: X },
    /Add "y": a value of shape 524388×1×1×1 is worked out, more than a file of this size may ask for/,
  ],
  [
    'a map without end',
    file([one('Expand', ['big'])], { initializers: { big: longs('big', [1, 2, 2 ** 30, 3]) } }),
    { x: X },
    /an axis of|shape/,
  ],
  [
    'a division by zero',
    file([{ op: 'Div', inputs: ['n', 'zero'], outputs: ['z'] }, one('Reshape', ['z'])], {
      initializers: { n: longs('n', [1]), zero: longs('zero', [0]) },
    }),
    { x: X },
    /divided by zero/,
  ],
  [
    'weights for other channels',
    file([one('Conv', ['w'])], { initializers: { w: numbers([1, 3, 1, 1], () => 1) } }),
    { x: X },
    /the map has 2/,
  ],
  [
    'a kernel that does not fit',
    file([one('Conv', ['w'])], { initializers: { w: numbers([1, 2, 5, 5], () => 1) } }),
    { x: X },
    /does not fit/,
  ],
  [
    'indices of windows that no byte tells',
    {
      inputs: { x: [1, 1, 16, 16] },
      outputs: ['y'],
      nodes: [
        { op: 'MaxPool', inputs: ['x'], outputs: ['p', 'i'], attributes: { kernel_shape: [16, 16], strides: [16, 16] } },
        { op: 'MaxUnpool', inputs: ['p', 'i'], outputs: ['y'], attributes: { kernel_shape: [16, 16], strides: [16, 16] } },
      ],
    },
    { x: [1, 1, 16, 16] },
    /windows of 16×16, more than 128 places/,
  ],
  [
    'indices by columns',
    file([
      {
        op: 'MaxPool',
        inputs: ['x'],
        outputs: ['p', 'i'],
        attributes: { kernel_shape: [2, 2], strides: [2, 2], storage_order: 1 },
      },
      { op: 'MaxUnpool', inputs: ['p', 'i'], outputs: ['y'], attributes: { kernel_shape: [2, 2], strides: [2, 2] } },
    ]),
    { x: [1, 2, 2, 2] },
    /run by columns/,
  ],
  ['a list where a number must be', file([one('Concat', ['x'], { axis: [1] })]), { x: X }, /axis is no whole number/],
];
for (const [title, spec, shapes, message] of wrong) {
  test(`refused: ${title}`, () => {
    try {
      imported(spec, shapes);
    } catch (error) {
      assert.instance(error, AtrousError);
      assert.match((error as AtrousError).message, message);
      return;
    }
    assert.unreachable('it was imported');
  });
}

test('a value that is called as ours are', () => {
  const nodes: NodeSpec[] = [
    { op: 'Relu', inputs: ['x'], outputs: ['input'] },
    { op: 'Neg', inputs: ['input'], outputs: ['frame'] },
  ];
  assert.equal(outputOf(file(nodes)).data.slice(0, 3), [-0, -1, -2]);
});

test('packed attributes, as proto3 writes them', () => {
  const extra = [
    { number: 5, wire: 2, value: [{ number: 1, wire: 2, value: new TextEncoder().encode('perm') }, ...ints(8, [0, 2, 3, 1])] },
  ];
  assert.equal(outputOf(file([{ op: 'Transpose', inputs: ['x'], outputs: ['y'], extra }])).dims, [1, 2, 3, 2]);
});

test('float16 weights stay the halves of the file', () => {
  const bits = Uint16Array.of(0x3c00, 0xc000, 0x3800, 0xb800);
  const w = [...ints(1, [2, 2, 1, 1], false), int(2, 10), text(8, 'w'), bytes(9, new Uint8Array(bits.buffer))];
  const cast: NodeSpec = { op: 'Cast', inputs: ['w'], outputs: ['wide'], attributes: { to: 1 } };
  for (const nodes of [[one('Conv', ['w'])], [cast, one('Conv', ['wide'])]]) {
    const spec = file(nodes, { initializers: { w } });
    const { dtype, bytes } = imported(spec).tensors.get('w')!;
    assert.equal([dtype, ...new Uint16Array(bytes.slice().buffer)], ['F16', ...bits]);
    assert.equal(outputOf(spec).data, [-12, -13, -14, -15, -16, -17, -3, -3, -3, -3, -3, -3]);
  }
});

const folder = shared('onnx/networks', 'imported networks are only the small ones that tests make themselves');
const TOLERANCE = { f32: 1e-5, f16: 3e-2, int8: 5e-2, classes: 2e-3 };

for (const entry of folder ? manifest(folder) : []) {
  for (const { title, judge } of await tasks(folder!, entry)) {
    test(title, async () => {
      const { error, refused } = await judge(onCpu);
      assert.is(refused, '');
      assert.ok(error! <= TOLERANCE[entry.kind], `off by ${error}`);
    });
  }
}

test.run();
