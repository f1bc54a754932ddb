// Truth for what nodes end in: a curve of every number.
import { curveOf } from '../graph/formulas.ts';
import type { Ending } from '../graph/graph.ts';
import { type Field, field } from './field.ts';

export const sigmoid = (x: number): number => curveOf.sigmoid(x, 0, 0);

/** What a node ends in: an activation, and for prelu its slopes. */
export interface EndingOptions extends Ending {
  readonly slope?: Float64Array | null;
}

/** y[c] = curve(x[c], a or slope[c], b); x itself without an activation. */
export function activate(x: Field, { activation, slope }: EndingOptions): Field {
  if (!activation) return x;
  const { curve, a, b } = activation;
  const pixels = x.h * x.w;
  const f = curveOf[curve];
  return field(
    x,
    x.data.map((value, n) => f(value, slope ? slope[Math.floor(n / pixels)] : a, b)),
  );
}
