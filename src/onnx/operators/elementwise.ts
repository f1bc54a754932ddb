// Numbers one by one: curves, batch norm, and two values with broadcasting.
import type { Constant } from '../../graph/constant.ts';
import { operationOf } from '../../graph/formulas.ts';
import type { Activation, Shape } from '../../graph/graph.ts';
import type { Curve, Operation } from '../../graph/numbered.ts';
import { count } from '../../weights/tensor.ts';
import { broadcast, type Known, known } from '../array.ts';
import { floatOf, intOf, textOf } from '../call.ts';
import { castTo, numberOf, reader } from '../fold.ts';
import { type Axes, type Factor, isPicture, type Mapped, sameAxes } from '../layout.ts';
import type { Making, Operator, Value } from '../operator.ts';
import { channelsAt, constantMap, laidOut, valuesLaid } from '../pen.ts';
import { refuse } from '../refusal.ts';
import { anyMap, input, knownIn, mapIn, mustKnow, nameOf } from './inputs.ts';
import { expanded } from './moves.ts';

const BIG = 3.4e38;

export const elementwise: Record<string, Operator> = {
  Identity: making => anyMap(making),
  Dropout: making => anyMap(making),
  Cast: cast,
  Clip: making => {
    const [low, high] = [1, 2].map(n => knownIn(making, n));
    return curve(making, 'clip', numberOf(making, low, 'min', -BIG), numberOf(making, high, 'max', BIG));
  },
  LeakyRelu: ({ node, ...rest }) => curve({ node, ...rest }, 'leaky', floatOf(node, 'alpha', 0.01)),
  Elu: making => curve(making, 'elu', floatOf(making.node, 'alpha', 1)),
  Celu: making => curve(making, 'celu', floatOf(making.node, 'alpha', 1)),
  Selu: ({ node, ...rest }) =>
    curve({ node, ...rest }, 'selu', floatOf(node, 'alpha', 1.6732632423543772), floatOf(node, 'gamma', 1.0507009873554805)),
  HardSigmoid: ({ node, ...rest }) =>
    curve({ node, ...rest }, 'hard-sigmoid', floatOf(node, 'alpha', 0.2), floatOf(node, 'beta', 0.5)),
  ThresholdedRelu: making => curve(making, 'threshold', floatOf(making.node, 'alpha', 1)),
  Gelu: making => curve(making, textOf(making.node, 'approximate', 'none') === 'tanh' ? 'gelu-tanh' : 'gelu'),
  PRelu: prelu,
  Pow: power,
  BatchNormalization: batchnorm,
  ...named({
    Relu: 'relu',
    Sigmoid: 'sigmoid',
    HardSwish: 'hard-swish',
    Softplus: 'softplus',
    Softsign: 'softsign',
    Mish: 'mish',
    Tanh: 'tanh',
    Erf: 'erf',
    Exp: 'exp',
    Log: 'log',
    Sqrt: 'sqrt',
    Neg: 'negative',
    Abs: 'absolute',
    Floor: 'floor',
    Ceil: 'ceil',
    Round: 'round',
    Sign: 'sign',
    Reciprocal: 'reciprocal',
  }),
  ...combined({ Add: 'add', Sub: 'sub', Mul: 'mul', Div: 'div', Max: 'max', Min: 'min', Sum: 'add' }),
  ...combined({ Greater: 'greater', Less: 'less', Equal: 'equal' }),
  Mean: making => {
    const node = { ...making.node, outputs: [`${nameOf(making)}.sum`] };
    const sum = combined({ Sum: 'add' }).Sum({ ...making, node }) as Value;
    const number = known('float', [], [making.inputs.length]);
    return combine(making, 'div', sum, number, nameOf(making));
  },
  Where: where,
};

function named(table: Record<string, Curve>): Record<string, Operator> {
  return Object.fromEntries(Object.entries(table).map(([op, curveName]) => [op, (making: Making) => curve(making, curveName)]));
}

