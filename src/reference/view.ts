// Truth for the views: rows of a map, and maps one below another.
import { type Field, field } from './field.ts';

/** Rows [top, top + rows). */
export function crop(x: Field, top: number, rows: number): Field {
  const y = field({ c: x.c, h: rows, w: x.w });
  for (let c = 0; c < x.c; c++) {
    const from = (c * x.h + top) * x.w;
    y.data.set(x.data.subarray(from, from + rows * x.w), c * rows * x.w);
  }
  return y;
}

/** One map below another; all have the same channels and width. */
export function stack(parts: readonly Field[]): Field {
  const { c, w } = parts[0];
  const h = parts.reduce((sum, part) => sum + part.h, 0);
  const y = field({ c, h, w });
  for (let channel = 0; channel < c; channel++) {
    let row = 0;
    for (const part of parts) {
      const plane = part.data.subarray(channel * part.h * w, (channel + 1) * part.h * w);
      y.data.set(plane, (channel * h + row) * w);
      row += part.h;
    }
  }
  return y;
}
