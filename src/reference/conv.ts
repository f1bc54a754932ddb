// Truth for the convolution: cross-correlation with zero padding, groups, and one dilation a branch (an equal run of groups).
import type { Activation } from '../graph/graph.ts';
import { activations, type Field, field } from './field.ts';

export interface ConvOptions {
  /** OIHW, I = channels of a group. */
  readonly weight: Float64Array;
  readonly bias: Float64Array | null;
  readonly out: number;
  readonly kernel: readonly [number, number];
  readonly stride: number;
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
  readonly groups: number;
  readonly activation: Activation;
}

/** y[o, v, u] = act(b[o] + Σ w[o, i, ky, kx] · x[g·I + i, v·s + ky·d − p, u·s + kx·d − p]), x zero outside. */
export function conv(x: Field, options: ConvOptions): Field {
  const { weight, bias, out, stride, dilations, pads, groups, activation } = options;
  const [kh, kw] = options.kernel;
  const inputs = x.c / groups;
  const size = (length: number, k: number): number => Math.floor((length + 2 * pads[0] - dilations[0] * (k - 1) - 1) / stride) + 1;
  const y = field({ c: out, h: size(x.h, kh), w: size(x.w, kw) });
  for (let o = 0; o < out; o++) {
    const group = Math.floor((o * groups) / out);
    const branch = Math.floor((group * dilations.length) / groups);
    const dilation = dilations[branch];
    const pad = pads[branch];
    const plane = y.data.subarray(o * y.h * y.w, (o + 1) * y.h * y.w);
    if (bias) plane.fill(bias[o]);
    for (let i = 0; i < inputs; i++) {
      const channel = x.data.subarray((group * inputs + i) * x.h * x.w, (group * inputs + i + 1) * x.h * x.w);
      for (let ky = 0; ky < kh; ky++) {
        for (let kx = 0; kx < kw; kx++) {
          const factor = weight[((o * inputs + i) * kh + ky) * kw + kx];
          const shift = kx * dilation - pad;
          // The columns whose tap lies inside x: 0 ≤ u·stride + shift < x.w.
          const from = Math.max(0, Math.ceil(-shift / stride));
          const to = Math.min(y.w, Math.floor((x.w - 1 - shift) / stride) + 1);
          for (let v = 0; v < y.h; v++) {
            const row = v * stride + ky * dilation - pad;
            if (row < 0 || row >= x.h) continue;
            for (let u = from, at = row * x.w + from * stride + shift; u < to; u++, at += stride)
              plane[v * y.w + u] += factor * channel[at];
          }
        }
      }
    }
  }
  const act = activations[activation];
  for (let n = 0; n < y.data.length; n++) y.data[n] = act(y.data[n]);
  return y;
}
