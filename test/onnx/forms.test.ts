// Forms that transformers, decoders of queries and newer exporters write: values of more axes than a picture has, windows beside one another, products by
// letters, places that are known, and constants of which something is made before a picture is there.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { refusalsOf } from '../../src/onnx/import.ts';
import { file, imported, one, outputOf, X } from './tiny.ts';
import { type FileSpec, longs, type NodeSpec, numbers } from './writer.ts';

type Numbers = NonNullable<FileSpec['initializers']>;
type Row = [title: string, nodes: NodeSpec[], initializers: Numbers, shape: number[], dims: number[], data: number[]];

const step = (op: string, inputs: string[], outputs: string, attributes: NodeSpec['attributes'] = {}): NodeSpec => ({
  op,
  inputs,
  outputs: [outputs],
  attributes,
});
const reshape = (from: string, shape: string, to: string): NodeSpec => step('Reshape', [from, shape], to);
const counted = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

const rows: Row[] = [
  [
    'a bias for every place of every window',
    [reshape('x', 'windows', 'w'), step('Transpose', ['w'], 't', { perm: [0, 2, 1] }), step('Add', ['t', 'bias'], 'y')],
    { windows: longs('windows', [2, 2, 2]), bias: numbers([1, 2, 2], n => 10 * n) },
    [1, 1, 2, 4],
    [2, 2, 2],
    [0, 12, 21, 33, 4, 16, 25, 37],
  ],
  [
    'a bias for half the places that lie along one axis of the map',
    [reshape('x', 'windows', 'w'), step('Add', ['w', 'bias'], 'y')],
    { windows: longs('windows', [2, 2]), bias: numbers([2], n => 10 * n) },
    [1, 1, 1, 4],
    [2, 2],
    [0, 11, 2, 13],
  ],
  [
    'the sum over groups of channels',
    [reshape('x', 'groups', 'g'), step('ReduceSum', ['g', 'one'], 'y', { keepdims: 0 })],
    { groups: longs('groups', [1, 2, 2, 1, 2]), one: longs('one', [1]) },
    [1, 4, 1, 2],
    [1, 2, 1, 2],
    [4, 6, 8, 10],
  ],
  [
    'maps joined along a new axis',
    [
      step('Neg', ['x'], 'n'),
      step('Unsqueeze', ['x', 'one'], 'a'),
      step('Unsqueeze', ['n', 'one'], 'b'),
      step('Concat', ['a', 'b'], 'y', { axis: 1 }),
    ],
    { one: longs('one', [1]) },
    X,
    [1, 2, 2, 2, 3],
    [...counted, ...counted.map(n => -n)],
  ],
  [
    'a roll by nothing',
    [
      step('Slice', ['x', 'none', 'all', 'axis'], 'a'),
      step('Slice', ['x', 'all', 'end', 'axis'], 'b'),
      step('Concat', ['b', 'a'], 'y', { axis: 3 }),
    ],
    { none: longs('none', [0]), all: longs('all', [3]), end: longs('end', [9]), axis: longs('axis', [3]) },
    X,
    X,
    counted,
  ],
  [
    'windows joined and cut again',
    [
      reshape('x', 'windows', 'w'),
      step('Concat', ['w', 'more', 'w'], 'j', { axis: 0 }),
      step('Slice', ['j', 'from', 'to', 'axis'], 'y'),
    ],
    {
      windows: longs('windows', [2, 2, 3]),
      more: numbers([1, 2, 3], n => 100 + n),
      from: longs('from', [1]),
      to: longs('to', [4]),
      axis: longs('axis', [0]),
    },
    X,
    [3, 2, 3],
    [...counted.slice(6), 100, 101, 102, 103, 104, 105, ...counted.slice(0, 6)],
  ],
  [
    'two that grow by axes that lie along the same one',
    [reshape('x', 'rows', 'a'), reshape('x', 'columns', 'b'), step('Add', ['a', 'b'], 'y')],
    { rows: longs('rows', [2, 2, 1]), columns: longs('columns', [2, 1, 2]) },
    [1, 1, 1, 4],
    [2, 2, 2],
    [0, 1, 1, 2, 4, 5, 5, 6],
  ],
  [
    'a map and a constant that both grow',
    [step('Sub', ['x', 'code'], 'y')],
    { code: numbers([1, 1, 2, 1], n => 10 * n) },
    [1, 2, 1, 3],
    [1, 2, 2, 3],
    [0, 1, 2, -10, -9, -8, 3, 4, 5, -7, -6, -5],
  ],
  [
    'a norm of rows of numbers',
    [reshape('x', 'rows', 'r'), step('BatchNormalization', ['r', 's', 'b', 'b', 'v'], 'y', { epsilon: { float: 0 } })],
    { rows: longs('rows', [4, 3]), s: numbers([3], n => n), b: numbers([3], () => 1), v: numbers([3], () => 1) },
    X,
    [4, 3],
    [1, 1, 3, 1, 4, 9, 1, 7, 15, 1, 10, 21],
  ],
  [
    'products by letters',
    [step('Einsum', ['x', 'x'], 'y', { equation: 'bchw,bkhw->bck' })],
    {},
    [1, 2, 1, 2],
    [1, 2, 2],
    [1, 3, 3, 13],
  ],
  [
    'letters that nothing is summed over',
    [step('Einsum', ['x', 'c'], 'y', { equation: 'bchw,bc->bchw' })],
    { c: numbers([1, 2], n => [1, 10][n]) },
    [1, 2, 1, 2],
    [1, 2, 1, 2],
    [0, 1, 20, 30],
  ],
  [
    'letters behind all others, and three values',
    [step('Einsum', ['m', 'x', 'c'], 'y', { equation: 'ij,...j,j->...i' })],
    { m: numbers([2, 3], n => n), c: numbers([3], () => 2) },
    X,
    [1, 2, 2, 2],
    [10, 28, 28, 100, 46, 172, 64, 244],
  ],
  [
    'a matrix a window, known',
    [reshape('x', 'windows', 'w'), step('MatMul', ['w', 'm'], 'y')],
    { windows: longs('windows', [2, 2, 3]), m: numbers([2, 3, 1], n => n) },
    X,
    [2, 2, 1],
    [5, 14, 86, 122],
  ],
  [
    'constants put in a channel’s place',
    [step('ScatterND', ['x', 'at', 'u'], 'y')],
    { at: longs('at', [0, 1], [1, 1, 2]), u: numbers([1, 1, 2, 3], n => 100 + n) },
    X,
    X,
    [0, 1, 2, 3, 4, 5, 100, 101, 102, 103, 104, 105],
  ],
  [
    'a map put in a box of constants',
    [step('Slice', ['x', 'from', 'to', 'axes'], 's'), step('ScatterND', ['zeros', 'at', 's'], 'y')],
    {
      ...{ from: longs('from', [0, 1]), to: longs('to', [1, 3]), axes: longs('axes', [2, 3]) },
      at: longs('at', [0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 1], [1, 2, 1, 2, 4]),
      zeros: numbers(X, () => 0),
    },
    X,
    X,
    [1, 2, 0, 0, 0, 0, 7, 8, 0, 0, 0, 0],
  ],
  [
    'channels by their coordinates',
    [step('GatherND', ['x', 'at'], 'y')],
    { at: longs('at', [0, 1, 0, 0, 0, 1], [3, 2]) },
    X,
    [3, 2, 3],
    [...counted.slice(6), ...counted.slice(0, 6), ...counted.slice(6)],
  ],
  [
    'windows by tables of rows and of columns',
    [step('Transpose', ['x'], 't', { perm: [2, 3, 0, 1] }), step('GatherND', ['t', 'at'], 'y')],
    // Rows 1, then columns 0 and 1, 1 and 2.
    { at: longs('at', [1, 0, 1, 1, 1, 1, 1, 2], [1, 2, 2, 2]) },
    [1, 1, 2, 3],
    [1, 2, 2, 1, 1],
    [3, 4, 4, 5],
  ],
  [
    'sums along a row',
    [step('CumSum', ['x', 'axis'], 'y')],
    { axis: longs('axis', [3], []) },
    X,
    X,
    [0, 1, 3, 3, 7, 12, 6, 13, 21, 9, 19, 30],
  ],
  [
    'sums of what comes behind',
    [step('CumSum', ['x', 'axis'], 'y', { exclusive: 1, reverse: 1 })],
    { axis: longs('axis', [-1], []) },
    X,
    X,
    [3, 2, 0, 9, 5, 0, 15, 8, 0, 21, 11, 0],
  ],
  [
    'one or another number by a condition that is known',
    [step('Greater', ['c', 'half'], 'b'), step('Where', ['b', 'x', 'half'], 'y')],
    { c: numbers([3], n => n), half: numbers([], () => 0.5) },
    X,
    X,
    counted.map(n => (n % 3 ? n : 0.5)),
  ],
];

