// Codes one by one: every number exactly. Data only: conformance.test.ts runs it.
import type { Codes } from '../../src/graph/graph.ts';
import { codes, drawPlace, drawSize, exact, type KernelTable, map, node, type Row } from './table.ts';

type Shape = readonly [number, number, number];
type Place = Pick<Row, 'join' | 'most' | 'fill'>;

const from: Codes = { scale: 0.0131, zero: -7 };
const beside: Codes = { scale: 0.0314, zero: -128 };
const to: Codes = { scale: 0.0271, zero: 19 };

function quantise(name: string, [c, h, w]: Shape, place: Place = {}): Row {
  return { name, node: node('quantise', { attributes: { to } }), inputs: { x: map(c, h, w) }, ...place };
}

function dequantise(name: string, [c, h, w]: Shape, place: Place = {}): Row {
  return { name, node: node('dequantise', { attributes: { from } }), inputs: { x: codes(c, h, w) }, ...place };
}

function scale(name: string, [c, h, w]: Shape, place: Place = {}): Row {
  const made = node('qscale', { attributes: { from: beside, to }, inputs: { x: 'x', gate: 'gate' } });
  return { name, node: made, inputs: { x: codes(c, h, w), gate: exact(c, 1, 1) }, ...place };
}

function add(name: string, [c, h, w]: Shape, relu: boolean, place: Place = {}): Row {
  const attributes = { from, beside, to, low: relu ? to.zero : -128, high: 127 };
  const made = node('qadd', { attributes, inputs: { x: 'x', other: 'other' } });
  return { name, node: made, inputs: { x: codes(c, h, w), other: codes(c, h, w) }, ...place };
}

function copy(name: string, [c, h, w]: Shape, place: Place = {}): Row {
  const made = node('qadd', { attributes: { from, beside: null, to, low: -128, high: 127 } });
  return { name, node: made, inputs: { x: codes(c, h, w) }, ...place };
}

export const table: KernelTable = {
  kernel: 'qelementwise',
  tolerance: { f32: 0, half: 1e-3, why: 'whole numbers; numbers that are stored as halves are off by 2^-11' },
  rows: [
    quantise('to codes', [3, 5, 7]),
    quantise('far beyond the codes', [5, 2, 3], { fill: (_, i) => (i % 2 ? 60000 : -60000) }),
    quantise('in the middle of two codes', [4, 2, 3], { fill: (_, i) => (i - 12.5) * to.scale }),
    dequantise('from codes', [5, 5, 7]),
    dequantise('numbers into a join', [8, 3, 3], { join: { from: 8, c: 20 } }),
    scale('a gate', [12, 5, 3]),
    scale('a gate of 5 channels, into a join', [5, 3, 3], { join: { from: 4, c: 12 } }),
    add('a sum', [24, 3, 5], false),
    add('a sum, relu', [5, 3, 3], true),
    copy('other codes, into a join', [12, 3, 5], { join: { from: 8, c: 24 } }),
    add('folded grid', [24, 11, 13], true, { most: 2 }),
  ],
  random(draw) {
    const { h, w } = drawSize(draw);
    const c = draw.int(1, 25);
    const shape = [c, h, w] as const;
    const kinds: readonly ((place: Place) => Row)[] = [
      place => quantise('', shape, place),
      place => dequantise('', shape, place),
      place => scale('', shape, place),
      place => add('', shape, draw.once(2), place),
      place => copy('', shape, place),
    ];
    return draw.from(kinds)(drawPlace(draw, c));
  },
};
