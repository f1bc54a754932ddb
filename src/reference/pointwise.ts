// Truth for the 1×1 convolution with everything that may be fused into it.
import type { Fused } from '../graph/graph.ts';
import { activate, type EndingOptions } from './activate.ts';
import { type Field, field } from './field.ts';
import { pool } from './pool.ts';
import { upsample } from './upsample.ts';

export interface PointwiseOptions extends EndingOptions {
  /** O×I, bias O. */
  readonly weight: Float64Array;
  readonly bias: Float64Array | null;
  readonly out: number;
  /** One factor a channel of x. */
  readonly gate: Field | null;
  /** A second operand with its own O×I weight, read as it is or 2×2 average-pooled. */
  readonly shortcut: { readonly x: Field; readonly weight: Float64Array; readonly form: NonNullable<Fused['shortcut']> } | null;
  readonly residual: Field | null;
  /** A map of any size, bilinearly resized to the output. */
  readonly addend: Field | null;
}

/** y[o] = act(b[o] + Σ w[o, i]·gate[i]·x[i] + Σ ws[o, i]·s[i] + residual[o]) + resize(addend)[o], the same at every pixel. */
export function pointwise(x: Field, options: PointwiseOptions): Field {
  const { weight, bias, out, gate, shortcut, residual, addend } = options;
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
  residual?.data.forEach((value, n) => {
    y.data[n] += value;
  });
  const ended = activate(y, options);
  if (!addend) return ended;
  const above = upsample(addend, x);
  return field(
    y,
    ended.data.map((value, n) => value + above.data[n]),
  );
}

function accumulate(plane: Float64Array, x: Field, weight: Float64Array, o: number, gate: Field | null): void {
  for (let i = 0; i < x.c; i++) {
    const factor = weight[o * x.c + i] * (gate ? gate.data[i] : 1);
    const at = i * plane.length;
    for (let n = 0; n < plane.length; n++) plane[n] += factor * x.data[at + n];
  }
}
