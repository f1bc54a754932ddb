// Truth for the convolution of any geometry: cross-correlation with zeros outside, groups of any width.
import type { Activation, Sliding } from '../graph/graph.ts';
import { activations, type Field, field } from './field.ts';

export interface SlideOptions extends Sliding {
  /** OIHW, I = channels of a group. */
  readonly weight: Float64Array;
  readonly bias: Float64Array | null;
  readonly out: number;
  readonly groups: number;
  readonly activation: Activation;
}

/** y[o, v, u] = act(b[o] + Σ w[o, i, ky, kx] · x[g·I + i, v·sy + ky·dy − top, u·sx + kx·dx − left]). */
export function slide(
  x: Field,
  { weight, bias, out, groups, activation, kernel, strides, dilations, pads, h, w }: SlideOptions,
): Field {
  const y = field({ c: out, h, w });
  const inputs = x.c / groups;
  for (let o = 0; o < out; o++) {
    const first = Math.floor((o * groups) / out) * inputs;
    const plane = y.data.subarray(o * h * w, (o + 1) * h * w);
    if (bias) plane.fill(bias[o]);
    for (let i = 0; i < inputs; i++) {
      const channel = x.data.subarray((first + i) * x.h * x.w, (first + i + 1) * x.h * x.w);
      for (let ky = 0; ky < kernel[0]; ky++) {
        for (let kx = 0; kx < kernel[1]; kx++) {
          const factor = weight[((o * inputs + i) * kernel[0] + ky) * kernel[1] + kx];
          for (let v = 0; v < h; v++) {
            const row = v * strides[0] + ky * dilations[0] - pads[0];
            if (row < 0 || row >= x.h) continue;
            for (let u = 0; u < w; u++) {
              const column = u * strides[1] + kx * dilations[1] - pads[1];
              if (column >= 0 && column < x.w) plane[v * w + u] += factor * channel[row * x.w + column];
            }
          }
        }
      }
    }
  }
  const act = activations[activation];
  for (let n = 0; n < y.data.length; n++) y.data[n] = act(y.data[n]);
  return y;
}
