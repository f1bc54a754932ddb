// Truth for adaptive average pooling (PyTorch's adaptive_avg_pool2d): windows that together cover the map and may overlap.
import { type Field, field } from './field.ts';

/** y[v, u] = mean of x over rows ⌊v·h/bins⌋ … ⌈(v + 1)·h/bins⌉ − 1, and columns likewise. */
export function adaptive(x: Field, bins: number): Field {
  const y = field({ c: x.c, h: bins, w: bins });
  const window = (index: number, size: number): [number, number] => [
    Math.floor((index * size) / bins),
    Math.ceil(((index + 1) * size) / bins),
  ];
  for (let c = 0; c < x.c; c++) {
    for (let v = 0; v < bins; v++) {
      const [top, bottom] = window(v, x.h);
      for (let u = 0; u < bins; u++) {
        const [left, right] = window(u, x.w);
        let sum = 0;
        for (let row = top; row < bottom; row++) {
          for (let column = left; column < right; column++) sum += x.data[(c * x.h + row) * x.w + column];
        }
        y.data[(c * bins + v) * bins + u] = sum / ((bottom - top) * (right - left));
      }
    }
  }
  return y;
}
