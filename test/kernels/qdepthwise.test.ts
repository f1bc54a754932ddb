// Depthwise convolutions of int8 codes: every number exactly. Data only: conformance.test.ts runs it.
import type { Codes, NodeOf } from '../../src/graph/graph.ts';
import { drawSliding, type SlideSpec, slideRow } from './slide.test.ts';
import { codes, drawPlace, type KernelTable, node, type Row } from './table.ts';

interface Spec extends SlideSpec {
  /** Codes of the operand: its zero. */
  readonly zero?: number;
  readonly to?: Codes | null;
  readonly high?: number;
}

function row(name: string, [c, h, w]: readonly [number, number, number], spec: Spec = {}): Row {
  const { zero = -128, to = { scale: 0.011, zero: 11 }, high = 127 } = spec;
  const { node: conv, ...rest } = slideRow(name, [c, c, h, w], { ...spec, groups: c });
  const { geometry } = (conv as NodeOf<'conv'>).attributes;
  const attributes = { geometry, from: { scale: 0.0131, zero }, to, beside: null, low: to && high < 127 ? to.zero : -128, high };
  return { ...rest, node: node('qconv', { attributes, constants: conv.constants }), inputs: { x: codes(c, h, w) } };
}

export const table: KernelTable = {
  kernel: 'qdepthwise',
  tolerance: { f32: 0, half: 1e-3, why: 'whole numbers; numbers that are stored as halves are off by 2^-11' },
  rows: [
    row('one pixel', [3, 1, 1]),
    row('3×3', [19, 5, 7]),
    row('3×3, bounds of a clip, no bias', [12, 6, 5], { bias: false, high: 90, zero: -3 }),
    row('5×5, stride 2', [8, 9, 11], { kernel: [5, 5], pads: [2, 2], strides: [2, 2], zero: 127 }),
    row('dilated', [5, 9, 7], { dilations: [3, 2], pads: [3, 2] }),
    row('pads behind alone', [6, 8, 8], { strides: [2, 2], pads: [0, 0], behind: [1, 1] }),
    row('as numbers', [7, 4, 5], { to: null }),
    row('largest sums', [4, 3, 4], { fill: () => 127, to: { scale: 1e-4, zero: 0 } }),
    row('into a join', [12, 5, 5], { join: { from: 4, c: 24 } }),
    row('folded grid', [21, 9, 8], { most: 2 }),
  ],
  random(draw) {
    // One channel is a dense convolution.
    const c = draw.int(2, 25);
    return row('', [c, draw.int(3, 14), draw.int(3, 14)], {
      ...drawSliding(draw),
      ...drawPlace(draw, c),
      zero: draw.int(-128, 127),
    });
  },
};
