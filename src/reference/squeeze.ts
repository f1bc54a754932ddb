// Truth for the squeeze: the mean of every channel.
import { type Field, field } from './field.ts';

export function squeeze(x: Field): Field {
  const pixels = x.h * x.w;
  const y = field({ c: x.c, h: 1, w: 1 });
  for (let c = 0; c < x.c; c++) {
    let sum = 0;
    for (let n = 0; n < pixels; n++) sum += x.data[c * pixels + n];
    y.data[c] = sum / pixels;
  }
  return y;
}
