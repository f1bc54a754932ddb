// Truth for attention: of every pixel over all pixels of keys and values, in each head's channels.
import type { Attributes } from '../graph/graph.ts';
import { type Field, field } from './field.ts';
import { product } from './product.ts';
import { softmax } from './softmax.ts';

/** y = softmax(scale · x·keysᵀ) · values, a head after another. */
export function attention(x: Field, keys: Field, values: Field, { heads, scale }: Attributes['attention']): Field {
  const y = field({ ...x, c: values.c });
  const range = (from: Field, head: number): Field => {
    const [c, pixels] = [from.c / heads, from.h * from.w];
    return field({ ...from, c }, from.data.slice(head * c * pixels, (head + 1) * c * pixels));
  };
  for (let head = 0; head < heads; head++) {
    const [q, k, v] = [x, keys, values].map(from => range(from, head));
    const scores = product(q, k, { batches: 1, turned: false, inner: q.c });
    const shares = softmax(
      field(
        scores,
        scores.data.map(score => score * scale),
      ),
    );
    const made = product(shares, v, { batches: 1, turned: true, inner: shares.c });
    y.data.set(made.data, (head * y.data.length) / heads);
  }
  return y;
}
