// Truth for maps joined along the channels.
import { type Field, field } from './field.ts';

/** Maps of one size, one after another along the channels; `whole`: each from a multiple of four on, zeros between. */
export function concat(parts: readonly Field[], whole = false): Field {
  let c = 0;
  const starts = parts.map(part => {
    const start = whole ? Math.ceil(c / 4) * 4 : c;
    c = start + part.c;
    return start;
  });
  const y = field({ c, h: parts[0].h, w: parts[0].w });
  for (const [n, { data, h, w }] of parts.entries()) y.data.set(data, starts[n] * h * w);
  return y;
}
