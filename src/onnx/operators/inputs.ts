// What operators ask of their inputs.
import type { Shape } from '../../graph/graph.ts';
import { count } from '../../weights/tensor.ts';
import { type Known, printDims } from '../array.ts';
import { type Axes, type Mapped, usual } from '../layout.ts';
import type { Making, Value } from '../operator.ts';
import { constantMap, inUsualOrder } from '../pen.ts';
import { refuse } from '../refusal.ts';

export function input({ inputs }: Pick<Making, 'inputs'>, n: number): Value | null {
  return inputs[n] ?? null;
}

/** An input that is made when the network runs, as channels, rows and columns. */
export function mapIn(making: Making, n = 0): Mapped {
  return inUsualOrder(making.pen, anyMap(making, n));
}

/** The same as it lies; what is known is made a map. */
export function anyMap(making: Making, n = 0): Mapped {
  const value = input(making, n) ?? refuse(`input ${n} is left out`);
  if (value.kind !== 'map') {
    if (count(value.dims) === 0) refuse(`a value of shape ${printDims(value.dims)}, which holds nothing`);
    making.spend(value.dims);
    return constantMap(making.pen, value, `${nameOf(making)}.constant ${n}`);
  }
  if (value.classes) refuse('it reads classes, which nothing but a Cast can');
  if (value.quantised) refuse('it reads quantised numbers, which nothing but DequantizeLinear can');
  if (value.indices) refuse('it reads the indices of maxima, which nothing but MaxUnpool can');
  return value;
}

/** An input that is known, or null where it is left out. */
export function knownIn(making: Pick<Making, 'inputs'>, n: number): Known | null {
  const value = input(making, n);
  if (value?.kind === 'map') refuse(`input ${n} is made when the network runs, it must be known before`);
  return value;
}

export function mustKnow(making: Making, n: number): Known {
  return knownIn(making, n) ?? refuse(`input ${n} is left out`);
}

/** The output's first name. */
export const nameOf = ({ node }: Making): string => node.outputs[0];

/** A value of the graph in the usual order. */
export function made(value: string, dims: readonly number[], more: { shape?: Shape; axes?: Axes; classes?: boolean } = {}): Mapped {
  const { shape, axes } = usual(dims);
  return { kind: 'map', value, dims, shape, axes, classes: false, ...more };
}

/** Rows and columns of a value of rank 4, or of rank 3 as one row. */
export function spatial({ dims, shape }: Mapped): Shape {
  if (dims.length !== 4 && dims.length !== 3) refuse(`a map of shape ${printDims(dims)}, it must have four axes`);
  return shape;
}

/** Dimensions of a map with other channels, rows and columns, of as many axes as x has. */
export function dimsLike({ dims }: Mapped, { c, h, w }: Shape): number[] {
  if (dims.length === 4) return [1, c, h, w];
  return dims.length === 3 ? [1, c, w] : [1, c];
}
