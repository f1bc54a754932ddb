// Truth for reductions: all places of some axes become one.
import type { Attributes } from '../graph/graph.ts';
import { combine } from './combine.ts';
import { type Field, field } from './field.ts';

/** `variance` is the mean of the squared distances from the mean, `squares` is Σ x², `l2` its root, `l1` Σ |x|. */
export function reduce(x: Field, attributes: Attributes['reduce']): Field {
  const { operation, channels, rows, columns } = attributes;
  if (operation === 'variance') return varianceOf(x, attributes);
  const y = field({ c: channels ? 1 : x.c, h: rows ? 1 : x.h, w: columns ? 1 : x.w });
  if (operation === 'max' || operation === 'min')
    y.data.fill(operation === 'max' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY);
  const number = x.data.length / y.data.length;
  for (let c = 0; c < x.c; c++) {
    for (let v = 0; v < x.h; v++) {
      for (let u = 0; u < x.w; u++) {
        const value = x.data[(c * x.h + v) * x.w + u];
        const at = ((channels ? 0 : c) * y.h + (rows ? 0 : v)) * y.w + (columns ? 0 : u);
        if (operation === 'max') y.data[at] = Math.max(y.data[at], value);
        else if (operation === 'min') y.data[at] = Math.min(y.data[at], value);
        else
          y.data[at] +=
            operation === 'l1' ? Math.abs(value) : operation === 'l2' || operation === 'squares' ? value * value : value;
      }
    }
  }
  for (let n = 0; n < y.data.length; n++) {
    if (operation === 'mean') y.data[n] /= number;
    if (operation === 'l2') y.data[n] = Math.sqrt(y.data[n]);
  }
  return y;
}

function varianceOf(x: Field, attributes: Attributes['reduce']): Field {
  const mean = reduce(x, { ...attributes, operation: 'mean' });
  const apart = combine(x, mean, { operation: 'sub', swapped: false });
  return reduce(
    field(
      x,
      apart.data.map(value => value * value),
    ),
    { ...attributes, operation: 'mean' },
  );
}
