// Truth for two convolutions in one step: the 1×1 of what the first one made, and the 2×2 means of that.
import type { EndingOptions } from './activate.ts';
import type { Field } from './field.ts';
import { pointwise } from './pointwise.ts';
import { pool } from './pool.ts';

export interface Projection extends EndingOptions {
  /** O×I and O. */
  readonly weight: Float64Array;
  readonly bias: Float64Array | null;
  readonly out: number;
}

export function chain(x: Field, projection: Projection): { y: Field; halved: Field } {
  const alone = { gate: null, shortcut: null, residual: null, addend: null } as const;
  return { y: pointwise(x, { ...projection, ...alone }), halved: pool(x) };
}
