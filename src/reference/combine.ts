// Truth for two values pixel by pixel, where an axis of one place stands for every place.
import { operationOf } from '../graph/formulas.ts';
import type { Attributes, Shape } from '../graph/graph.ts';
import { activate, type EndingOptions } from './activate.ts';
import { type Field, field } from './field.ts';

type CombineOptions = Pick<Attributes['combine'], 'operation' | 'swapped'> & EndingOptions;

export function combine(x: Field, other: Field, { operation, swapped, ...ending }: CombineOptions): Field {
  const along = (axis: keyof Shape): number => Math.max(x[axis], other[axis]);
  const y = field({ c: along('c'), h: along('h'), w: along('w') });
  const f = operationOf[operation];
  const at = ({ c, h, w, data }: Field, channel: number, v: number, u: number): number =>
    data[((c === 1 ? 0 : channel) * h + (h === 1 ? 0 : v)) * w + (w === 1 ? 0 : u)];
  let n = 0;
  for (let c = 0; c < y.c; c++) {
    for (let v = 0; v < y.h; v++) {
      for (let u = 0; u < y.w; u++) {
        const [a, b] = [at(x, c, v, u), at(other, c, v, u)];
        y.data[n++] = swapped ? f(b, a) : f(a, b);
      }
    }
  }
  return activate(y, ending);
}
