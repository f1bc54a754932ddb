// Many numbers of an axis become one: reductions, softmax, and the class of every pixel.
import { largest } from '../../graph/decision.ts';
import type { Reduction } from '../../graph/numbered.ts';
import { count } from '../../weights/tensor.ts';
import { axisOf, printDims } from '../array.ts';
import { intOf } from '../call.ts';
import { axesOf } from '../fold.ts';
import { type Mapped, regrouped } from '../layout.ts';
import type { Making, Operator, Value } from '../operator.ts';
import { laidOut } from '../pen.ts';
import { refuse } from '../refusal.ts';
import { anyMap, knownIn, made, mapIn, nameOf } from './inputs.ts';

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
  Softmax: making => softmax(making, nameOf(making)),
  LogSoftmax: making => {
    const y = softmax(making, `${nameOf(making)}.softmax`);
    return { ...y, value: making.pen.emit('activate', nameOf(making), { x: y.value }, { curve: 'log', a: 0, b: 0 }) };
  },
  ArgMax: argmax,
};

function named(table: Record<string, Reduction>): Record<string, Operator> {
  return Object.fromEntries(Object.entries(table).map(([op, operation]) => [op, (making: Making) => reduce(making, operation)]));
}

function reduce(making: Making, operation: Reduction): Value {
  const { node, pen } = making;
  const x = mapIn(making);
  const given = axesOf(making, knownIn(making, 1), x.dims.length);
  if (!given?.length && intOf(node, 'noop_with_empty_axes', 0)) return x;
  const axes = given?.length ? given : x.dims.map((_, axis) => axis);
  const along = (own: 'c' | 'h' | 'w'): boolean => axes.some(axis => x.axes[axis].some(factor => factor.axis === own));
  const [channels, rows, columns] = [along('c'), along('h'), along('w')];
  const kept = x.dims.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const dims = intOf(node, 'keepdims', 1) ? kept : x.dims.filter((_, axis) => !axes.includes(axis));
  const [name, inputs] = [nameOf(making), { x: x.value }];
  const whole = operation === 'mean' && !channels && (rows || x.shape.h === 1) && (columns || x.shape.w === 1);
  const value = whole
    ? pen.emit('mean', name, inputs, {})
    : pen.emit('reduce', name, inputs, { operation, channels, rows, columns });
  const y = made(value, kept);
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

/** A value whose channels are the axis given, and only that. */
export function channelsAt({ pen }: Making, x: Mapped, axis: number): Mapped {
  const rest = x.dims.flatMap((size, n) => (n === axis || size === 1 ? [] : [n]));
  const [c, h, w] = [x.dims[axis], x.dims[rest[0]] ?? 1, x.dims[rest[1]] ?? 1];
  if (rest.length > 2) refuse(`a map of shape ${printDims(x.dims)}`);
  const fits =
    x.axes[axis].every(factor => factor.axis === 'c') &&
    x.shape.c === c &&
    rest.every(n => x.axes[n].every(factor => factor.axis !== 'c'));
  if (fits && x.axes[axis].length <= 1) return x;
  const digit = (own: 'c' | 'h' | 'w', size: number) => (size > 1 ? [{ axis: own, size, step: 1 }] : []);
  const axes = x.dims.map((size, n) =>
    n === axis ? digit('c', size) : n === rest[0] ? digit('h', size) : n === rest[1] ? digit('w', size) : [],
  );
  return laidOut(pen, x, { c, h, w }, axes, `${x.value}.channels`);
}

function argmax(making: Making): Mapped {
  const { node, pen } = making;
  if (intOf(node, 'select_last_index', 0)) refuse('it takes the last of equals');
  const x = mapIn(making);
  const axis = axisOf(intOf(node, 'axis', 0), x.dims.length);
  if (axis !== 1 || x.shape.c > 256)
    refuse(`the largest of ${x.dims[axis]} along axis ${axis}, it must be of at most 256 channels`);
  const { h, w } = x.shape;
  const dims = intOf(node, 'keepdims', 1) ? [1, 1, h, w] : [1, h, w];
  const y = made(pen.emit('argmax', nameOf(making), { x: x.value }, largest), [1, 1, h, w], {
    classes: true,
  });
  return { ...y, dims, axes: regrouped(y, dims) };
}
