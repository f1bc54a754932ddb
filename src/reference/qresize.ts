// Truth for the resize of codes: places in 256ths, so that the four products of a pixel are whole numbers.
import { held, PARTS, places, ratio, scaled } from '../graph/codes.ts';
import type { NodeOf } from '../graph/graph.ts';
import { type Field, field } from './field.ts';

export function qresize(x: Field, { h, w, from, to }: NodeOf<'qresize'>['attributes']): Field {
  const y = field({ c: x.c, h, w });
  const rows = Array.from({ length: h }, (_, v) => places(v, x.h, h));
  const columns = Array.from({ length: w }, (_, u) => places(u, x.w, w));
  const factor = ratio(from.scale, to.scale * PARTS * PARTS);
  for (let c = 0; c < x.c; c++) {
    const at = (row: number, column: number): number => x.data[(c * x.h + row) * x.w + column] - from.zero;
    rows.forEach(({ low: top, high: bottom, share: down }, v) => {
      columns.forEach(({ low: left, high: right, share: across }, u) => {
        const upper = at(top, left) * (PARTS - across) + at(top, right) * across;
        const lower = at(bottom, left) * (PARTS - across) + at(bottom, right) * across;
        y.data[(c * h + v) * w + u] = held(scaled(upper * (PARTS - down) + lower * down, factor) + to.zero, -128, 127);
      });
    });
  }
  return y;
}
