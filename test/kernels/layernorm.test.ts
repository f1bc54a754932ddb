// Norms over the channels of a pixel, of channels that fill no quad and of a large mean. Data only: conformance.test.ts runs it.
import type { Constant } from '../../src/graph/constant.ts';
import { drawPlace, drawSize, type KernelTable, map, node, type Row, tensor } from './table.ts';

function row(
  name: string,
  [c, h, w]: readonly [number, number, number],
  given: readonly ('scale' | 'shift')[],
  place: Pick<Row, 'join' | 'most' | 'fill'> = {},
): Row {
  const constants: Record<string, Constant> = Object.fromEntries(given.map(role => [role, tensor(role, c)]));
  return { name, node: node('layernorm', { attributes: { epsilon: 1e-5 }, constants }), inputs: { x: map(c, h, w) }, ...place };
}

/** Numbers from 7 to 9: their squares would cancel in float32. */
const high = (_: string, i: number): number => 8 + ((i * 37) % 100) / 50 - 1;

export const table: KernelTable = {
  kernel: 'layernorm',
  tolerance: {
    f32: 2e-5,
    half: 1e-3,
    why: 'of a mean of 8 float32 keeps 5e-7, of a spread of ½ that is 1e-6; a stored half is off by 2^-10',
  },
  rows: [
    row('scaled and shifted', [8, 3, 4], ['scale', 'shift']),
    row('scaled', [5, 3, 4], ['scale']),
    row('plain', [7, 4, 3], []),
    row('one channel', [1, 3, 3], ['shift']),
    row('a large mean', [33, 3, 4], ['scale', 'shift'], { fill: high }),
    row('into a join', [12, 3, 5], ['scale', 'shift'], { join: { from: 4, c: 24 } }),
    row('folded grid', [6, 17, 19], ['shift'], { most: 2 }),
  ],
  random(draw) {
    const { h, w } = drawSize(draw);
    const c = draw.int(2, 25);
    return row('', [c, h, w], draw.once(3) ? [] : ['scale', 'shift'], drawPlace(draw, c));
  },
};
