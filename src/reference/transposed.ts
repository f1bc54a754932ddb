// Truth for the transposed convolution: every pixel of x is stamped with the kernel.
import type { Sliding } from '../graph/graph.ts';
import { activate, type EndingOptions } from './activate.ts';
import { type Field, field } from './field.ts';

export interface TransposedOptions extends Sliding, EndingOptions {
  /** IOHW, O = channels that a group makes. */
  readonly weight: Float64Array;
  readonly bias: Float64Array | null;
  /** One factor of the weight for each channel that it makes, or none. */
  readonly scale: Float64Array | null;
  readonly out: number;
  readonly groups: number;
}

/** y[o, s·v + d·ky − top, s·u + d·kx − left] += w[i, o, ky, kx] · x[i, v, u], the bias, and the activation of that. */
export function transposed(
  x: Field,
  { weight, bias, scale, out, groups, kernel, strides, dilations, pads, h, w, ...ending }: TransposedOptions,
): Field {
  const y = field({ c: out, h, w });
  const each = out / groups;
  if (bias) for (let o = 0; o < out; o++) y.data.fill(bias[o], o * h * w, (o + 1) * h * w);
  for (let i = 0; i < x.c; i++) {
    const first = Math.floor((i * groups) / x.c) * each;
    for (let o = 0; o < each; o++) {
      for (let ky = 0; ky < kernel[0]; ky++) {
        for (let kx = 0; kx < kernel[1]; kx++) {
          const factor = weight[((i * each + o) * kernel[0] + ky) * kernel[1] + kx] * (scale?.[first + o] ?? 1);
          for (let v = 0; v < x.h; v++) {
            const row = v * strides[0] + ky * dilations[0] - pads[0];
            if (row < 0 || row >= h) continue;
            for (let u = 0; u < x.w; u++) {
              const column = u * strides[1] + kx * dilations[1] - pads[1];
              if (column >= 0 && column < w)
                y.data[((first + o) * h + row) * w + column] += factor * x.data[(i * x.h + v) * x.w + u];
            }
          }
        }
      }
    }
  }
  return activate(y, ending);
}
