// Truth for the softmax along the channels.
import { type Field, field } from './field.ts';

/** y[c] = exp(x[c] − m) / Σ exp(x − m), m the pixel's largest: no exponent is above 0, so nothing overflows. */
export function softmax(x: Field): Field {
  const pixels = x.h * x.w;
  const y = field(x);
  for (let n = 0; n < pixels; n++) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < x.c; c++) largest = Math.max(largest, x.data[c * pixels + n]);
    let sum = 0;
    for (let c = 0; c < x.c; c++) sum += Math.exp(x.data[c * pixels + n] - largest);
    for (let c = 0; c < x.c; c++) y.data[c * pixels + n] = Math.exp(x.data[c * pixels + n] - largest) / sum;
  }
  return y;
}
