// Truth for the sums of a map of codes, strip by strip: whole numbers, and one multiplication.
import { held, MOST_SUM } from '../graph/codes.ts';
import type { NodeOf } from '../graph/graph.ts';
import { type Field, field } from './field.ts';
import { partialSums } from './grouped.ts';
import { away } from './qconv.ts';

export function qsums(x: Field, { from, strips }: NodeOf<'qsums'>['attributes']): Field {
  const sums = partialSums(away(x, from.zero), strips);
  return field(
    sums,
    sums.data.map(sum => Math.fround(held(sum, -MOST_SUM, MOST_SUM) * Math.fround(from.scale))),
  );
}
