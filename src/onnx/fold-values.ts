// What operators of networks mean for values that are known: weights that are made of others (standardised, normalised), tables of places that are
// brought to a size, what a decoder asks before it has seen a picture. Worked out once, when a file is imported; ONNX's formulas, sums in float64.
import { curveOf } from '../graph/formulas.ts';
import type { Curve } from '../graph/numbered.ts';
import { count } from '../weights/tensor.ts';
import { axisOf, broadcast, type Element, type Known, printDims, strides } from './array.ts';
import { type Call, floatOf, intOf } from './call.ts';
import { axesOf, each, type Folding, made, must, numberOf, reader } from './fold.ts';
import { tapsByAxis } from './operators/resizes.ts';
import { refuse } from './refusal.ts';
import { scattered } from './scatter.ts';

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const squares = (values: readonly number[]): number => values.reduce((total, value) => total + value * value, 0);

export const valueFoldings: readonly (readonly [string, Folding])[] = [
  ...curves({ Sigmoid: 'sigmoid', Tanh: 'tanh', Erf: 'erf', Softplus: 'softplus', HardSwish: 'hard-swish', Sign: 'sign' }),
  ['Sin', each(Math.sin)],
  ['Cos', each(Math.cos)],
  [
    'Clip',
    (call, [x, low, high]) => {
      const [from, to] = [
        numberOf(call, low, 'min', Number.NEGATIVE_INFINITY),
        numberOf(call, high, 'max', Number.POSITIVE_INFINITY),
      ];
      return each(value => Math.min(Math.max(value, from), to))(call, [x]);
    },
  ],
  ['ReduceMean', reduction(values => sum(values) / values.length)],
  ['ReduceSum', reduction(sum)],
  ['ReduceMax', reduction(values => values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY))],
  ['ReduceMin', reduction(values => values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY))],
  ['ReduceL1', reduction(values => values.reduce((total, value) => total + Math.abs(value), 0))],
  ['ReduceL2', reduction(values => Math.sqrt(squares(values)))],
  ['ReduceSumSquare', reduction(squares)],
  ['BatchNormalization', batchnorm],
  ['MatMul', matmul],
  ['Resize', resize],
  ['CumSum', cumulative],
  ['EyeLike', (call, [x]) => eye(call, must(x))],
  ['Trilu', (call, [x, k]) => triangle(call, must(x), k ? must(k).values()[0] : 0)],
  ['ScatterND', (call, [data, at, updates]) => scatter(call, must(data), must(at), must(updates))],
];

function curves(table: Record<string, Curve>): [string, Folding][] {
  return Object.entries(table).map(([op, name]) => [op, each(x => curveOf[name](x, 0, 0))]);
}

/** What `f` makes of the numbers along some axes, for every place of the others. */
function overAxes(x: Known, axes: readonly number[], f: (values: readonly number[]) => number): number[] {
  const steps = strides(x.dims);
  const places = (along: readonly number[]): number[] =>
    along.reduce((all, axis) => all.flatMap(at => Array.from({ length: x.dims[axis] }, (_, n) => at + n * steps[axis])), [0]);
  const inside = places(axes);
  const values = x.values();
  return places([...x.dims.keys()].filter(axis => !axes.includes(axis))).map(first => f(inside.map(at => values[first + at])));
}

function reduction(f: (values: readonly number[]) => number): Folding {
  return (call, [input, given]) => {
    const x = must(input);
    const listed = axesOf(call, given, x.dims.length);
    if (!listed?.length && intOf(call.node, 'noop_with_empty_axes', 0)) return x;
    const axes = listed?.length ? listed : x.dims.map((_, axis) => axis);
    const keep = intOf(call.node, 'keepdims', 1);
    const dims = x.dims.flatMap((size, n) => (axes.includes(n) ? (keep ? [1] : []) : [size]));
    const values = overAxes(x, axes, f);
    return made(call, x.element, dims, n => values[n]);
  };
}

/** In training mode by the statistics of its own numbers: how weights are standardised. */
function batchnorm(call: Call, [input, ...given]: readonly (Known | null)[]): Known {
  const x = must(input);
  const channels = x.dims[1] ?? 1;
  const [scale, shift, mean, variance] = [0, 1, 2, 3].map(n => {
    const table = must(given[n]).values();
    return table.length === channels ? table : refuse(`${table.length} numbers for ${channels} channels`);
  });
  const others = x.dims.flatMap((_, n) => (n === 1 ? [] : [n]));
  const training = intOf(call.node, 'training_mode', 0) !== 0;
  const means = training ? overAxes(x, others, values => sum(values) / values.length) : mean;
  const centred = (values: readonly number[]): number => squares(values) / values.length - (sum(values) / values.length) ** 2;
  const variances = training ? overAxes(x, others, centred) : variance;
  const epsilon = floatOf(call.node, 'epsilon', 1e-5);
  const values = x.values();
  const inner = count(x.dims.slice(2));
  return made(call, 'float', x.dims, n => {
    const c = Math.floor(n / inner) % channels;
    return ((values[n] - means[c]) / Math.sqrt(variances[c] + epsilon)) * scale[c] + shift[c];
  });
}

