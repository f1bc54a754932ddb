// Truth for the resize: bilinear with half-pixel centres, clamped (PyTorch's interpolate with align_corners=False), or one of its other modes.
import type { Resampling } from '../graph/graph.ts';
import { type Field, field } from './field.ts';

/** The two source indices of a target index along one axis, and the weight of the second. */
export interface Tap {
  readonly low: number;
  readonly high: number;
  readonly t: number;
}

/** Half-pixel: src = (dst + ½)·from/to − ½, clamped below at 0. Corners: dst·(from − 1)/(to − 1). Nearest: ⌊dst·from/to⌋. */
export function taps(from: number, to: number, mode: Resampling = 'half-pixel'): Tap[] {
  return Array.from({ length: to }, (_, index) => {
    if (mode === 'nearest') return { low: Math.floor((index * from) / to), high: Math.floor((index * from) / to), t: 0 };
    const source =
      mode === 'corners' ? (to > 1 ? (index * (from - 1)) / (to - 1) : 0) : Math.max(0, ((index + 0.5) * from) / to - 0.5);
    const low = Math.min(Math.floor(source), from - 1);
    return { low, high: Math.min(low + 1, from - 1), t: source - low };
  });
}

export function upsample(x: Field, { h, w }: { readonly h: number; readonly w: number }, mode: Resampling = 'half-pixel'): Field {
  const y = field({ c: x.c, h, w });
  const rows = taps(x.h, h, mode);
  const columns = taps(x.w, w, mode);
  for (let c = 0; c < x.c; c++) {
    const plane = x.data.subarray(c * x.h * x.w, (c + 1) * x.h * x.w);
    for (let v = 0; v < h; v++) {
      const { low: top, high: bottom, t } = rows[v];
      for (let u = 0; u < w; u++) {
        const { low: left, high: right, t: s } = columns[u];
        const upper = plane[top * x.w + left] * (1 - s) + plane[top * x.w + right] * s;
        const lower = plane[bottom * x.w + left] * (1 - s) + plane[bottom * x.w + right] * s;
        y.data[(c * h + v) * w + u] = upper * (1 - t) + lower * t;
      }
    }
  }
  return y;
}
