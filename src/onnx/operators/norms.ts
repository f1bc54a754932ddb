// Norms over what a map itself holds: mean and variance are taken first, in float32, then every number is moved and scaled by them.
import type { Constant } from '../../graph/constant.ts';
import { count } from '../../weights/tensor.ts';
import { axisOf } from '../array.ts';
import { floatOf, intOf } from '../call.ts';
import { type Mapped, regrouped } from '../layout.ts';
import type { Making, Operator, Value } from '../operator.ts';
import { channelsAt, inUsualOrder } from '../pen.ts';
import { refuse } from '../refusal.ts';
import { anyMap, knownIn, mapIn, mustKnow, nameOf } from './inputs.ts';

export const norms: Record<string, Operator> = {
  InstanceNormalization: making => {
    const x = mapIn(making);
    const given = [mustKnow(making, 1), mustKnow(making, 2)];
    if (given.some(({ dims }) => count(dims) !== x.shape.c)) refuse(`scales and shifts for other than ${x.shape.c} channels`);
    const [scale, shift] = given.map((each, n) =>
      making.pen.weights(`${nameOf(making)}.${n ? 'shift' : 'scale'}`, each, [x.shape.c]),
    );
    return normalised(making, x, { scale, shift }, nameOf(making));
  },
  GroupNormalization: groups,
  LayerNormalization: layers,
};

/** The axes from the one named on as one, which is laid out as the channels. */
function layers(making: Making): Value[] {
  const { node, pen } = making;
  const x = anyMap(making);
  const axis = axisOf(intOf(node, 'axis', -1), x.dims.length);
  const rows = [...x.dims.slice(0, axis), count(x.dims.slice(axis))];
  const there = channelsAt(making, { ...x, dims: rows, axes: regrouped(x, rows) }, axis);
  const [name, { c }] = [nameOf(making), there.shape];
  const constants: Record<string, Constant> = {};
  (['scale', 'shift'] as const).forEach((role, n) => {
    const given = knownIn(making, n + 1);
    if (given && count(given.dims) !== c) refuse(`${count(given.dims)} scales for ${c} channels`);
    if (given) constants[role] = pen.weights(`${name}.${role}`, given, [c]);
  });
  const epsilon = floatOf(node, 'epsilon', 1e-5);
  const value = pen.emit('layernorm', name, { x: there.value }, { epsilon }, constants);
  const y = { ...there, value };
  // Mean and 1 / √(variance + ε), which training asks for.
  const kept = { ...there, shape: { ...there.shape, c: 1 }, dims: x.dims.map((size, n) => (n < axis ? size : 1)) };
  const axes = kept.dims.map((_, n) => (n < axis ? there.axes[n] : []));
  const over = { channels: true, rows: false, columns: false };
  const further = (output: 1 | 2): Value[] => {
    if (!node.outputs[output]) return [];
    const called = node.outputs[output];
    if (output === 1)
      return [{ ...kept, axes, value: pen.emit('reduce', called, { x: there.value }, { operation: 'mean', ...over }) }];
    const variance = pen.emit('reduce', `${called}.variance`, { x: there.value }, { operation: 'variance', ...over });
    const more = pen.emit('activate', `${called}.more`, { x: variance }, { curve: 'affine', a: 1, b: epsilon });
    const root = pen.emit('activate', `${called}.root`, { x: more }, { curve: 'sqrt', a: 0, b: 0 });
    return [{ ...kept, axes, value: pen.emit('activate', called, { x: root }, { curve: 'reciprocal', a: 0, b: 0 }) }];
  };
  return [{ ...y, dims: x.dims, axes: regrouped(y, x.dims) }, ...further(1), ...further(2)];
}

/** Each group of channels as one row of a map, and back. */
function groups(making: Making): Mapped {
  const { node, pen } = making;
  const x = mapIn(making);
  const number = intOf(node, 'num_groups', 0);
  if (!(number > 0) || x.shape.c % number) refuse(`${number} groups of ${x.shape.c} channels`);
  const rows = [1, number, count(x.dims) / number];
  const y = normalised(
    making,
    inUsualOrder(pen, { ...x, dims: rows, axes: regrouped(x, rows) }),
    {},
    `${nameOf(making)}.normalised`,
  );
  const back = inUsualOrder(pen, { ...y, dims: x.dims, axes: regrouped(y, x.dims) });
  // Until opset 21 a group has one scale.
  const each = making.opset < 21 ? x.shape.c / number : 1;
  return scaled(making, back, x.shape.c, each, nameOf(making));
}

/** (x − mean) / √(variance + ε), over all pixels of a channel; then `scale` and `shift`, one a channel. */
function normalised(making: Making, x: Mapped, constants: Readonly<Record<string, Constant>>, name: string): Mapped {
  const { node, pen } = making;
  const epsilon = floatOf(node, 'epsilon', 1e-5);
  const norm = pen.emit('moments', `${name}.moments`, { x: x.value }, { epsilon }, constants);
  return { ...x, value: pen.emit('normalise', name, { x: x.value, norm }, { fused: {} }) };
}

/** A factor and an offset a channel, or one for `each` of them. */
function scaled(making: Making, x: Mapped, channels: number, each: number, name: string): Mapped {
  const { pen } = making;
  const step = (operation: 'mul' | 'add', input: number, value: string, called: string): string => {
    const given = knownIn(making, input);
    if (!given) return value;
    if (count(given.dims) * each !== channels) refuse(`${count(given.dims)} scales for ${channels} channels`);
    const list = given.values();
    const numbers = Array.from({ length: channels }, (_, c) => list[Math.floor(c / each)]);
    const constants = { other: pen.table(`${name}.${operation}`, [channels, 1, 1], numbers) };
    return pen.emit('combine', called, { x: value }, { operation, swapped: false, fused: {} }, constants);
  };
  return { ...x, value: step('add', 2, step('mul', 1, x.value, `${name}.scaled`), name) };
}
