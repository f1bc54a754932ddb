// Pools: the graph's own halves and means where they are that, else windows of any form.
import { MOST_TAPS } from '../../graph/taps.ts';
import { axisOf, whole } from '../array.ts';
import { intOf, textOf } from '../call.ts';
import { isUsual, type Mapped, regrouped } from '../layout.ts';
import type { Making, Operator, Value } from '../operator.ts';
import { inUsualOrder } from '../pen.ts';
import { refuse } from '../refusal.ts';
import { anyMap, dimsLike, input, knownIn, made, mapIn, mustKnow, nameOf } from './inputs.ts';
import { type Geometry, geometryOf, lengthOf } from './sliding.ts';

export const pools: Record<string, Operator> = {
  MaxUnpool: unpool,
  ScatterElements: scatter,
  MaxPool: making => pool(making, 'max'),
  AveragePool: making => pool(making, 'mean'),
  GlobalAveragePool: making => {
    const x = mapIn(making);
    return made(making.pen.emit('mean', nameOf(making), { x: x.value }, {}), dimsLike(x, { c: x.shape.c, h: 1, w: 1 }));
  },
  GlobalMaxPool: making => {
    const x = mapIn(making);
    const all = { operation: 'max', channels: false, rows: true, columns: true } as const;
    return made(making.pen.emit('reduce', nameOf(making), { x: x.value }, all), dimsLike(x, { c: x.shape.c, h: 1, w: 1 }));
  },
};

function pool(making: Making, kind: 'max' | 'mean'): Value | Value[] {
  const { node } = making;
  const x = mapIn(making);
  const geometry = geometryOf(node, x, null);
  const ceil = intOf(node, 'ceil_mode', 0) !== 0;
  const [h, w] = [lengthOf(geometry, 0, x.shape.h, ceil), lengthOf(geometry, 1, x.shape.w, ceil)];
  const { kernel, strides, dilations, pads } = geometry;
  const pooled = plainPool(making, x, geometry, kind, h, w);
  if (!node.outputs[1]) return pooled;
  const sliding = { kernel, strides, dilations, pads };
  const none = intOf(node, 'storage_order', 0)
    ? 'its indices run by columns'
    : kernel[0] * kernel[1] > MOST_TAPS && `its indices are of windows of ${kernel.join('×')}, more than ${MOST_TAPS} places`;
  const winners = none ? { none } : making.pen.emit('winners', node.outputs[1], { x: x.value }, { ...sliding, h, w });
  return [pooled, { ...pooled, indices: { ...sliding, h: x.shape.h, w: x.shape.w, winners, from: 'map' as const } }];
}

function plainPool(
  making: Making,
  x: Mapped,
  { kernel, strides, dilations, pads, behind }: Geometry,
  kind: 'max' | 'mean',
  h: number,
  w: number,
): Mapped {
  const { node, pen } = making;
  const dims = dimsLike(x, { c: x.shape.c, h, w });
  const [name, inputs] = [nameOf(making), { x: x.value }];
  const every = (list: readonly number[], n: number): boolean => list.every(each => each === n);
  const unpadded = every([...pads, ...behind], 0);
  if (every([...kernel, ...strides], 1) && unpadded) return x;
  // Halves, rounded up: where the sizes are even there is nothing to round.
  const halves = every([...kernel, ...strides], 2) && every(dilations, 1) && unpadded;
  if (halves && h === Math.ceil(x.shape.h / 2) && w === Math.ceil(x.shape.w / 2))
    return made(pen.emit(kind === 'max' ? 'maxpool' : 'pool', name, inputs, {}), dims);
  if (kind === 'mean' && unpadded && h === 1 && w === 1 && kernel[0] === x.shape.h && kernel[1] === x.shape.w)
    return made(pen.emit('mean', name, inputs, {}), dims);
  const counted = kind === 'mean' && intOf(node, 'count_include_pad', 0) ? behind : null;
  return made(pen.emit('window', name, inputs, { kind, kernel, strides, dilations, pads, counted, h, w }), dims);
}

/** Where the indices are those of a pool of the result's size. */
function unpool(making: Making): Mapped {
  const x = mapIn(making);
  const index = indicesOf(making, 'map');
  const { h, w } = index.indices!;
  const size = knownIn(making, 2);
  const own = dimsLike(x, { c: x.shape.c, h, w });
  const dims = size ? whole(size, 'sizes') : own;
  if (dims.join() !== own.join()) refuse(`it makes a map of ${dims.join('×')}, what was pooled is ${own.join('×')}`);
  if (!isUsual(index) || index.dims.join() !== x.dims.join()) refuse('its indices are of another shape than its values');
  return putBack(making, x, index, dims);
}

function indicesOf(making: Making, from: 'map' | 'channel'): Mapped {
  const index = input(making, 1);
  return index?.kind === 'map' && index.indices?.from === from ? index : refuse('its indices are made by no MaxPool');
}

function putBack({ pen, node }: Making, x: Mapped, { indices }: Mapped, dims: readonly number[]): Mapped {
  const { winners, from: _, ...sliding } = indices!;
  const taps = typeof winners === 'string' ? winners : refuse(winners.none);
  return made(pen.emit('unpool', node.outputs[0], { x: x.value, winners: taps }, sliding), dims);
}

/** PyTorch's way to unpool: a channel a row, maxima put into zeros at their indices within it. */
function scatter(making: Making): Mapped {
  const { node } = making;
  const [zeros, updates] = [mustKnow(making, 0), anyMap(making, 2)];
  const index = indicesOf(making, 'channel');
  const { h, w } = index.indices!;
  const { c } = index.shape;
  if (
    zeros.dims.join() !== [1, c, h * w].join() ||
    axisOf(intOf(node, 'axis', 0), 3) !== 2 ||
    Array.from(zeros.values()).some(Boolean)
  )
    refuse('it is no unpooling, one channel after another into zeros');
  if (textOf(node, 'reduction', 'none') !== 'none') refuse('it reduces what meets');
  const pooled = [1, c, index.shape.h, index.shape.w];
  const [own, x] = [index, updates].map(each => ({ ...each, dims: pooled, axes: regrouped(each, pooled) }));
  if (!isUsual(own)) refuse('its indices are of another shape than its values');
  const y = putBack(making, inUsualOrder(making.pen, x), index, [1, c, h, w]);
  return { ...y, dims: zeros.dims, axes: regrouped(y, zeros.dims) };
}
