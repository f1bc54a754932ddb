// Truth for two 1×1 convolutions of one map: their channels one after another, then apart.
import { elementwise } from './elementwise.ts';
import type { Field } from './field.ts';
import { type PointwiseOptions, pointwise } from './pointwise.ts';

export function twin(x: Field, options: PointwiseOptions, split: number): [Field, Field] {
  return apart(pointwise(x, options), split);
}

/** The first `split` channels, and the rest. */
export function apart(both: Field, split: number): [Field, Field] {
  const part = (from: number, to: number): Field =>
    elementwise(both, { from, out: to - from, affine: null, other: null, combine: 'none' });
  return [part(0, split), part(split, both.c)];
}