function curve(making: Making, name: Curve, a = 0, b = 0): Mapped {
  const x = anyMap(making);
  return { ...x, value: making.pen.emit('activate', nameOf(making), { x: x.value }, { curve: name, a, b }) };
}

/** Floats stay what they are; classes may become whole numbers of any type. */
function cast(making: Making): Value {
  const x = input(making, 0) ?? refuse('input 0 is left out');
  const to = castTo(making);
  if (x.kind === 'map' && x.whole && to === 'float') return { ...x, whole: false };
  if (x.kind === 'map' && (x.classes || x.whole || to === 'float')) return x;
  return refuse('a cast of numbers that are made when the network runs to whole ones');
}

/** condition · a + (1 − condition) · b: each product is the number itself or zero. */
function where(making: Making): Value {
  const [condition, a, b] = making.inputs.map(value => value ?? refuse('an input is left out'));
  const name = nameOf(making);
  const step = (operation: Operation, p: Value, q: Value, suffix: string): Value =>
    combine(making, operation, p, q, `${name}${suffix}`);
  const other = step('sub', known('float', [], [1]), condition, '.otherwise');
  return step('add', step('mul', condition, a, '.chosen'), step('mul', other, b, '.left'), '');
}

function prelu(making: Making): Mapped {
  const { pen } = making;
  const x = mapIn(making);
  const slope = mustKnow(making, 1);
  const name = nameOf(making);
  if (count(slope.dims) === 1)
    return { ...x, value: pen.emit('activate', name, { x: x.value }, { curve: 'leaky', a: slope.values()[0], b: 0 }) };
  const shape = inFrame(slope, x);
  if (shape.c !== x.shape.c || shape.h > 1 || shape.w > 1) {
    // max(x, 0) + slope · min(x, 0).
    const part = (side: string, a: number, b: number): Mapped => ({
      ...x,
      value: pen.emit('activate', `${name}.${side}`, { x: x.value }, { curve: 'clip', a, b }),
    });
    const below = combine(making, 'mul', part('below', -BIG, 0), slope, `${name}.sloped`);
    return combine(making, 'add', part('above', 0, BIG), below, name) as Mapped;
  }
  const constants = { slope: pen.weights(`${name}.slope`, slope, [x.shape.c]) };
  return { ...x, value: pen.emit('activate', name, { x: x.value }, { curve: 'prelu', a: 0, b: 0 }, constants) };
}

/** One power of all numbers is a curve; square roots have one of their own, which is exact. */
function power(making: Making): Value {
  const [base, exponent] = making.inputs.map(value => value ?? refuse('an input is left out'));
  if (exponent.kind === 'map' || count(exponent.dims) !== 1) return combine(making, 'power', base, exponent, nameOf(making));
  const [value] = Array.from(exponent.values());
  return value === 0.5 ? curve(making, 'sqrt') : curve(making, 'power', value);
}

/** A norm of the graph, which folds into the convolution before it. */
function batchnorm(making: Making): Mapped {
  const { node } = making;
  if (intOf(node, 'training_mode', 0)) refuse('it is in training mode: export the model for inference');
  const x = channelsIn(making);
  const [weight, bias, running_mean, running_var] = [1, 2, 3, 4].map(n => {
    const numbers = mustKnow(making, n);
    if (count(numbers.dims) !== x.shape.c) refuse(`${count(numbers.dims)} numbers for ${x.shape.c} channels`);
    return numbers.values();
  });
  const parts = { weight, bias, running_mean, running_var };
  return { ...x, value: emitNorm(making, nameOf(making), x.value, floatOf(node, 'epsilon', 1e-5), parts) };
}

/** As channels, rows and columns; rows of vectors as pixels. */
function channelsIn(making: Making): Mapped {
  const x = anyMap(making);
  return isPicture(x.dims) ? mapIn(making) : channelsAt(making, x, 1);
}

