// Pools: the graph's own halves and means where they are that, else windows of any form.
import { intOf } from '../call.ts';
import type { Mapped } from '../layout.ts';
import type { Making, Operator } from '../operator.ts';
import { refuse } from '../refusal.ts';
import { dimsLike, made, mapIn, nameOf } from './inputs.ts';
import { geometryOf, lengthOf } from './sliding.ts';

export const pools: Record<string, Operator> = {
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

function pool(making: Making, kind: 'max' | 'mean'): Mapped {
  const { node, pen } = making;
  if (node.outputs.length > 1 && node.outputs[1] !== '') refuse('it keeps the indices of its maxima');
  const x = mapIn(making);
  const geometry = geometryOf(node, x, null);
  const ceil = intOf(node, 'ceil_mode', 0) !== 0;
  const [h, w] = [lengthOf(geometry, 0, x.shape.h, ceil), lengthOf(geometry, 1, x.shape.w, ceil)];
  const { kernel, strides, dilations, pads, behind } = geometry;
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
