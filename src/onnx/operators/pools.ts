// Pools: the graph's own halves and means where they are that, else windows of any form.
import { whole } from '../array.ts';
import { intOf } from '../call.ts';
import type { Mapped } from '../layout.ts';
import type { Making, Operator, Value } from '../operator.ts';
import { refuse } from '../refusal.ts';
import { dimsLike, input, knownIn, made, mapIn, nameOf } from './inputs.ts';
import { type Geometry, geometryOf, lengthOf } from './sliding.ts';

export const pools: Record<string, Operator> = {
  MaxUnpool: unpool,
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
  if (intOf(node, 'storage_order', 0)) refuse('its indices run by columns');
  const indices = { kernel, strides, dilations, pads, h: x.shape.h, w: x.shape.w, source: x.value };
  return [pooled, { ...pooled, indices }];
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
  // Halves, rounded up: where the sizes are even there is nothing to round.
  const halves = every([...kernel, ...strides], 2) && every(dilations, 1) && unpadded;
  if (halves && h === Math.ceil(x.shape.h / 2) && w === Math.ceil(x.shape.w / 2))
    return made(pen.emit(kind === 'max' ? 'maxpool' : 'pool', name, inputs, {}), dims);
  if (kind === 'mean' && unpadded && h === 1 && w === 1 && kernel[0] === x.shape.h && kernel[1] === x.shape.w)
    return made(pen.emit('mean', name, inputs, {}), dims);
  const counted = kind === 'mean' && intOf(node, 'count_include_pad', 0) ? behind : null;
  return made(pen.emit('window', name, inputs, { kind, kernel, strides, dilations, pads, counted, h, w }), dims);
}

/** Where the indices are those of a pool of the result's size: which pixel won is worked out again. */
function unpool(making: Making): Mapped {
  const { pen } = making;
  const x = mapIn(making);
  const index = input(making, 1);
  const indices = (index?.kind === 'map' && index.indices) || refuse('its indices are made by no MaxPool');
  const { source, ...sliding } = indices;
  const size = knownIn(making, 2);
  const dims = size ? whole(size, 'sizes') : dimsLike(x, { c: x.shape.c, h: sliding.h, w: sliding.w });
  const own = dimsLike(x, { c: x.shape.c, h: sliding.h, w: sliding.w });
  if (dims.join() !== own.join()) refuse(`it makes a map of ${dims.join('×')}, what was pooled is ${own.join('×')}`);
  if (index?.kind === 'map' && index.dims.join() !== x.dims.join()) refuse('its indices are of another shape than its values');
  return made(pen.emit('unpool', nameOf(making), { x: x.value, source }, sliding), dims);
}