/** By the tensors' names. */
type NormParts = Readonly<Record<'weight' | 'bias' | 'running_mean' | 'running_var', ArrayLike<number>>>;

function emitNorm(making: Making, name: string, x: string, epsilon: number, parts: NormParts): string {
  const { pen } = making;
  // Whole numbers become real ones by a factor before their biases are added: of both the convolution before them takes one alone.
  const before = pen.nodes.find(node => node.name === x);
  if (before?.op === 'activate' && before.attributes.curve === 'affine')
    return emitNorm(making, name, before.inputs.x, 0, behind(parts, epsilon, before.attributes));
  const norm = { name: pen.fresh(`${name}.norm`), channels: parts.weight.length, epsilon };
  for (const [part, numbers] of Object.entries(parts)) pen.table(`${norm.name}.${part}`, [norm.channels], numbers);
  const constants: Record<string, Constant> = { scale: { kind: 'scale', norm }, shift: { kind: 'shift', norm, bias: null } };
  return pen.emit('batchnorm', name, { x }, { fused: {} }, constants);
}

/** The norm of a·x + b as one of x. */
function behind({ weight, bias, running_mean, running_var }: NormParts, epsilon: number, { a, b }: Activation): NormParts {
  const scales = Array.from(weight, (gamma, n) => gamma / Math.sqrt(running_var[n] + epsilon));
  return {
    weight: scales.map(scale => scale * a),
    bias: scales.map((scale, n) => bias[n] + (b - running_mean[n]) * scale),
    running_mean: scales.map(() => 0),
    running_var: scales.map(() => 1),
  };
}

function combined(table: Record<string, Operation>): Record<string, Operator> {
  return Object.fromEntries(
    Object.entries(table).map(([op, operation]) => [
      op,
      (making: Making): Value => {
        const [first, ...rest] = making.inputs.map(value => value ?? refuse('an input is left out'));
        // Sum, Max and Min take any number.
        return rest.reduce(
          (a, b, n) => combine(making, operation, a, b, n === rest.length - 1 ? nameOf(making) : `${nameOf(making)}.${n}`),
          first,
        );
      },
    ]),
  );
}

export function combine(making: Making, operation: Operation, a: Value, b: Value, name: string): Value {
  const { pen } = making;
  if (a.kind === 'known' && b.kind === 'known') return combinedKnown(making, operation, a, b);
  const [x, other, swapped] = a.kind === 'map' ? [a, b, false] : [b as Mapped, a, true];
  if (operation === 'sub' && a.kind === 'map' && a.indices?.from === 'map') {
    const other = b.kind === 'map' ? b.indices : undefined;
    if (other?.from === 'channels begin' && other.h === a.indices.h && other.w === a.indices.w && b.dims[1] === a.dims[1])
      return { ...a, indices: { ...a.indices, from: 'channel' } };
  }
  for (const each of [x, other])
    if (each.kind === 'map' && (each.classes || each.indices || each.quantised))
      refuse('it reads classes, indices or quantised numbers, which are no numbers to count with');
  const dims = broadcast(x.dims, other.dims);
  if (other.kind === 'known') return withConstant(making, operation, x, other, swapped, dims, name);
  // The larger of the two lends its layout.
  const [frame, guest, turned] = count(x.dims) >= count(other.dims) ? [x, other, swapped] : [other, x, !swapped];
  const laid = inLayoutOf(making, guest, frame);
  // Axes that share one of ours in one of them, and not in the other, are written out in both.
  if (!laid) return combine(making, operation, expanded(making, a as Mapped, dims), expanded(making, b as Mapped, dims), name);
  const same = (['c', 'h', 'w'] as const).every(axis => frame.shape[axis] === laid.shape[axis]);
  const grown = grownAxes(frame, laid, dims);
  if (operation === 'add' && same)
    return {
      ...frame,
      ...grown,
      dims,
      value: pen.emit('add', name, { x: frame.value, other: laid.value }, { fused: {} }),
    };
  const gate = operation === 'mul' && laid.shape.h === 1 && laid.shape.w === 1 && laid.shape.c === frame.shape.c;
  if (gate) return { ...frame, ...grown, dims, value: pen.emit('mul', name, { x: frame.value, gate: laid.value }, {}) };
  const value = pen.emit('combine', name, { x: frame.value, other: laid.value }, { operation, swapped: turned, fused: {} });
  return { ...frame, ...grown, dims, value };
}

