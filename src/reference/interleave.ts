// Truth for interleaving: the channels of a phase are those of the pixels that lie so far behind each pixel of x.
import type { Attributes } from '../graph/graph.ts';
import { type Field, field } from './field.ts';

export function interleave(x: Field, { strides: [down, right], cut: [top, left], h, w }: Attributes['interleave']): Field {
  const y = field({ c: x.c / (down * right), h, w });
  for (let c = 0; c < y.c; c++)
    for (let row = 0; row < h; row++)
      for (let column = 0; column < w; column++) {
        const [v, u] = [row + top, column + left];
        const channel = ((v % down) * right + (u % right)) * y.c + c;
        y.data[(c * h + row) * w + column] = x.data[(channel * x.h + Math.floor(v / down)) * x.w + Math.floor(u / right)];
      }
  return y;
}
