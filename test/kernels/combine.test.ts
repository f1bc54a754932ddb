// Sums, products and their like with everything that stands for more than it is. Data only: conformance.test.ts runs it.
import type { Constant } from '../../src/graph/constant.ts';
import type { Activation } from '../../src/graph/graph.ts';
import { type Operation, operations } from '../../src/graph/numbered.ts';
import { drawPlace, drawSize, ends, type KernelTable, map, node, type Row, slopes, tensor } from './table.ts';

type Size = readonly [number, number, number];

interface Spec extends Pick<Row, 'join' | 'most' | 'fill'> {
  readonly swapped?: boolean;
  readonly constant?: boolean;
  readonly activation?: Activation;
}

/** Quotients by numbers away from zero. */
const apart = (_: string, i: number): number => (i % 2 ? 1 : -1) * (0.5 + ((i * 29) % 40) / 20);
/** Whole powers from −3 to 3 of numbers on both sides of zero, other ones of numbers above it. */
const powers = {
  whole: (value: string, i: number) => (value === 'other' ? (i % 7) - 3 : apart(value, i)),
  broken: (value: string, i: number) => (value === 'other' ? apart(value, i) : Math.abs(apart(value, i))),
};

function row(
  name: string,
  operation: Operation,
  x: Size,
  other: Size,
  { swapped = false, constant, activation, ...place }: Spec = {},
): Row {
  const attributes = { operation, swapped, fused: activation ? { activation } : {} };
  const constants: Record<string, Constant> = {
    ...(constant ? { other: tensor('other', ...other) } : {}),
    ...slopes(activation, Math.max(x[0], other[0])),
  };
  const fill = operation === 'power' ? powers.whole : apart;
  const inputs: Record<string, string> = constant ? { x: 'x' } : { x: 'x', other: 'other' };
  const values: Row['inputs'] = constant ? { x: map(...x) } : { x: map(...x), other: map(...other) };
  return {
    name,
    node: node('combine', { attributes, constants, inputs }),
    inputs: values,
    fill,
    ...(operation === 'power' && constant ? { constant: powers.whole } : {}),
    ...place,
  };
}

export const table: KernelTable = {
  kernel: 'combine',
  tolerance: {
    f32: 1e-6,
    half: 1e-3,
    why: 'one float32 operation, a quotient of a few units in the last place; a stored half is off by 2^-10',
  },
  rows: [
    ...operations.map(operation => row(`${operation} of two maps`, operation, [5, 3, 4], [5, 3, 4])),
    ...operations.map(operation =>
      row(`${operation} of a constant`, operation, [6, 3, 5], [6, 1, 1], { constant: operation !== 'div' }),
    ),
    row('powers that are not whole', 'power', [5, 3, 4], [5, 3, 4], { fill: powers.broken }),
    { ...row('powers of two', 'power', [5, 3, 4], [1, 1, 1], { constant: true, swapped: true, fill: apart }), constant: () => 2 },
    row('a channel', 'add', [19, 3, 4], [19, 1, 1]),
    row('a pixel', 'mul', [12, 4, 5], [1, 4, 5]),
    row('a pixel, first', 'mul', [1, 4, 5], [12, 4, 5]),
    row('a column', 'add', [5, 4, 6], [1, 1, 6], { constant: true }),
    row('a row', 'sub', [5, 4, 6], [1, 4, 1], { constant: true, swapped: true }),
    row('one number, first', 'sub', [7, 4, 3], [1, 1, 1], { constant: true, swapped: true }),
    row('both grow', 'mul', [9, 1, 1], [1, 5, 4]),
    row('a plane', 'add', [4, 3, 6], [1, 3, 6], { constant: true }),
    row('a map', 'mul', [5, 3, 6], [5, 3, 6], { constant: true }),
    row('quotient of maps, swapped', 'div', [5, 3, 3], [5, 3, 3], { swapped: true }),
    row('a sigmoid of differences', 'sub', [5, 3, 6], [5, 3, 6], { activation: ends('sigmoid') }),
    row('prelu behind a constant', 'add', [6, 3, 5], [6, 1, 1], { constant: true, activation: ends('prelu') }),
    row('into a join', 'add', [12, 3, 5], [1, 1, 1], { constant: true, join: { from: 4, c: 24 } }),
    row('folded grid', 'max', [24, 11, 13], [24, 11, 13], { most: 2 }),
  ],
  random(draw) {
    const { h, w } = drawSize(draw);
    const c = draw.int(1, 25);
    const one = (size: number): number => (draw.once(2) ? 1 : size);
    return row('', draw.from(['add', 'sub', 'mul', 'max', 'min']), [c, h, w], [one(c), one(h), one(w)], {
      swapped: draw.once(2),
      constant: draw.once(2),
      ...drawPlace(draw, c),
    });
  },
};
