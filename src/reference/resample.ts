// Truth for the resize by tables: for every row and every column of the result some places of x with a weight each.
import { type Field, field } from './field.ts';

/** y[v, u] = Σ_k Σ_l rows[v, k].weight · columns[u, l].weight · x[rows[v, k].place, columns[u, l].place]; tables hold place, weight in turn. */
export function resample(
  x: Field,
  { h, w }: { readonly h: number; readonly w: number },
  rows: Float64Array,
  columns: Float64Array,
): Field {
  const y = field({ c: x.c, h, w });
  const [down, across] = [rows.length / h / 2, columns.length / w / 2];
  for (let c = 0; c < x.c; c++) {
    for (let v = 0; v < h; v++) {
      for (let u = 0; u < w; u++) {
        let sum = 0;
        for (let k = 0; k < down; k++) {
          const [row, weight] = rows.subarray((v * down + k) * 2);
          let line = 0;
          for (let l = 0; l < across; l++) {
            const [column, share] = columns.subarray((u * across + l) * 2);
            line += share * x.data[(c * x.h + row) * x.w + column];
          }
          sum += weight * line;
        }
        y.data[(c * h + v) * w + u] = sum;
      }
    }
  }
  return y;
}
