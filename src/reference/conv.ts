// Truth for the convolution: cross-correlation with zeros outside, groups of any width, and one dilation a branch (an equal run of groups).
import type { Geometry } from '../graph/graph.ts';
import { convolved } from '../graph/rules.ts';
import { activate, type EndingOptions } from './activate.ts';
import { type Field, field } from './field.ts';

export interface ConvOptions extends EndingOptions {
  readonly geometry: Geometry;
  /** OIHW, I = channels of a group. */
  readonly weight: Float64Array;
  readonly bias: Float64Array | null;
  readonly out: number;
  /** Added before the activation. */
  readonly residual?: Field | null;
}

/** y[o, v, u] = act(b[o] + Σ w[o, i, ky, kx] · x[g·I + i, v·sy + ky·dy − top, u·sx + kx·dx − left] + residual[o, v, u]), x zero outside. */
export function conv(x: Field, options: ConvOptions): Field {
  const { weight, bias, out, geometry } = options;
  const { kernel, strides, dilations, pads, groups } = geometry;
  const [kh, kw] = kernel;
  const inputs = x.c / groups;
  const y = field(convolved({ ...x, c: out }, geometry, 0));
  for (let o = 0; o < out; o++) {
    const group = Math.floor((o * groups) / out);
    const branch = Math.floor((group * dilations.length) / groups);
    const [down, across] = dilations[branch];
    const [top, left] = pads[branch];
    const plane = y.data.subarray(o * y.h * y.w, (o + 1) * y.h * y.w);
    if (bias) plane.fill(bias[o]);
    for (let i = 0; i < inputs; i++) {
      const channel = x.data.subarray((group * inputs + i) * x.h * x.w, (group * inputs + i + 1) * x.h * x.w);
      for (let ky = 0; ky < kh; ky++) {
        for (let kx = 0; kx < kw; kx++) {
          const factor = weight[((o * inputs + i) * kh + ky) * kw + kx];
          const stride = strides[1];
          const shift = kx * across - left;
          // The columns whose tap lies inside x: 0 ≤ u·stride + shift < x.w.
          const from = Math.max(0, Math.ceil(-shift / stride));
          const to = Math.min(y.w, Math.floor((x.w - 1 - shift) / stride) + 1);
          for (let v = 0; v < y.h; v++) {
            const row = v * strides[0] + ky * down - top;
            if (row < 0 || row >= x.h) continue;
            for (let u = from, at = row * x.w + from * stride + shift; u < to; u++, at += stride)
              plane[v * y.w + u] += factor * channel[at];
          }
        }
      }
    }
  }
  options.residual?.data.forEach((value, n) => {
    y.data[n] += value;
  });
  return activate(y, options);
}
