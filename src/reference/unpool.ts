// Truth for unpooling: each window's value goes where the maximum of the source lay, the first of equals.
import type { Sliding } from '../graph/graph.ts';
import { type Field, field } from './field.ts';

export function unpool(x: Field, source: Field, { kernel, strides, dilations, pads, h, w }: Sliding): Field {
  const y = field({ c: x.c, h, w });
  for (let c = 0; c < x.c; c++) {
    for (let v = 0; v < x.h; v++) {
      for (let u = 0; u < x.w; u++) {
        let [best, at] = [Number.NEGATIVE_INFINITY, -1];
        for (let ky = 0; ky < kernel[0]; ky++) {
          for (let kx = 0; kx < kernel[1]; kx++) {
            const row = v * strides[0] + ky * dilations[0] - pads[0];
            const column = u * strides[1] + kx * dilations[1] - pads[1];
            if (row < 0 || row >= source.h || column < 0 || column >= source.w) continue;
            const value = source.data[(c * source.h + row) * source.w + column];
            if (value > best) [best, at] = [value, row * w + column];
          }
        }
        if (at >= 0) y.data[c * h * w + at] = x.data[(c * x.h + v) * x.w + u];
      }
    }
  }
  return y;
}
