// What the slow twins compute on: a c×h×w array of float64, channels first, as the formulas in papers index it.
import type { Activation, Shape } from '../graph/graph.ts';

export interface Field extends Shape {
  readonly data: Float64Array;
}

export function field({ c, h, w }: Shape, data = new Float64Array(c * h * w)): Field {
  return { c, h, w, data };
}

export const activations: Readonly<Record<Activation, (value: number) => number>> = {
  none: value => value,
  relu: value => Math.max(value, 0),
  sigmoid: value => 1 / (1 + Math.exp(-value)),
};
