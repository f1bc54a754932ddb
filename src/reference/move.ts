// Truth for moves: every place of the result says where in which of the inputs its number lies.
import type { Attributes } from '../graph/graph.ts';
import { type Field, field } from './field.ts';

type Tables = Readonly<Record<'channels' | 'rows' | 'columns', Float64Array>>;

/** Entries of the tables: channel, row, column, number of the input; a place's three entries are added. Below zero: `fill`. */
export function move(inputs: readonly Field[], { c, h, w, fill, channels, rows, columns }: Attributes['move'] & Tables): Field {
  const y = field({ c, h, w });
  let n = 0;
  for (let channel = 0; channel < c; channel++) {
    for (let v = 0; v < h; v++) {
      for (let u = 0; u < w; u++) {
        const [from, row, column, part] = [0, 1, 2, 3].map(k => channels[channel * 4 + k] + rows[v * 4 + k] + columns[u * 4 + k]);
        const x = inputs[part];
        y.data[n++] = Math.min(from, row, column) < 0 ? fill : x.data[(from * x.h + row) * x.w + column];
      }
    }
  }
  return y;
}
