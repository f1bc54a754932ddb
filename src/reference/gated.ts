// Truth for the 1×1 convolution that makes its own gate from a squeeze's sums.
import { type ExciteOptions, excite } from './excite.ts';
import type { Field } from './field.ts';
import { type PointwiseOptions, pointwise } from './pointwise.ts';

/** The excitation of `sums` (c × strips), then the convolution of the gated map. */
export function gated(x: Field, sums: Field, options: PointwiseOptions, layers: ExciteOptions): Field {
  return pointwise(x, { ...options, gate: excite(sums, layers) });
}
