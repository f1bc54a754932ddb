// Many numbers of an axis become one: reductions, softmax, and the class of every pixel.
import { largest } from '../../graph/decision.ts';
import type { Reduction } from '../../graph/numbered.ts';
import { count } from '../../weights/tensor.ts';
import { axisOf } from '../array.ts';
import { intOf } from '../call.ts';
import { axesOf } from '../fold.ts';
import { type Mapped, regrouped } from '../layout.ts';
import type { Making, Operator } from '../operator.ts';
import { channelsAt } from '../pen.ts';
import { combine } from './elementwise.ts';
import { anyMap, knownIn, nameOf } from './inputs.ts';

export const reductions: Record<string, Operator> = {
  ...named({
    ReduceMean: 'mean',
    ReduceSum: 'sum',
    ReduceMax: 'max',
    ReduceMin: 'min',
    ReduceL1: 'l1',
    ReduceL2: 'l2',
    ReduceSumSquare: 'squares',
  }),
  ReduceLogSumExp: logOfSums,
  Softmax: making => softmax(making, nameOf(making)),
  LogSoftmax: making => {
    const y = softmax(making, `${nameOf(making)}.softmax`);
    return { ...y, value: making.pen.emit('activate', nameOf(making), { x: y.value }, { curve: 'log', a: 0, b: 0 }) };
  },
  ArgMax: making => argmax(making, 1),
  ArgMin: making => argmax(making, -1),
};

function named(table: Record<string, Reduction>): Record<string, Operator> {
  return Object.fromEntries(Object.entries(table).map(([op, operation]) => [op, (making: Making) => reduce(making, operation)]));
}

function reduce(making: Making, operation: Reduction): Mapped {
  const { node } = making;
  const x = anyMap(making);
  const given = axesOf(making, knownIn(making, 1), x.dims.length);
  if (!given?.length && intOf(node, 'noop_with_empty_axes', 0)) return x;
  const axes = given?.length ? given : x.dims.map((_, axis) => axis);
  return reduced(making, x, operation, axes, intOf(node, 'keepdims', 1) !== 0, nameOf(making));
}

/** The axes given become one number each, which they keep or not. */
export function reduced(
  making: Making,
  given: Mapped,
  operation: Reduction,
  axes: readonly number[],
  keep: boolean,
  name: string,
): Mapped {
  const { pen } = making;
  const reads = ({ axes: lists }: Mapped, own: 'c' | 'h' | 'w'): boolean[] =>
    lists.flatMap((list, axis) => list.filter(factor => factor.axis === own).map(() => axes.includes(axis)));
  // An axis of ours becomes one as a whole or not at all.
  const clean = (['c', 'h', 'w'] as const).every(own => new Set(reads(given, own)).size < 2);
  const x = clean ? given : channelsAt(making, given, ...axes);
  const [channels, rows, columns] = (['c', 'h', 'w'] as const).map(own => reads(x, own).some(Boolean));
  const kept = x.dims.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const dims = keep ? kept : x.dims.filter((_, axis) => !axes.includes(axis));
  const inputs = { x: x.value };
  const whole = operation === 'mean' && !channels && (rows || x.shape.h === 1) && (columns || x.shape.w === 1);
  const value = whole
    ? pen.emit('mean', name, inputs, {})
    : pen.emit('reduce', name, inputs, { operation, channels, rows, columns });
  const shape = { c: channels ? 1 : x.shape.c, h: rows ? 1 : x.shape.h, w: columns ? 1 : x.shape.w };
  const y = { ...x, value, shape, dims: kept, axes: x.axes.map((list, axis) => (axes.includes(axis) ? [] : list)) };
  return { ...y, dims, axes: regrouped(y, dims) };
}

