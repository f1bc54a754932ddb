// Truth for the small operations that usually vanish into their neighbours: batch norm, activation, sum, gate, slice, copy.
import { activate, type EndingOptions } from './activate.ts';
import { type Field, field } from './field.ts';

export interface ElementwiseOptions extends EndingOptions {
  /** Channels [from, from + out) of x. */
  readonly from: number;
  readonly out: number;
  /** One factor and offset a channel, or null. */
  readonly affine: { readonly scale: Float64Array; readonly shift: Float64Array } | null;
  /** Added as a whole, or a gate: one factor a channel. */
  readonly other: Field | null;
  readonly combine: 'none' | 'add' | 'gate';
}

/** y[c] = act((x[from + c]·scale[c] + shift[c]) ∘ other[c]). */
export function elementwise(x: Field, options: ElementwiseOptions): Field {
  const { from, out, affine, other, combine } = options;
  const pixels = x.h * x.w;
  const y = field({ c: out, h: x.h, w: x.w });
  for (let c = 0; c < out; c++) {
    for (let n = 0; n < pixels; n++) {
      let value = x.data[(from + c) * pixels + n];
      if (affine) value = value * affine.scale[c] + affine.shift[c];
      if (combine === 'add') value += other!.data[c * pixels + n];
      if (combine === 'gate') value *= other!.data[c];
      y.data[c * pixels + n] = value;
    }
  }
  return activate(y, options);
}
