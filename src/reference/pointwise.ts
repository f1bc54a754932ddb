// Truth for the 1×1 convolution with everything that may be fused into it.
import type { Activation, Shortcut } from '../graph/graph.ts';
import { activations, type Field, field } from './field.ts';
import { pool } from './pool.ts';
import { upsample } from './upsample.ts';

export interface PointwiseOptions {
  /** O×I, bias O. */
  readonly weight: Float64Array;
  readonly bias: Float64Array | null;
  readonly out: number;
  readonly activation: Activation;
  /** One factor a channel of x. */
  readonly gate: Field | null;
  /** A second operand with its own O×I weight, read as it is or 2×2 average-pooled. */
  readonly shortcut: { readonly x: Field; readonly weight: Float64Array; readonly form: Exclude<Shortcut, 'none'> } | null;
  readonly residual: Field | null;
  /** A map of any size, bilinearly resized to the output. */
  readonly addend: Field | null;
}

/** y[o] = act(b[o] + Σ w[o, i]·gate[i]·x[i] + Σ ws[o, i]·s[i] + residual[o]) + resize(addend)[o], the same at every pixel. */
export function pointwise(x: Field, options: PointwiseOptions): Field {
  const { weight, bias, out, activation, gate, shortcut, residual, addend } = options;
  const y = field({ c: out, h: x.h, w: x.w });
  const pixels = x.h * x.w;
  for (let o = 0; o < out; o++) {
    const plane = y.data.subarray(o * pixels, (o + 1) * pixels);
    if (bias) plane.fill(bias[o]);
    accumulate(plane, x, weight, o, gate);
  }
  if (shortcut) {
    const s = shortcut.form === 'pooled' ? pool(shortcut.x) : shortcut.x;
    for (let o = 0; o < out; o++) accumulate(y.data.subarray(o * pixels, (o + 1) * pixels), s, shortcut.weight, o, null);
  }
  const above = addend ? upsample(addend, x) : null;
  const act = activations[activation];
  for (let n = 0; n < y.data.length; n++) y.data[n] = act(y.data[n] + (residual?.data[n] ?? 0)) + (above?.data[n] ?? 0);
  return y;
}

function accumulate(plane: Float64Array, x: Field, weight: Float64Array, o: number, gate: Field | null): void {
  for (let i = 0; i < x.c; i++) {
    const factor = weight[o * x.c + i] * (gate ? gate.data[i] : 1);
    const at = i * plane.length;
    for (let n = 0; n < plane.length; n++) plane[n] += factor * x.data[at + n];
  }
}
