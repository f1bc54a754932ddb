// Reductions along every axis, of channels that fill no quad and numbers all below zero. Data only: conformance.test.ts runs it.
import { type Reduction, reductions } from '../../src/graph/numbered.ts';
import { drawPlace, drawSize, type KernelTable, map, node, type Row } from './table.ts';

type Along = 'c' | 'h' | 'w' | 'ch' | 'hw' | 'chw' | 'cw';

function row(
  name: string,
  operation: Reduction,
  along: Along,
  [c, h, w]: readonly [number, number, number],
  place: Pick<Row, 'join' | 'most' | 'fill'> = {},
): Row {
  const attributes = { operation, channels: along.includes('c'), rows: along.includes('h'), columns: along.includes('w') };
  return { name, node: node('reduce', { attributes }), inputs: { x: map(c, h, w) }, ...place };
}

const negative = (_: string, i: number): number => -1 - (i % 7);

export const table: KernelTable = {
  kernel: 'reduce',
  tolerance: { f32: 3e-6, half: 1e-3, why: 'a float32 sum of a few hundred numbers; a stored half is off by 2^-10' },
  rows: [
    ...reductions.map(operation => row(`${operation} of channels`, operation, 'c', [5, 3, 4])),
    ...reductions.map(operation => row(`${operation} of rows and columns`, operation, 'hw', [6, 5, 4])),
    row('maximum of channels, all negative', 'max', 'c', [5, 3, 3], { fill: negative }),
    row('maximum of pixels, all negative', 'max', 'hw', [6, 3, 3], { fill: negative }),
    row('minimum of channels, all positive', 'min', 'c', [7, 3, 3], { fill: (_, i) => 1 + (i % 5) }),
    row('mean of columns', 'mean', 'w', [12, 5, 7]),
    row('mean of rows', 'mean', 'h', [19, 5, 7]),
    row('sum of everything', 'sum', 'chw', [9, 5, 4]),
    row('one channel', 'sum', 'c', [1, 3, 4]),
    row('into a join', 'mean', 'w', [12, 4, 5], { join: { from: 4, c: 24 } }),
    row('folded grid', 'max', 'c', [12, 31, 29], { most: 2 }),
  ],
  random(draw) {
    const { h, w } = drawSize(draw);
    const c = draw.int(1, 25);
    const along = draw.from(['c', 'h', 'w', 'ch', 'hw', 'chw', 'cw'] as const);
    return row('', draw.from(reductions), along, [c, h, w], drawPlace(draw, along.includes('c') ? 1 : c));
  },
};