/** What is made of constants alone, and added to x. */
const constants: [title: string, nodes: NodeSpec[], initializers: Numbers, expected: number[]][] = [
  [
    'a product',
    [step('MatMul', ['a', 'b'], 'k')],
    { a: numbers([2, 1, 2], n => n), b: numbers([2, 3], n => n) },
    [3, 4, 5, 3, 4, 5, 9, 14, 19, 9, 14, 19],
  ],
  [
    'a table of places, brought to a size',
    [step('Resize', ['p', '', 'scales'], 'k', { mode: 'linear' })],
    { p: numbers([1, 2, 1, 3], n => 4 * n), scales: numbers([4], n => (n === 2 ? 2 : 1)) },
    [0, 4, 8, 0, 4, 8, 12, 16, 20, 12, 16, 20],
  ],
  [
    'the same along columns',
    [step('Resize', ['p', '', '', 'sizes'], 'k', { mode: 'linear' })],
    { p: numbers([1, 1, 1, 2], n => 6 * n), sizes: longs('sizes', [1, 1, 1, 3]) },
    [0, 3, 6, 0, 3, 6, 0, 3, 6, 0, 3, 6],
  ],
  [
    'curves and sums along axes',
    [
      step('Clip', ['p', 'low'], 'a'),
      step('ReduceL1', ['a'], 'b', { axes: [2] }),
      step('ReduceMean', ['b'], 'c', { axes: [1] }),
      step('Sign', ['c'], 'd'),
      step('Mul', ['c', 'd'], 'k'),
    ],
    { p: numbers([2, 2, 3], n => n), low: numbers([], () => 2) },
    [9, 9, 9, 9, 9, 9, 25.5, 25.5, 25.5, 25.5, 25.5, 25.5],
  ],
  [
    'a triangle of sums',
    [step('CumSum', ['p', 'axis'], 'a'), step('Trilu', ['a'], 'k', { upper: 0 })],
    { p: numbers([2, 3], n => n), axis: longs('axis', [1], []) },
    [0, 0, 0, 3, 7, 0, 0, 0, 0, 3, 7, 0],
  ],
  [
    'what is ones along a diagonal',
    [step('EyeLike', ['p'], 'k', { k: 1 })],
    { p: numbers([2, 3], n => n) },
    [0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1],
  ],
  [
    'constants put in a constant’s places',
    [step('ScatterND', ['p', 'at', 'u'], 'k')],
    { p: numbers([2, 3], n => n), at: longs('at', [1, 1, 0, 2], [2, 2]), u: numbers([2], n => 70 + n) },
    [0, 1, 71, 3, 70, 5, 0, 1, 71, 3, 70, 5],
  ],
  [
    'by an operator that is not worked out before',
    [step('Softmax', ['p'], 'k', { axis: 1 })],
    { p: numbers([1, 2, 1, 1], () => 3) },
    Array(12).fill(0.5),
  ],
];

