// Truth for the winning taps of a maximum pool.
import type { Sliding } from '../graph/graph.ts';
import { type Field, field } from './field.ts';

/** The first tap (row by row) of each window's maximum, -1 where a window holds nothing. */
export function winners(x: Field, { kernel, strides, dilations, pads, h, w }: Sliding): Field {
  const y = field({ c: x.c, h, w });
  for (let c = 0; c < x.c; c++) {
    for (let v = 0; v < h; v++) {
      for (let u = 0; u < w; u++) {
        let [best, winner] = [Number.NEGATIVE_INFINITY, -1];
        for (let tap = 0; tap < kernel[0] * kernel[1]; tap++) {
          const row = v * strides[0] + Math.floor(tap / kernel[1]) * dilations[0] - pads[0];
          const column = u * strides[1] + (tap % kernel[1]) * dilations[1] - pads[1];
          if (row < 0 || row >= x.h || column < 0 || column >= x.w) continue;
          const value = x.data[(c * x.h + row) * x.w + column];
          if (value > best) [best, winner] = [value, tap];
        }
        y.data[(c * h + v) * w + u] = winner;
      }
    }
  }
  return y;
}
