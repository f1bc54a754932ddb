// Truth for pools of any form: maximum or mean of the pixels of a window that lie in the map.
import type { Attributes } from '../graph/graph.ts';
import { type Field, field } from './field.ts';

/** A mean divides by the pixels in the map, or with `counted` also by those in the pads; what lies beyond those never counts. */
export function window(x: Field, { kind, kernel, strides, dilations, pads, counted, h, w }: Attributes['window']): Field {
  const y = field({ c: x.c, h, w });
  const [bottom, right] = counted ? [x.h + counted[0], x.w + counted[1]] : [x.h, x.w];
  for (let c = 0; c < x.c; c++) {
    for (let v = 0; v < h; v++) {
      for (let u = 0; u < w; u++) {
        let [sum, count, best] = [0, 0, Number.NEGATIVE_INFINITY];
        for (let ky = 0; ky < kernel[0]; ky++) {
          for (let kx = 0; kx < kernel[1]; kx++) {
            const row = v * strides[0] + ky * dilations[0] - pads[0];
            const column = u * strides[1] + kx * dilations[1] - pads[1];
            const inside = row >= 0 && row < x.h && column >= 0 && column < x.w;
            if (inside || (counted && row < bottom && column < right)) count++;
            if (!inside) continue;
            const value = x.data[(c * x.h + row) * x.w + column];
            sum += value;
            best = Math.max(best, value);
          }
        }
        y.data[(c * h + v) * w + u] = kind === 'max' ? best : sum / count;
      }
    }
  }
  return y;
}
