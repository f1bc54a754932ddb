// Statistics of channels: of a single pixel, of a large mean, scaled and not. Data only: conformance.test.ts runs it.
import type { Constant } from '../../src/graph/constant.ts';
import { drawSize, type KernelTable, map, node, type Row, tensor } from './table.ts';

function row(
  name: string,
  [c, h, w]: readonly [number, number, number],
  scaled: boolean,
  { given, ...rest }: Pick<Row, 'fill' | 'most'> & { readonly given?: readonly [number, number] } = {},
): Row {
  const constants: Record<string, Constant> = scaled ? { scale: tensor('scale', c), shift: tensor('shift', c) } : {};
  return {
    name,
    node: node('moments', { attributes: { epsilon: 1e-3, ...(given && { given }) }, constants }),
    inputs: { x: map(c, h, w) },
    ...rest,
  };
}

/** Numbers from 7 to 9: their squares would cancel in float32. */
const high = (_: string, i: number): number => 8 + ((i * 37) % 100) / 50 - 1;

export const table: KernelTable = {
  kernel: 'moments',
  tolerance: {
    f32: 2e-5,
    half: 2e-5,
    why: 'float32 sums of up to 200 numbers, and a root; statistics are float32 in every precision',
  },
  rows: [
    row('plain', [7, 4, 3], false),
    row('scaled and shifted', [8, 3, 5], true),
    row('a last quad of one', [5, 6, 4], true),
    row('given at the beginning', [7, 3, 5], true, { given: [0, 3] }),
    row('given at the end', [18, 3, 3], true, { given: [6, 18] }),
    row('more pixels than lanes of a quad', [9, 20, 21], true),
    row('one pixel', [6, 1, 1], true),
    row('a large mean', [33, 5, 4], true, { fill: high }),
    row('folded grid', [300, 2, 2], true, { most: 1 }),
  ],
  random(draw) {
    const { h, w } = drawSize(draw, 14);
    return row('', [draw.int(1, 40), h, w], draw.once(2));
  },
};
