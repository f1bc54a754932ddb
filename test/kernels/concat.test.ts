// Maps joined along the channels, from whole quads on. Data only: conformance.test.ts runs it.
import { drawPlace, drawSize, type KernelTable, map, node, type Row } from './table.ts';

function row(
  name: string,
  widths: readonly number[],
  [h, w]: readonly [number, number],
  more: Pick<Row, 'join' | 'most'> = {},
): Row {
  const inputs = Object.fromEntries(widths.map((_, n) => [String(n), `x${n}`]));
  const values = Object.fromEntries(widths.map((c, n) => [`x${n}`, map(c, h, w)]));
  return {
    name,
    node: node('concat', { attributes: { c: widths.reduce((sum, c) => Math.ceil(sum / 4) * 4 + c, 0) }, inputs }),
    inputs: values,
    ...more,
  };
}

export const table: KernelTable = {
  kernel: 'concat',
  tolerance: { f32: 0, half: 0, why: 'numbers are copied as they are stored' },
  rows: [
    row('one map, one pixel', [3], [1, 1]),
    row('two maps', [8, 5], [4, 3]),
    row('three maps, quads that are not whole', [5, 1, 10], [3, 5]),
    row('four maps', [4, 7, 12, 2], [5, 6]),
    row('into a join', [9, 4], [4, 5], { join: { from: 4, c: 24 } }),
    row('folded grid', [21, 6, 3, 9], [7, 5], { most: 2 }),
  ],
  random(draw) {
    const { h, w } = drawSize(draw, 9);
    const widths = Array.from({ length: draw.int(1, 4) }, () => draw.int(1, 17));
    return row(
      '',
      widths,
      [h, w],
      drawPlace(
        draw,
        widths.reduce((sum, c) => Math.ceil(sum / 4) * 4 + c, 0),
      ),
    );
  },
};
