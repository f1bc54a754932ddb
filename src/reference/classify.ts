// Truth for the network's end: the class of every pixel of the resized logits.
import { type Field, field } from './field.ts';
import { upsample } from './upsample.ts';

/** Index of the largest channel, 1×h×w; ties go to the lowest index, NaN loses. */
export function argmax(x: Field): Field {
  const pixels = x.h * x.w;
  const y = field({ c: 1, h: x.h, w: x.w });
  for (let n = 0; n < pixels; n++) {
    let best = 0;
    let score = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < x.c; c++) {
      if (!(x.data[c * pixels + n] > score)) continue;
      score = x.data[c * pixels + n];
      best = c;
    }
    y.data[n] = best;
  }
  return y;
}

export function classify(logits: Field, size: { readonly h: number; readonly w: number }): Field {
  return argmax(upsample(logits, size));
}
