// Truth for the network's end: the class of every pixel of the resized logits.
import { type Decision, largest } from '../graph/decision.ts';
import { sigmoid } from './activate.ts';
import { type Field, field } from './field.ts';
import { upsample } from './upsample.ts';

/** Index of the largest channel, 1×h×w; ties go to the lowest index, NaN loses. With a threshold: 1 where the channel's probability is above. */
export function argmax(x: Field, { threshold, activation }: Decision = largest): Field {
  const pixels = x.h * x.w;
  const y = field({ c: 1, h: x.h, w: x.w });
  if (threshold !== null) {
    const above = (value: number): number => Number((activation === 'sigmoid' ? sigmoid(value) : value) > threshold);
    return { ...y, data: x.data.map(above) };
  }
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

export function classify(logits: Field, size: { readonly h: number; readonly w: number } & Partial<Decision>): Field {
  return argmax(upsample(logits, size), { ...largest, ...size });
}
