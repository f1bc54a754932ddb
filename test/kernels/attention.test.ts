// Attention of one head and of several, over keys that fill no four, and of scores that would overflow. Data only: conformance.test.ts runs it.
import { drawPlace, type KernelTable, map, node, type Row } from './table.ts';

interface Spec extends Pick<Row, 'join' | 'most' | 'fill'> {
  readonly heads?: number;
  readonly scale?: number;
}

/** Of h×w pixels over those of a map of v×u; keys with k channels a head, values with c. */
function row(name: string, [h, w]: readonly number[], [v, u]: readonly number[], k: number, c: number, spec: Spec = {}): Row {
  const { heads = 1, scale = 0.5, ...place } = spec;
  const attributes = { heads, scale, pixels: v * u, inner: heads * k };
  const made = node('attention', { attributes, inputs: { x: 'x', keys: 'keys', values: 'values' } });
  const inputs = { x: map(heads * k, h, w), keys: map(heads * k, v, u), values: map(heads * c, v, u) };
  return { name, node: made, inputs, ...place };
}

export const table: KernelTable = {
  kernel: 'attention',
  tolerance: { f32: 1e-5, half: 1e-3, why: 'exponentials and a float32 sum of a few dozen; a stored half is off by 2^-10' },
  rows: [
    row('one head', [3, 4], [2, 3], 8, 8),
    row('channels and keys that fill no quad', [3, 3], [1, 5], 5, 7),
    row('three heads', [4, 5], [3, 3], 8, 4, { heads: 3 }),
    row('more values than a lane sums up', [2, 3], [2, 4], 4, 44),
    row('the same in two heads', [2, 3], [1, 6], 4, 36, { heads: 2 }),
    row('one key', [3, 4], [1, 1], 4, 4),
    row('scores that overflow', [3, 4], [3, 3], 8, 8, { scale: 400 }),
    row('the largest comes last', [2, 2], [3, 3], 4, 4, { scale: 1, fill: (value, i) => (value === 'x' ? 1 : ((i % 9) - 4) * 10) }),
    row('into a join', [3, 3], [2, 3], 6, 12, { join: { from: 4, c: 24 } }),
    row('folded grid', [17, 9], [1, 3], 4, 8, { most: 2 }),
  ],
  random(draw) {
    const heads = draw.int(1, 3);
    const width = (): number => (heads === 1 ? draw.int(1, 21) : 4 * draw.int(1, 4));
    const c = width();
    const [h, w, v, u] = [draw.int(1, 6), draw.int(1, 6), draw.int(1, 4), draw.int(1, 4)];
    return row('', [h, w], [v, u], width(), c, { heads, ...drawPlace(draw, heads * c) });
  },
};
