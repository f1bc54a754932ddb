// Truth for the norm over all pixels of a channel (Ulyanov et al., arXiv 1607.08022): its statistics, and what they do to a map.
import type { Pair } from '../graph/graph.ts';
import { activate, type EndingOptions } from './activate.ts';
import { type Field, field } from './field.ts';

export interface MomentsOptions {
  readonly epsilon: number;
  /** One a channel, both or neither. */
  readonly scale: Float64Array | null;
  readonly shift: Float64Array | null;
  /** Channels [from, to) whose factor is the scale and whose offset the shift. */
  readonly given?: Pair;
}

/** c×2: scale / √(variance + ε), and shift − mean · that. The variance is the biased one. */
export function moments({ c, h, w, data }: Field, { epsilon, scale, shift, given: [from, to] = [0, 0] }: MomentsOptions): Field {
  const y = field({ c, h: 2, w: 1 });
  for (let channel = 0; channel < c; channel++) {
    const plane = data.subarray(channel * h * w, (channel + 1) * h * w);
    const mean = plane.reduce((sum, value) => sum + value, 0) / plane.length;
    const variance = plane.reduce((sum, value) => sum + (value - mean) ** 2, 0) / plane.length;
    const factor = (scale?.[channel] ?? 1) / Math.sqrt(variance + epsilon);
    const own = [factor, (shift?.[channel] ?? 0) - mean * factor];
    y.data.set(channel >= from && channel < to ? [scale![channel], shift![channel]] : own, channel * 2);
  }
  return y;
}

/** y[c] = act(x[c] · norm[c, 0] + norm[c, 1]). */
export function normalise(x: Field, norm: Field, ending: EndingOptions): Field {
  const pixels = x.h * x.w;
  const at = (n: number): number => Math.floor(n / pixels) * 2;
  const y = field(
    x,
    x.data.map((value, n) => value * norm.data[at(n)] + norm.data[at(n) + 1]),
  );
  return activate(y, ending);
}
