// Products of two maps, both ways, in batches, over numbers that fill no quad. Data only: conformance.test.ts runs it.
import { drawPlace, type KernelTable, map, node, type Row } from './table.ts';

interface Spec extends Pick<Row, 'join' | 'most'> {
  readonly batches?: number;
  readonly turned?: boolean;
}

/** h×w pixels a batch, by j of the other, over k. */
function row(name: string, [h, w]: readonly [number, number], j: number, k: number, spec: Spec = {}): Row {
  const { batches = 1, turned = false, ...place } = spec;
  const other = turned ? map(j, batches, k) : map(k, batches, j);
  const made = node('product', { attributes: { batches, turned, inner: k }, inputs: { x: 'x', other: 'other' } });
  return { name, node: made, inputs: { x: map(k, batches * h, w), other }, ...place };
}

export const table: KernelTable = {
  kernel: 'product',
  tolerance: { f32: 1e-6, half: 1e-3, why: 'a float32 sum of a few dozen products; a stored half is off by 2^-10' },
  rows: [
    row('by pixels', [3, 4], 8, 8),
    row('by pixels, odd', [3, 5], 7, 5),
    row('by channels', [3, 4], 8, 8, { turned: true }),
    row('by channels, odd', [3, 5], 6, 7, { turned: true }),
    row('by pixels in batches', [2, 3], 5, 9, { batches: 3 }),
    row('by channels in batches', [1, 4], 9, 5, { batches: 3, turned: true }),
    row('one by one', [1, 1], 1, 1),
    row('into a join', [3, 3], 12, 6, { join: { from: 4, c: 24 } }),
    row('folded grid', [9, 11], 13, 6, { most: 2, turned: true }),
  ],
  random(draw) {
    const [h, w, j, k] = [draw.int(1, 6), draw.int(1, 6), draw.int(1, 21), draw.int(1, 21)];
    return row('', [h, w], j, k, { batches: draw.int(1, 4), turned: draw.once(2), ...drawPlace(draw, j) });
  },
};
