// Truth for DilatedNet's zoom (its predict.py): bilinear between cells that sit at the top left of the pixels they stand for.
import type { Attributes } from '../graph/graph.ts';
import { type Field, field } from './field.ts';
import type { Tap } from './upsample.ts';

/** Pixel y lies (y mod scale) / scale of the way from cell ⌊y / scale⌋ to the next; clamped, where the original reads past its array. */
function taps(cells: number, size: number, scale: number): Tap[] {
  return Array.from({ length: size }, (_, index) => {
    const low = Math.min(Math.floor(index / scale), cells - 1);
    return { low, high: Math.min(low + 1, cells - 1), t: (index % scale) / scale };
  });
}

/** y[v, u] = (1 − s)·[(1 − t)·x(r, c) + t·x(r + 1, c)] + s·[(1 − t)·x(r, c + 1) + t·x(r + 1, c + 1)], c×h×w. */
export function zoom(x: Field, { scale, h, w }: Pick<Attributes['zoom'], 'scale' | 'h' | 'w'>): Field {
  const y = field({ c: x.c, h, w });
  const rows = taps(x.h, h, scale);
  const columns = taps(x.w, w, scale);
  for (let c = 0; c < x.c; c++) {
    const at = (row: number, column: number): number => x.data[(c * x.h + row) * x.w + column];
    rows.forEach(({ low: top, high: bottom, t }, v) => {
      columns.forEach(({ low: left, high: right, t: s }, u) => {
        const before = (1 - t) * at(top, left) + t * at(bottom, left);
        const behind = (1 - t) * at(top, right) + t * at(bottom, right);
        y.data[(c * h + v) * w + u] = (1 - s) * before + s * behind;
      });
    });
  }
  return y;
}
