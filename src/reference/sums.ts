// Truth for the sums of a squeeze: strip s of a channel holds pixels s, s + strips, …
import { type Field, field } from './field.ts';

export function sums(x: Field, strips: number): Field {
  const pixels = x.h * x.w;
  const y = field({ c: x.c, h: strips, w: 1 });
  for (let c = 0; c < x.c; c++) for (let n = 0; n < pixels; n++) y.data[c * strips + (n % strips)] += x.data[c * pixels + n];
  return y;
}
