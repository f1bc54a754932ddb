// Samples within a map, on its edge and far beyond it. Data only: conformance.test.ts runs it.
import type { Attributes } from '../../src/graph/graph.ts';
import { uniform } from '../../src/weights/seeded.ts';
import { drawPlace, drawSize, type KernelTable, map, node, type Row } from './table.ts';

type Size = readonly [number, number];

/** Points from −1.5 to 1.5: some beyond the map; of nearest pixels odd 32nds, exact in every precision and never in the middle of two. */
const points = uniform('points', 1024);
const fill =
  (mode: Attributes['sample']['mode']) =>
  (value: string, i: number): number => {
    if (value !== 'grid') return 2 * points[(i * 7) % 1024] - 1;
    const point = 3 * points[i % 1024] - 1.5;
    return mode === 'nearest' ? (2 * Math.floor(16 * point) + 1) / 32 : point;
  };

function row(
  name: string,
  c: number,
  [h, w]: Size,
  to: Size,
  attributes: Attributes['sample'],
  place: Pick<Row, 'join' | 'most'> = {},
): Row {
  const made = node('sample', { attributes, inputs: { x: 'x', grid: 'grid' } });
  return { name, node: made, inputs: { x: map(c, h, w), grid: map(2, ...to) }, fill: fill(attributes.mode), ...place };
}

export const table: KernelTable = {
  kernel: 'sample',
  tolerance: { f32: 1e-5, half: 2e-3, why: 'a place near 20 has 2^-19 left for its fraction; a stored half is off by 2^-10' },
  rows: [
    row('zeros, edges', 5, [6, 8], [7, 9], { corners: false, outside: 'zeros' }),
    row('zeros, corners', 8, [6, 8], [3, 5], { corners: true, outside: 'zeros' }),
    row('border, edges', 12, [5, 7], [6, 6], { corners: false, outside: 'border' }),
    row('border, corners', 3, [5, 7], [4, 6], { corners: true, outside: 'border' }),
    row('reflection, edges', 19, [5, 6], [7, 7], { corners: false, outside: 'reflection' }),
    row('reflection, corners', 4, [5, 6], [8, 3], { corners: true, outside: 'reflection' }),
    row('nearest, zeros', 5, [6, 8], [7, 9], { corners: false, outside: 'zeros', mode: 'nearest' }),
    row('nearest, border, corners', 8, [5, 9], [6, 7], { corners: true, outside: 'border', mode: 'nearest' }),
    row('nearest, reflection', 3, [5, 8], [7, 7], { corners: false, outside: 'reflection', mode: 'nearest' }),
    row('cubic, zeros', 5, [6, 8], [7, 9], { corners: false, outside: 'zeros', mode: 'cubic' }),
    row('cubic, border, corners', 12, [5, 7], [6, 6], { corners: true, outside: 'border', mode: 'cubic' }),
    row('cubic, reflection', 19, [5, 6], [7, 7], { corners: false, outside: 'reflection', mode: 'cubic' }),
    row('cubic, reflection, corners', 4, [1, 3], [8, 3], { corners: true, outside: 'reflection', mode: 'cubic' }),
    row('one pixel', 3, [1, 1], [2, 2], { corners: true, outside: 'reflection' }),
    row('into a join', 12, [4, 4], [5, 5], { corners: false, outside: 'zeros' }, { join: { from: 4, c: 24 } }),
    row('folded grid', 21, [7, 6], [9, 11], { corners: true, outside: 'zeros' }, { most: 2 }),
  ],
  random(draw) {
    const [from, to] = [drawSize(draw), drawSize(draw)];
    const c = draw.int(1, 25);
    const attributes = {
      corners: draw.once(2),
      outside: draw.from(['zeros', 'border', 'reflection'] as const),
      ...(draw.once(4) ? { mode: draw.from(['nearest', 'cubic'] as const) } : {}),
    };
    return row('', c, [from.h, from.w], [to.h, to.w], attributes, drawPlace(draw, c));
  },
};