for (const [title, nodes, initializers, shape, dims, data] of [
  ...rows,
  ...constants.map(([title, nodes, initializers, expected]): Row => {
    const sum = step('Add', ['x', 'k'], 'y');
    return [`of constants: ${title}`, [...nodes, sum], initializers, X, X, expected.map((value, n) => value + n)];
  }),
]) {
  test(title, () => {
    const got = outputOf(file(nodes, { initializers, inputs: { x: shape } }), shape);
    assert.equal(got.dims, dims);
    assert.ok(
      got.data.length === data.length && got.data.every((value, n) => Math.abs(value - data[n]) < 1e-5),
      `${got.data} instead of ${data}`,
    );
  });
}

test('weights that are standardised in the file are weights of the graph', () => {
  const norm = step('BatchNormalization', ['flat', 'one', 'zero', 'zero', 'one'], 'n', { training_mode: 1, epsilon: { float: 0 } });
  const nodes = [reshape('w', 'rows', 'flat'), norm, reshape('n', 'kernel', 'k'), one('Conv', ['k'])];
  const initializers = {
    ...{ rows: longs('rows', [1, 2, -1]), kernel: longs('kernel', [2, 2, 1, 1]), w: numbers([2, 2, 1, 1], n => [1, 3, 5, 1][n]) },
    ...{ one: numbers([2], () => 1), zero: numbers([2], () => 0) },
  };
  const spec = file(nodes, { initializers });
  assert.equal(
    imported(spec).graph.nodes.map(({ op }) => op),
    ['conv'],
  );
  // Rows −1, 1 and 1, −1.
  assert.equal(outputOf(spec).data, [6, 6, 6, 6, 6, 6, -6, -6, -6, -6, -6, -6]);
});