function combinedKnown({ spend }: Making, operation: Operation, a: Known, b: Known): Known {
  const dims = broadcast(a.dims, b.dims);
  spend(dims);
  const [p, q] = [reader(a, dims), reader(b, dims)];
  const values = Float64Array.from({ length: count(dims) }, (_, n) => operationOf[operation](p(n), q(n)));
  return known('float', dims, values);
}

/** A smaller value laid out like a larger one, one place where it has one. Null where no layout of the two says it. */
function inLayoutOf({ pen }: Making, guest: Mapped, frame: Mapped): Mapped | null {
  const rank = Math.max(frame.dims.length, guest.dims.length);
  const pad = <T>(list: readonly T[], one: T): T[] => [...Array(rank - list.length).fill(one), ...list];
  const [frameAxes, dims] = [pad(frame.axes, []), pad(guest.dims, 1)];
  const own: Mapped = { ...guest, dims, axes: pad(guest.axes, []) };
  const frameDims = pad(frame.dims, 1);
  // Axes that the frame lacks and the guest has: both grow, and the guest keeps its own places for them.
  const free = dims.map((size, n) => (size > 1 && frameDims[n] === 1 ? own.axes[n] : []));
  const axes: Axes = frameAxes.map((list, n) => (dims[n] === 1 ? free[n] : frameDims[n] === 1 ? free[n] : list));
  const shape: Shape = { c: sizeAlong(axes, 'c'), h: sizeAlong(axes, 'h'), w: sizeAlong(axes, 'w') };
  const grows = (axis: Factor['axis']): boolean => free.flat().some(factor => factor.axis === axis);
  const clash = (['c', 'h', 'w'] as const).some(
    axis => shape[axis] > 1 && frame.shape[axis] > 1 && (shape[axis] !== frame.shape[axis] || grows(axis)),
  );
  if (clash) return null;
  return sameAxes(own.axes, axes) && count(dims) === shape.c * shape.h * shape.w && sameShape(own.shape, shape)
    ? { ...own, axes }
    : laidOut(pen, own, shape, axes, `${guest.value}.laid`);
}

const sameShape = (a: Shape, b: Shape): boolean => a.c === b.c && a.h === b.h && a.w === b.w;

function sizeAlong(axes: Axes, axis: Factor['axis']): number {
  return axes
    .flat()
    .filter(factor => factor.axis === axis)
    .reduce((product, { size }) => product * size, 1);
}

/** Shape and axes of the result where both operands grow. */
function grownAxes(frame: Mapped, guest: Mapped, dims: readonly number[]): Pick<Mapped, 'shape' | 'axes'> {
  const pad = (axes: Axes): Axes => [...Array(dims.length - axes.length).fill([]), ...axes];
  const [own, theirs] = [pad(frame.axes), pad(guest.axes)];
  const along = (axis: Factor['axis']): number => Math.max(frame.shape[axis], guest.shape[axis]);
  return { shape: { c: along('c'), h: along('h'), w: along('w') }, axes: own.map((list, n) => (list.length ? list : theirs[n])) };
}

/** Places that a known value takes in the layout of a map: 1 along what it stands for as a whole. */
function inFrame(value: Known, frame: Mapped): Shape {
  const lead = frame.dims.length - value.dims.length;
  const axes = frame.axes.map((list, n) => ((value.dims[n - lead] ?? 1) === 1 ? [] : list));
  return { c: sizeAlong(axes, 'c'), h: sizeAlong(axes, 'h'), w: sizeAlong(axes, 'w') };
}