/** log Σ exp, of numbers less their largest. */
function logOfSums(making: Making): Mapped {
  const name = nameOf(making);
  const x = anyMap(making);
  const given = axesOf(making, knownIn(making, 1), x.dims.length);
  const axes = given?.length ? given : x.dims.map((_, axis) => axis);
  const curve = (value: Mapped, called: 'exp' | 'log', suffix: string): Mapped => ({
    ...value,
    value: making.pen.emit('activate', `${name}.${suffix}`, { x: value.value }, { curve: called, a: 0, b: 0 }),
  });
  const most = reduced(making, x, 'max', axes, true, `${name}.most`);
  const less = combine(making, 'sub', x, most, `${name}.less`) as Mapped;
  const total = reduced(making, curve(less, 'exp', 'exp'), 'sum', axes, true, `${name}.total`);
  const y = combine(making, 'add', curve(total, 'log', 'log'), most, name) as Mapped;
  const dims = intOf(making.node, 'keepdims', 1) ? y.dims : y.dims.filter((_, axis) => !axes.includes(axis));
  return { ...y, dims, axes: regrouped(y, dims) };
}

/** Along the channels, wherever ONNX has them: the axis is laid out as the channels of a map. */
function softmax(making: Making, name: string): Mapped {
  const { node, opset } = making;
  const x = anyMap(making);
  const axis = axisOf(intOf(node, 'axis', opset < 13 ? 1 : -1), x.dims.length);
  // Before opset 13 everything from the axis on is one axis.
  const flat = [count(x.dims.slice(0, axis)), count(x.dims.slice(axis))];
  if (opset < 13 && x.dims.slice(axis + 1).some(size => size > 1)) {
    const y = softmaxAt(making, { ...x, dims: flat, axes: regrouped(x, flat) }, 1, name);
    return { ...y, dims: x.dims, axes: regrouped(y, x.dims) };
  }
  return softmaxAt(making, x, axis, name);
}

function softmaxAt(making: Making, x: Mapped, axis: number, name: string): Mapped {
  const there = channelsAt(making, x, axis);
  const value = making.pen.emit('softmax', name, { x: there.value }, {});
  return { ...there, value };
}

/** The place of the largest along an axis; `sign` −1: of the smallest. */
function argmax(making: Making, sign: 1 | -1): Mapped {
  const { node, pen } = making;
  const x = anyMap(making);
  const axis = axisOf(intOf(node, 'axis', 0), x.dims.length);
  const kept = x.dims.map((size, n) => (n === axis ? 1 : size));
  const dims = intOf(node, 'keepdims', 1) ? kept : kept.filter((_, n) => n !== axis);
  const last = intOf(node, 'select_last_index', 0) !== 0;
  const there = channelsAt(making, x, axis);
  const y = { ...there, dims: kept, axes: there.axes.map((list, n) => (n === axis ? [] : list)), shape: { ...there.shape, c: 1 } };
  const regroup = (value: Mapped): Mapped => ({ ...value, dims, axes: regrouped(value, dims) });
  if (sign === 1 && !last && there.shape.c <= 256)
    return regroup({ ...y, value: pen.emit('argmax', nameOf(making), { x: there.value }, largest), classes: true });
  return regroup({ ...y, value: placeOf(making, there, sign, last), whole: true });
}

/** What `argmax` does not say: which channels are as large as the largest, and of those the first or the last, counted in floats. */
function placeOf(making: Making, { value, shape: { c } }: Mapped, sign: 1 | -1, last: boolean): string {
  const { pen } = making;
  const name = nameOf(making);
  const over = { channels: true, rows: false, columns: false };
  const most = pen.emit('reduce', `${name}.most`, { x: value }, { operation: sign === 1 ? 'max' : 'min', ...over });
  const equal = pen.emit('combine', `${name}.equal`, { x: value, other: most }, { operation: 'equal', swapped: false, fused: {} });
  making.spend([c]);
  const ranks = Array.from({ length: c }, (_, channel) => (last ? channel : c - 1 - channel));
  const constants = { other: pen.table(`${name}.ranks`, [c, 1, 1], ranks) };
  const ranked = pen.emit('combine', `${name}.ranked`, { x: equal }, { operation: 'mul', swapped: false, fused: {} }, constants);
  const rank = pen.emit('reduce', last ? name : `${name}.rank`, { x: ranked }, { operation: 'max', ...over });
  return last ? rank : pen.emit('activate', name, { x: rank }, { curve: 'affine', a: -1, b: c - 1 });
}
