// Truth for the shortcut's pooling: 2×2 average, stride 2, ceil mode; an overhanging window divides by the pixels that exist.
import { type Field, field } from './field.ts';

export function pool(x: Field): Field {
  const y = field({ c: x.c, h: Math.ceil(x.h / 2), w: Math.ceil(x.w / 2) });
  for (let c = 0; c < x.c; c++) {
    for (let v = 0; v < y.h; v++) {
      for (let u = 0; u < y.w; u++) {
        let sum = 0;
        let pixels = 0;
        for (let row = 2 * v; row < Math.min(2 * v + 2, x.h); row++) {
          for (let column = 2 * u; column < Math.min(2 * u + 2, x.w); column++) {
            sum += x.data[(c * x.h + row) * x.w + column];
            pixels++;
          }
        }
        y.data[(c * y.h + v) * y.w + u] = sum / pixels;
      }
    }
  }
  return y;
}
