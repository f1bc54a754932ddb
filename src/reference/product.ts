// Truth for products of two maps: matrices whose rows are pixels.
import type { Attributes } from '../graph/graph.ts';
import { type Field, field } from './field.ts';

/** y[i][j] = Σ x[i][k]·other[j][k] within each batch of pixels; `turned`: Σ x[i][k]·other[k][j]. */
export function product(x: Field, other: Field, { batches, turned, inner }: Attributes['product']): Field {
  const [pixels, others] = [x.h * x.w, other.h * other.w];
  const own = others / batches;
  const y = field({ ...x, c: turned ? other.c : own });
  for (let i = 0; i < pixels; i++) {
    const first = Math.floor((i * batches) / pixels) * own;
    for (let j = 0; j < y.c; j++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) {
        const at = turned ? j * others + first + k : k * others + first + j;
        sum += x.data[k * pixels + i] * other.data[at];
      }
      y.data[j * pixels + i] = sum;
    }
  }
  return y;
}
