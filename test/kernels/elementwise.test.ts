// The small operations that passes left standing, among them what a tap needs: slices, copies into a join, unfused gates. Data
// only: conformance.test.ts runs it.
import type { Constant, Norm } from '../../src/graph/constant.ts';
import type { Activation, Node } from '../../src/graph/graph.ts';
import { type Draw, drawPlace, drawSize, exact, type KernelTable, map, node, type Row } from './table.ts';

type Shape = readonly [number, number, number];
type Place = Pick<Row, 'join' | 'most' | 'fill'>;

function unary(name: string, op: 'relu' | 'sigmoid' | 'copy', [c, h, w]: Shape, place: Place = {}): Row {
  return { name, node: node(op, { attributes: {} }), inputs: { x: map(c, h, w) }, ...place };
}

function batchnorm(name: string, [c, h, w]: Shape, place: Place = {}): Row {
  const norm: Norm = { name: 'bn', channels: c, epsilon: 1e-5 };
  const constants: Record<string, Constant> = { scale: { kind: 'scale', norm }, shift: { kind: 'shift', norm, bias: null } };
  return { name, node: node('batchnorm', { attributes: {}, constants }), inputs: { x: map(c, h, w) }, ...place };
}

function add(name: string, activation: Activation, [c, h, w]: Shape, place: Place = {}): Row {
  const inputs = { x: 'x', other: 'other' };
  return {
    name,
    node: node('add', { attributes: { activation }, inputs }),
    inputs: { x: map(c, h, w), other: map(c, h, w) },
    ...place,
  };
}

/** The gate a map, as an unfused sigmoid leaves it, or float32, as excite makes it. */
function mul(name: string, gate: 'map' | 'exact', [c, h, w]: Shape, place: Place = {}): Row {
  const made: Node = node('mul', { attributes: {}, inputs: { x: 'x', gate: 'gate' } });
  return { name, node: made, inputs: { x: map(c, h, w), gate: (gate === 'map' ? map : exact)(c, 1, 1) }, ...place };
}

function slice(name: string, [c, h, w]: Shape, [from, to]: readonly [number, number], place: Place = {}): Row {
  return { name, node: node('slice', { attributes: { from, to } }), inputs: { x: map(c, h, w) }, ...place };
}

export const table: KernelTable = {
  kernel: 'elementwise',
  tolerance: {
    f32: 1e-6,
    half: 1e-3,
    why: 'one or two float32 operations, and an exponential of a few units in the last place; a stored half is off by 2^-10',
  },
  rows: [
    batchnorm('batch norm', [5, 3, 5]),
    batchnorm('batch norm, one pixel', [12, 1, 1]),
    unary('relu', 'relu', [19, 3, 7]),
    unary('sigmoid', 'sigmoid', [12, 1, 1]),
    unary('sigmoid of 5 channels', 'sigmoid', [5, 3, 3]),
    unary('sigmoid of large numbers', 'sigmoid', [4, 2, 6], { fill: (_, i) => (i - 24) * 8 }),
    add('sum', 'none', [3, 5, 7]),
    add('sum, relu', 'relu', [24, 3, 3]),
    add('sum beyond half', 'none', [5, 2, 3], { fill: (_, i) => (i % 2 ? 40000 : -65504) }),
    mul('gate from a sigmoid', 'map', [12, 5, 3]),
    mul('gate of 5 channels', 'map', [5, 3, 3]),
    mul('gate from excite', 'exact', [24, 3, 5]),
    slice('first half', [24, 3, 5], [0, 12]),
    slice('second half', [24, 3, 5], [12, 24]),
    slice('end within a quad', [24, 3, 3], [8, 13]),
    unary('copy into a join', 'copy', [5, 3, 5], { join: { from: 8, c: 13 } }),
    unary('copy into the middle of a join', 'copy', [12, 1, 7], { join: { from: 4, c: 24 } }),
    add('folded grid', 'relu', [24, 11, 13], { most: 2 }),
  ],
  random(draw) {
    const { h, w } = drawSize(draw);
    const c = draw.int(1, 25);
    const shape = [c, h, w] as const;
    const from = 4 * draw.int(0, Math.floor((c - 1) / 4));
    const kinds: readonly ((place: Place) => Row)[] = [
      place => batchnorm('', shape, place),
      place => unary('', draw.from(['relu', 'sigmoid', 'copy']), shape, place),
      place => add('', draw.from(['none', 'relu']), shape, place),
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