function matmul(call: Call, [left, right]: readonly (Known | null)[]): Known {
  const [a, b] = [must(left), must(right)];
  const [rows, inner] = a.dims.length > 1 ? a.dims.slice(-2) : [1, a.dims[0]];
  const columns = b.dims.length > 1 ? b.dims.at(-1)! : 1;
  if (inner !== (b.dims.length > 1 ? b.dims.at(-2) : b.dims[0]))
    refuse(`a product of ${printDims(a.dims)} by ${printDims(b.dims)}`);
  const batch = broadcast(a.dims.slice(0, -2), b.dims.slice(0, -2));
  const [p, q] = [
    reader(wide(a, [rows, inner]), [...batch, rows, inner]),
    reader(wide(b, [inner, columns]), [...batch, inner, columns]),
  ];
  const dims = [...batch, ...(a.dims.length > 1 ? [rows] : []), ...(b.dims.length > 1 ? [columns] : [])];
  call.spend([count(dims), inner]);
  return made(call, a.element, dims, n => {
    const [at, row, column] = [Math.floor(n / (rows * columns)), Math.floor(n / columns) % rows, n % columns];
    let total = 0;
    for (let k = 0; k < inner; k++) total += p((at * rows + row) * inner + k) * q((at * inner + k) * columns + column);
    return total;
  });
}

const wide = (x: Known, matrix: readonly number[]): Known => ({ ...x, dims: [...x.dims.slice(0, -2), ...matrix] });

/** Axis by axis. */
function resize(call: Call, inputs: readonly (Known | null)[]): Known {
  const { to, taps } = tapsByAxis({ ...call, inputs }, must(inputs[0]).dims);
  return taps.reduce((x: Known, entries, axis) => {
    if (!entries) return x;
    const dims = x.dims.map((size, n) => (n === axis ? to[n] : size));
    const [step, values] = [strides(x.dims)[axis], x.values()];
    const most = Math.max(...entries.map(list => list.length));
    call.spend([...dims, most]);
    return made(call, 'float', dims, n => {
      const first = Math.floor(n / (step * to[axis])) * step * x.dims[axis] + (n % step);
      const list = entries[Math.floor(n / step) % to[axis]];
      let total = 0;
      for (let at = 0; at < list.length; at += 2) total += list[at + 1] * values[first + list[at] * step];
      return total;
    });
  }, must(inputs[0]));
}

function cumulative(call: Call, [input, along]: readonly (Known | null)[]): Known {
  const x = must(input);
  const axis = axisOf(must(along).values()[0], x.dims.length);
  const [exclusive, reverse] = [intOf(call.node, 'exclusive', 0), intOf(call.node, 'reverse', 0)];
  const [step, size] = [strides(x.dims)[axis], x.dims[axis]];
  const values = Array.from(x.values());
  const totals = values.slice();
  const order = values.map((_, n) => (reverse ? values.length - 1 - n : n));
  for (const n of order) {
    const place = Math.floor(n / step) % size;
    const before = reverse ? n + step : n - step;
    const first = reverse ? place === size - 1 : place === 0;
    totals[n] = (first ? 0 : totals[before] + (exclusive ? values[before] : 0)) + (exclusive ? 0 : values[n]);
  }
  return made(call, x.element, x.dims, n => totals[n]);
}

function eye(call: Call, x: Known): Known {
  const k = intOf(call.node, 'k', 0);
  const [, columns] = x.dims;
  if (x.dims.length !== 2) refuse(`a map of shape ${printDims(x.dims)}`);
  return made(call, elementOf(call, x.element), x.dims, n => Number((n % columns) - Math.floor(n / columns) === k));
}

function elementOf({ node }: Call, absent: Element): Element {
  const type = intOf(node, 'dtype', 0);
  return type === 0 ? absent : type === 9 ? 'bool' : [1, 10, 11, 16].includes(type) ? 'float' : 'int';
}

function triangle(call: Call, x: Known, k: number): Known {
  const upper = intOf(call.node, 'upper', 1) !== 0;
  const [rows, columns] = x.dims.slice(-2);
  const values = x.values();
  return made(call, x.element, x.dims, n => {
    const off = (n % columns) - (Math.floor(n / columns) % rows);
    return (upper ? off >= k : off <= k) ? values[n] : 0;
  });
}

function scatter(call: Call, data: Known, at: Known, updates: Known): Known {
  const from = scattered(call, data.dims, at);
  const inner = count(data.dims.slice(at.dims.at(-1)!));
  const [old, fresh] = [data.values(), updates.values()];
  return made(call, data.element, data.dims, n => {
    const row = from[Math.floor(n / inner)];
    return row < 0 ? old[n] : fresh[row * inner + (n % inner)];
  });
}
