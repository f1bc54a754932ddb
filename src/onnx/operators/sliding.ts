// What windows and kernels share: attributes by axis, the four ways to pad, and the length of what comes out.
import type { Sliding } from '../../graph/graph.ts';
import { intsOf, textOf } from '../call.ts';
import type { Mapped } from '../layout.ts';
import type { OnnxNode } from '../model.ts';
import { refuse } from '../refusal.ts';
import { spatial } from './inputs.ts';

type Pair = [number, number];

export interface Geometry extends Omit<Sliding, 'h' | 'w'> {
  /** Rows below and columns to the right. */
  readonly behind: Pair;
}

/** Two numbers by axis; of a map of rank 3 one, along its only row. */
function pair(x: Mapped, list: readonly number[] | null, absent: number, what: string): Pair {
  const [a, b] = list ? (x.dims.length === 3 ? [absent, ...list] : list) : [absent, absent];
  const good = (n: number | undefined): n is number => Number.isInteger(n) && Math.abs(n!) < 2 ** 16;
  return good(a) && good(b) ? [a, b] : refuse(`${what} is ${list?.join(', ')}`);
}

/** `kernel` is the weight's own where the node does not say it. */
export function geometryOf(node: OnnxNode, x: Mapped, kernel: readonly number[] | null): Geometry {
  const { h, w } = spatial(x);
  const ones = (what: string): Pair => pair(x, intsOf(node, what, null), 1, what);
  const size = pair(x, intsOf(node, 'kernel_shape', kernel as number[] | null), 1, 'kernel_shape');
  const [strides, dilations] = [ones('strides'), ones('dilations')];
  if ([...size, ...strides, ...dilations].some(n => n < 1)) refuse('a kernel, stride or dilation below 1');
  const given = intsOf(node, 'pads', null);
  const rank = x.dims.length - 2;
  if (given && given.length !== 2 * rank) refuse(`${given.length} pads for ${rank} axes`);
  const auto = textOf(node, 'auto_pad', 'NOTSET');
  if (auto === 'NOTSET') {
    const [pads, behind] = [given?.slice(0, rank) ?? null, given?.slice(rank) ?? null].map(list => pair(x, list, 0, 'pads'));
    if ([...pads, ...behind].some(n => n < 0)) refuse('pads below 0');
    return { kernel: size, strides, dilations, pads, behind };
  }
  if (auto === 'VALID') return { kernel: size, strides, dilations, pads: [0, 0], behind: [0, 0] };
  if (auto !== 'SAME_UPPER' && auto !== 'SAME_LOWER') refuse(`auto_pad ${auto}`);
  const total = [h, w].map((length, n) => {
    const out = Math.ceil(length / strides[n]);
    return Math.max((out - 1) * strides[n] + dilations[n] * (size[n] - 1) + 1 - length, 0);
  });
  const [less, more] = [total.map(n => Math.floor(n / 2)), total.map(n => Math.ceil(n / 2))] as [Pair, Pair];
  return {
    kernel: size,
    strides,
    dilations,
    ...(auto === 'SAME_UPPER' ? { pads: less, behind: more } : { pads: more, behind: less }),
  };
}

/** Length of the result along an axis; with `ceil` also a last window that overhangs, unless it would begin beyond the map and the pads before it. */
export function lengthOf({ kernel, strides, dilations, pads, behind }: Geometry, axis: 0 | 1, size: number, ceil = false): number {
  const room = size + pads[axis] + behind[axis] - dilations[axis] * (kernel[axis] - 1) - 1;
  const steps = ceil ? Math.ceil(room / strides[axis]) : Math.floor(room / strides[axis]);
  const length = ceil && steps * strides[axis] >= size + pads[axis] ? steps : steps + 1;
  return length > 0 ? length : refuse(`a kernel of ${kernel.join('×')} does not fit a map of ${size} along an axis`);
}
