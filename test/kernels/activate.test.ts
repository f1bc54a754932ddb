// Every curve, on both sides of zero and far out. Data only: conformance.test.ts runs it.
import type { Constant } from '../../src/graph/constant.ts';
import { type Curve, curves } from '../../src/graph/graph.ts';
import { drawPlace, drawSize, type KernelTable, map, node, type Row, tensor } from './table.ts';

/** What each is tried with. */
const numbers: Partial<Record<Curve, readonly [number, number]>> = {
  clip: [-0.25, 0.5],
  leaky: [0.1, 0],
  elu: [1.5, 0],
  selu: [1.6732632423543772, 1.0507009873554805],
  celu: [0.5, 0],
  'hard-sigmoid': [0.2, 0.5],
  power: [3, 0],
  threshold: [0.3, 0],
  quantise: [0.1, 0],
  affine: [-0.7, 0.3],
};

/** Defined for them alone. */
const positive: readonly Curve[] = ['log', 'sqrt', 'reciprocal'];

function row(
  name: string,
  curve: Curve,
  [c, h, w]: readonly [number, number, number],
  place: Pick<Row, 'join' | 'most' | 'fill'> = {},
): Row {
  const [a, b] = numbers[curve] ?? [0, 0];
  const constants: Record<string, Constant> = curve === 'prelu' ? { slope: tensor('slope', c) } : {};
  const fill = positive.includes(curve) ? (_: string, i: number): number => 0.1 + ((i * 37) % 50) / 10 : place.fill;
  return { name, node: node('activate', { attributes: { curve, a, b }, constants }), inputs: { x: map(c, h, w) }, ...place, fill };
}

/** From -8 to 8, off the places where floor and its like jump. */
const wide = (_: string, i: number): number => ((i * 61) % 160) / 10 - 7.97;

export const table: KernelTable = {
  kernel: 'activate',
  tolerance: {
    f32: 1e-5,
    half: 2e-3,
    why: 'exponentials and powers of a few units in the last place; a stored half is off by 2^-10 before the curve and after',
  },
  rows: [
    ...curves.map(curve => row(curve, curve, [5, 3, 4])),
    ...curves.filter(curve => curve !== 'exp').map(curve => row(`${curve}, large`, curve, [4, 5, 8], { fill: wide })),
    row('into a join', 'hard-swish', [12, 3, 5], { join: { from: 4, c: 24 } }),
    row('folded grid', 'clip', [24, 11, 13], { most: 2 }),
  ],
  random(draw) {
    const { h, w } = drawSize(draw);
    const c = draw.int(1, 25);
    return row('', draw.from(curves), [c, h, w], drawPlace(draw, c));
  },
};
