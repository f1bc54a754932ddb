// What the slow twins compute on: a c×h×w array of float64, channels first, as the formulas in papers index it.
import type { Shape } from '../graph/graph.ts';

export interface Field extends Shape {
  readonly data: Float64Array;
}

export function field({ c, h, w }: Shape, data = new Float64Array(c * h * w)): Field {
  return { c, h, w, data };
}
