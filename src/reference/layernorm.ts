// Truth for the norm over the channels of a pixel.
import { type Field, field } from './field.ts';

export interface NormOptions {
  readonly epsilon: number;
  /** One a channel, or null. */
  readonly scale: Float64Array | null;
  readonly shift: Float64Array | null;
}

/** y[c] = (x[c] − mean) / √(variance + ε) · scale[c] + shift[c], the variance being the mean of the squared distances. */
export function layernorm(x: Field, { epsilon, scale, shift }: NormOptions): Field {
  const pixels = x.h * x.w;
  const y = field(x);
  for (let n = 0; n < pixels; n++) {
    const values = Array.from({ length: x.c }, (_, c) => x.data[c * pixels + n]);
    const mean = values.reduce((sum, value) => sum + value, 0) / x.c;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.c;
    values.forEach((value, c) => {
      y.data[c * pixels + n] = ((value - mean) / Math.sqrt(variance + epsilon)) * (scale?.[c] ?? 1) + (shift?.[c] ?? 0);
    });
  }
  return y;
}
