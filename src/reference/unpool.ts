// Truth for unpooling.
import type { Sliding } from '../graph/graph.ts';
import { type Field, field } from './field.ts';

/** Each window's number goes where its tap lies; what several windows reach is the last one's. */
export function unpool(x: Field, taps: Field, { kernel, strides, dilations, pads, h, w }: Sliding): Field {
  const y = field({ c: x.c, h, w });
  for (let n = 0; n < x.data.length; n++) {
    const tap = taps.data[n];
    if (tap < 0 || tap >= kernel[0] * kernel[1]) continue;
    const [c, v, u] = [Math.floor(n / (x.h * x.w)), Math.floor(n / x.w) % x.h, n % x.w];
    const row = v * strides[0] + Math.floor(tap / kernel[1]) * dilations[0] - pads[0];
    const column = u * strides[1] + (tap % kernel[1]) * dilations[1] - pads[1];
    if (row >= 0 && row < h && column >= 0 && column < w) y.data[(c * h + row) * w + column] = x.data[n];
  }
  return y;
}
