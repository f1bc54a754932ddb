// Truth for both 2×2 pools, stride 2, sizes rounded up: the shortcut's average and VGG's maximum. An overhanging window takes what exists.
import { type Field, field } from './field.ts';

/** Average of the pixels that exist, 1, 2 or 4. */
export function pool(x: Field): Field {
  return pooled(x, window => window.reduce((sum, value) => sum + value, 0) / window.length);
}

/** Maximum, Caffe's sizes (its pools round up). */
export function maxpool(x: Field): Field {
  return pooled(x, window => Math.max(...window));
}

export function pooled(x: Field, of: (window: readonly number[]) => number): Field {
  const y = field({ c: x.c, h: Math.ceil(x.h / 2), w: Math.ceil(x.w / 2) });
  for (let c = 0; c < x.c; c++) {
    for (let v = 0; v < y.h; v++) {
      for (let u = 0; u < y.w; u++) {
        const window: number[] = [];
        for (let row = 2 * v; row < Math.min(2 * v + 2, x.h); row++) {
          for (let column = 2 * u; column < Math.min(2 * u + 2, x.w); column++) {
            window.push(x.data[(c * x.h + row) * x.w + column]);
          }
        }
        y.data[(c * y.h + v) * y.w + u] = of(window);
      }
    }
  }
  return y;
}
