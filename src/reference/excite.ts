// Truth for the excitation (Hu et al., arXiv 1709.01507): sums → means → two small layers → a gate a channel.
import { curveOf } from '../graph/formulas.ts';
import type { Activation } from '../graph/graph.ts';
import { sigmoid } from './activate.ts';
import { type Field, field } from './field.ts';

export interface ExciteOptions {
  /** hidden×c and hidden. */
  readonly weight1: Float64Array;
  readonly bias1: Float64Array;
  /** c×hidden and c. */
  readonly weight2: Float64Array;
  readonly bias2: Float64Array;
  /** What the sums run over. */
  readonly pixels: number;
  /** In place of the sigmoid. */
  readonly gate?: Activation;
}

/** gate = σ(W₂·relu(W₁·mean + b₁) + b₂), the mean from `partials`, c × strips of sums. */
export function excite(partials: Field, { weight1, bias1, weight2, bias2, pixels, gate }: ExciteOptions): Field {
  const { c, h: strips } = partials;
  const mean = Float64Array.from({ length: c }, (_, i) => {
    let sum = 0;
    for (let s = 0; s < strips; s++) sum += partials.data[i * strips + s];
    return sum / pixels;
  });
  const hidden = dense(mean, weight1, bias1).map(value => curveOf.relu(value, 0, 0));
  return field(
    { c, h: 1, w: 1 },
    dense(hidden, weight2, bias2).map(gate ? value => curveOf[gate.curve](value, gate.a, gate.b) : sigmoid),
  );
}

function dense(x: Float64Array, weight: Float64Array, bias: Float64Array): Float64Array {
  return bias.map((offset, o) => x.reduce((sum, value, i) => sum + weight[o * x.length + i] * value, offset));
}
