// Truth for the 2×2 average of codes: the sum of those that exist, and one multiplication.
import { held, ratio, scaled } from '../graph/codes.ts';
import type { NodeOf } from '../graph/graph.ts';
import type { Field } from './field.ts';
import { pooled } from './pool.ts';
import { away } from './qconv.ts';

export function qpool(x: Field, { from, to }: NodeOf<'qpool'>['attributes']): Field {
  const code = (window: readonly number[]): number => {
    const sum = window.reduce((whole, value) => whole + value, 0);
    return held(scaled(sum, ratio(from.scale, to.scale * window.length)) + to.zero, -128, 127);
  };
  return pooled(away(x, from.zero), code);
}
