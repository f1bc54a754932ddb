// The small operations that passes left standing, among them what a tap needs: slices, copies into a join, unfused gates. Data
// only: conformance.test.ts runs it.
import type { Constant, Norm } from '../../src/graph/constant.ts';
import { type Activation, type Node, relu, sigmoid } from '../../src/graph/graph.ts';
import { type Curve, curves } from '../../src/graph/numbered.ts';
import { type Draw, drawPlace, drawSize, ends, exact, type KernelTable, map, node, type Row, slopes } from './table.ts';

type Shape = readonly [number, number, number];
type Place = Pick<Row, 'join' | 'most' | 'fill'>;

function copy(name: string, [c, h, w]: Shape, place: Place = {}): Row {
  return { name, node: node('copy', { attributes: {} }), inputs: { x: map(c, h, w) }, ...place };
}

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
  affine: [-1.5, 0.25],
};

/** Defined for them alone. */
const positive: readonly Curve[] = ['log', 'sqrt', 'reciprocal'];

function curve(name: string, word: Curve, [c, h, w]: Shape, place: Place = {}): Row {
  const attributes = ends(word, ...(numbers[word] ?? []));
  const fill = positive.includes(word) ? (_: string, i: number): number => 0.1 + ((i * 37) % 50) / 10 : place.fill;
  const made = node('activate', { attributes, constants: slopes(attributes, c) });
  return { name, node: made, inputs: { x: map(c, h, w) }, ...place, fill };
}

/** Whole powers on both sides of zero, other ones above it. */
function power(exponent: number): Row {
  const attributes = ends('power', exponent);
  const fill = (_: string, i: number): number => (i % 2 && Number.isInteger(exponent) ? -1 : 1) * (0.5 + ((i * 37) % 50) / 20);
  return { name: `power ${exponent}`, node: node('activate', { attributes }), inputs: { x: map(5, 2, 6) }, fill };
}

/** From -8 to 8, off the places where floor and its like jump. */
const far = (_: string, i: number): number => ((i * 61) % 160) / 10 - 7.97;

function batchnorm(name: string, [c, h, w]: Shape, activation: Activation | null = null, place: Place = {}): Row {
  const norm: Norm = { name: 'bn', channels: c, epsilon: 1e-5 };
  const scale: Constant = { kind: 'scale', norm };
  const constants = { scale, shift: { kind: 'shift', norm, bias: null } as const, ...slopes(activation ?? undefined, c) };
  const attributes = { fused: activation ? { activation } : {} };
  return { name, node: node('batchnorm', { attributes, constants }), inputs: { x: map(c, h, w) }, ...place };
}

function add(name: string, activation: Activation | null, [c, h, w]: Shape, place: Place = {}): Row {
  const inputs = { x: 'x', other: 'other' };
  return {
    name,
    node: node('add', { attributes: { fused: activation ? { activation } : {} }, inputs }),
    inputs: { x: map(c, h, w), other: map(c, h, w) },
    ...place,
  };
}

/** The gate a map, as an unfused sigmoid leaves it, or float32, as excite makes it. */
function mul(name: string, gate: 'map' | 'exact', [c, h, w]: Shape, place: Place = {}): Row {
  const made: Node = node('mul', { attributes: {}, inputs: { x: 'x', gate: 'gate' } });
  return { name, node: made, inputs: { x: map(c, h, w), gate: (gate === 'map' ? map : exact)(c, 1, 1) }, ...place };
}

/** By statistics of the map, which are always float32. */
function normalise(name: string, [c, h, w]: Shape, activation: Activation | null = null, place: Place = {}): Row {
  const made = node('normalise', { attributes: { fused: activation ? { activation } : {} }, inputs: { x: 'x', norm: 'norm' } });
  return { name, node: made, inputs: { x: map(c, h, w), norm: exact(c, 2, 1) }, ...place };
}

function slice(name: string, [c, h, w]: Shape, [from, to]: readonly [number, number], place: Place = {}): Row {
  return { name, node: node('slice', { attributes: { from, to } }), inputs: { x: map(c, h, w) }, ...place };
}

export const table: KernelTable = {
  kernel: 'elementwise',
  tolerance: {
    f32: 1e-5,
    half: 2e-3,
    why: 'exponentials and powers of a few units in the last place; a stored half is off by 2^-10 before a curve and after',
  },
  rows: [
    batchnorm('batch norm', [5, 3, 5]),
    batchnorm('batch norm, one pixel', [12, 1, 1]),
    batchnorm('batch norm, relu', [5, 3, 5], relu),
    batchnorm('batch norm, prelu', [6, 3, 5], ends('prelu')),
    ...curves.map(word => curve(word, word, [5, 3, 4])),
    ...curves.filter(word => word !== 'exp').map(word => curve(`${word}, large`, word, [4, 5, 8], { fill: far })),
    ...[-1, 2, 1 / 3].map(power),
    curve('sigmoid of large numbers', 'sigmoid', [4, 2, 6], { fill: (_, i) => (i - 24) * 8 }),
    curve('into a join', 'hard-swish', [12, 3, 5], { join: { from: 4, c: 24 } }),
    add('sum', null, [3, 5, 7]),
    add('sum, relu', relu, [24, 3, 3]),
    add('sum, sigmoid', sigmoid, [5, 3, 3]),
    add('sum beyond half', null, [5, 2, 3], { fill: (_, i) => (i % 2 ? 40000 : -65504) }),
    mul('gate from a sigmoid', 'map', [12, 5, 3]),
    mul('gate of 5 channels', 'map', [5, 3, 3]),
    mul('gate from excite', 'exact', [24, 3, 5]),
    normalise('norm of 5 channels', [5, 3, 4]),
    normalise('norm, relu, into a join', [12, 3, 5], relu, { join: { from: 4, c: 24 } }),
    slice('first half', [24, 3, 5], [0, 12]),
    slice('second half', [24, 3, 5], [12, 24]),
    slice('end within a quad', [24, 3, 3], [8, 13]),
    copy('copy into a join', [5, 3, 5], { join: { from: 8, c: 13 } }),
    copy('copy into the middle of a join', [12, 1, 7], { join: { from: 4, c: 24 } }),
    add('folded grid', relu, [24, 11, 13], { most: 2 }),
  ],
  random(draw) {
    const { h, w } = drawSize(draw);
    const c = draw.int(1, 25);
    const shape = [c, h, w] as const;
    const from = 4 * draw.int(0, Math.floor((c - 1) / 4));
    const kinds: readonly ((place: Place) => Row)[] = [
      place => batchnorm('', shape, null, place),
      place => copy('', shape, place),
      place => curve('', draw.from(curves), shape, place),
      place => add('', draw.from([null, relu]), shape, place),
      place => mul('', draw.from(['map', 'exact']), shape, place),
    ];
    if (draw.once(5)) return sliced(draw, shape, from);
    return draw.from(kinds)(drawPlace(draw, c));
  },
};

function sliced(draw: Draw, shape: Shape, from: number): Row {
  const to = draw.int(from + 1, shape[0]);
  return slice('', shape, [from, to], drawPlace(draw, to - from));
}