test('the logarithm of a sum of powers, of numbers whose powers are infinite', () => {
  const { data } = outputOf(
    file([step('Mul', ['x', 'k'], 'm'), step('ReduceLogSumExp', ['m'], 'y', { axes: [3], keepdims: 0 })], {
      initializers: { k: numbers([], () => 100) },
    }),
  );
  assert.ok(
    data.every((value, n) => Math.abs(value - 100 * (3 * n + 2)) < 1e-9),
    `${data}`,
  );
});

const refused: [title: string, nodes: NodeSpec | NodeSpec[], initializers: Numbers, reason: RegExp][] = [
  [
    'updates here and there',
    step('ScatterND', ['x', 'at', 'u'], 'y'),
    { at: longs('at', [0, 0, 0, 0, 0, 1, 1, 1], [2, 4]), u: numbers([2], n => n) },
    /no box/,
  ],
  [
    'updates that are added',
    step('ScatterND', ['x', 'at', 'u'], 'y', { reduction: 'add' }),
    { at: longs('at', [0], [1, 1]), u: numbers(X, n => n) },
    /added to what is there/,
  ],
  [
    'places here and there',
    step('GatherND', ['x', 'at'], 'y'),
    { at: longs('at', [0, 0, 0, 0, 1, 1, 0, 1, 0], [3, 3]) },
    /no table an axis/,
  ],
  [
    'a curve of nothing',
    [step('Slice', ['x', 'all', 'all', 'axis'], 'n'), step('Elu', ['n'], 'y')],
    { all: longs('all', [3]), axis: longs('axis', [3]) },
    /holds nothing/,
  ],
  ['a diagonal', step('Einsum', ['x'], 'y', { equation: 'bchh->bch' }), {}, /a letter twice/],
  ['a letter of no input', step('Einsum', ['x'], 'y', { equation: 'bchw->bk' }), {}, /stands in no input/],
];
for (const [title, nodes, initializers, reason] of refused) {
  test(`refused: ${title}`, () => {
    try {
      imported(file([nodes].flat(), { initializers }));
    } catch (error) {
      assert.match(refusalsOf(error)[0].reason, reason);
      return;
    }
    assert.unreachable();
  });
}

test.run();
