// Truth for the grouped dilated 3×3 convolution with the squeeze in its epilogue.
import { TILE } from '../graph/ops.ts';
import { type ConvOptions, conv } from './conv.ts';
import { type Field, field } from './field.ts';

/** The convolution, and with it the sums over its strips: c × strips, one row a strip. */
export function grouped(x: Field, options: ConvOptions, strips: number): { y: Field; partials: Field } {
  const y = conv(x, options);
  return { y, partials: partialSums(y, strips) };
}

/** Tile t is eight pixels of one row, t counting along rows; strip s sums the tiles t ≡ s modulo the number of strips. */
export function partialSums(y: Field, rows: number): Field {
  const across = Math.ceil(y.w / TILE);
  const sums = field({ c: y.c, h: rows, w: 1 });
  for (let c = 0; c < y.c; c++) {
    for (let v = 0; v < y.h; v++) {
      for (let u = 0; u < y.w; u++) {
        const tile = v * across + Math.floor(u / TILE);
        sums.data[c * rows + (tile % rows)] += y.data[(c * y.h + v) * y.w + u];
      }
    }
  }
  return sums;
}