function withConstant(
  making: Making,
  operation: Operation,
  x: Mapped,
  other: Known,
  swapped: boolean,
  dims: readonly number[],
  name: string,
): Mapped {
  const { pen } = making;
  if (dims.length !== x.dims.length || dims.some((size, n) => size !== x.dims[n])) {
    making.spend(other.dims);
    const map = constantMap(pen, other, `${name}.constant`);
    return combine(making, operation, swapped ? map : x, swapped ? x : map, name) as Mapped;
  }
  const line = count(other.dims) === 1 ? lineOf(operation, other.values()[0], swapped) : null;
  if (line) return { ...x, dims, value: pen.emit('activate', name, { x: x.value }, { curve: 'affine', ...line }) };
  const laid = laidLike(making, x, other);
  const { shape, values } = laid;
  const lines = shape.h === 1 && shape.w === 1 && shape.c === laid.x.shape.c ? affineOf(operation, [...values], swapped) : null;
  if (lines) return { ...laid.x, dims, value: emitNorm(making, name, laid.x.value, 0, lines) };
  return emitConstant(making, operation, laid, swapped, dims, name);
}

/** A constant in the layout of a map, and that map. */
interface Laid {
  readonly x: Mapped;
  readonly shape: Shape;
  /** C×H×W. */
  readonly values: Float64Array;
}

export function laidLike(making: Making, x: Mapped, other: Known): Laid {
  const lead = x.dims.length - other.dims.length;
  const broad = x.dims.map((_, n) => (other.dims[n - lead] ?? 1) === 1);
  // What stands for a part of an axis of the map is written out for the whole of it.
  const along = (n: number): readonly string[] => x.axes[n].map(({ axis }) => axis);
  const needed = new Set(x.dims.flatMap((_, n) => (broad[n] ? [] : along(n))));
  const own = x.dims.map((size, n) => (broad[n] && !along(n).some(axis => needed.has(axis)) ? 1 : size));
  const axes = x.axes.map((list, n) => (own[n] === 1 ? [] : list));
  const shape = { c: sizeAlong(axes, 'c'), h: sizeAlong(axes, 'h'), w: sizeAlong(axes, 'w') };
  making.spend([shape.c, shape.h, shape.w]);
  const values = valuesLaid(other, own, shape, axes) ?? refuse('a constant that lies too differently');
  return { x, shape, values };
}

export function emitConstant(
  { pen }: Making,
  operation: Operation,
  { x, shape, values }: Laid,
  swapped: boolean,
  dims: readonly number[],
  name: string,
): Mapped {
  const constants = { other: pen.weights(`${name}.constant`, known('float', [], values), [shape.c, shape.h, shape.w]) };
  return { ...x, dims, value: pen.emit('combine', name, { x: x.value }, { operation, swapped, fused: {} }, constants) };
}

/** What an operation with one number a channel is of the other operand, where that is scale·x + shift: a batch norm, which folds into a convolution before it. */
function affineOf(operation: Operation, numbers: readonly number[], swapped: boolean): NormParts | null {
  const lines = numbers.map(number => lineOf(operation, number, swapped));
  if (!lines.every(each => each !== null)) return null;
  const [weight, bias] = [lines.map(({ a }) => a), lines.map(({ b }) => b)];
  return { weight, bias, running_mean: lines.map(() => 0), running_var: lines.map(() => 1) };
}

/** What an operation with one number is of the other operand, where it is a·x + b. */
function lineOf(operation: Operation, number: number, swapped: boolean): { a: number; b: number } | null {
  if (operation === 'add') return { a: 1, b: number };
  if (operation === 'sub') return swapped ? { a: -1, b: number } : { a: 1, b: -number };
  if (operation === 'mul') return { a: number, b: 0 };
  return operation === 'div' && !swapped && number !== 0 ? { a: 1 / number, b: 0 } : null;
}
