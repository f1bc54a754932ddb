// The convolution of int8 codes: every number exactly. Data only: conformance.test.ts runs it.

import type { Codes } from '../../src/graph/graph.ts';
import { fusing } from '../../src/passes/pass.ts';
import { type ConvSpec, codes, convRow, drawPlace, drawSize, type KernelTable, node, type Row } from './table.ts';

interface Spec extends Omit<ConvSpec, 'strips' | 'pooled' | 'activation'> {
  readonly residual?: boolean;
  /** The result are numbers. */
  readonly numbers?: boolean;
  /** Codes of the operand: its zero. */
  readonly zero?: number;
  /** Of the result: sums of random operands fill its codes. */
  readonly scale?: number;
  readonly join?: Row['join'];
  readonly most?: number;
  readonly fill?: Row['fill'];
  readonly constant?: Row['constant'];
}

const beside: Codes = { scale: 0.0173, zero: 5 };

function row(name: string, spec: Spec): Row {
  const { zero = -128, scale = 0.03, residual, numbers, join, most, fill, constant } = spec;
  const { node: conv, inputs } = convRow({ ...spec, relu: false });
  const to = numbers ? null : { scale, zero: spec.relu ? -128 : 11 };
  const { shape } = inputs.x;
  const { geometry } = fusing(conv, {});
  return {
    name,
    node: node('qconv', {
      attributes: {
        geometry,
        from: { scale: 0.0131, zero },
        to,
        beside: residual ? beside : null,
        low: -128,
        high: spec.relu ? 127 : 120,
      },
      inputs: { x: 'x', ...(residual && { residual: 'residual' }) } as Record<string, string>,
      constants: conv.constants,
    }),
    inputs: { x: codes(shape.c, shape.h, shape.w), ...(residual && { residual: codes(spec.o, spec.h, spec.w) }) },
    join,
    most,
    fill,
    constant,
  };
}

const specs: Readonly<Record<string, Spec>> = {
  'one pixel': { i: 8, o: 8, h: 1, w: 1 },
  '3→5 bias, one pixel': { i: 3, o: 5, h: 1, w: 1, bias: true },
  '12→19 relu': { i: 12, o: 19, h: 3, w: 7, bias: true, relu: true },
  'residual, relu': { i: 24, o: 24, h: 5, w: 6, bias: true, relu: true, residual: true },
  'a residual alone': { i: 5, o: 3, h: 4, w: 1, residual: true, zero: 127 },
  'classes as numbers': { i: 64, o: 11, h: 3, w: 5, bias: true, numbers: true },
  'numbers, five channels from the sixth quad on': { i: 12, o: 5, h: 3, w: 5, numbers: true, join: { from: 20, c: 32 } },
  'stem, stride 2': { i: 3, o: 32, h: 9, w: 7, kernel: [3, 3], stride: 2, pads: [1], bias: true, relu: true, zero: -14 },
  'padding wider than the map': { i: 8, o: 8, h: 2, w: 3, kernel: [3, 3], dilations: [4], pads: [4], zero: 77 },
  '72→64 as behind a concat': { i: 72, o: 64, h: 3, w: 5, kernel: [3, 3], pads: [1], bias: true, relu: true },
  'two branches': {
    ...{ i: 64, o: 64, h: 7, w: 9, kernel: [3, 3], dilations: [1, 3], pads: [1, 3], groups: 4, bias: true, relu: true },
  },
  'four branches, stride 2': {
    i: 32,
    o: 32,
    h: 9,
    w: 9,
    kernel: [3, 3],
    stride: 2,
    dilations: [1, 2, 3, 4],
    pads: [1, 2, 3, 4],
    groups: 4,
  },
  'groups of sixteens, residual': {
    ...{ i: 96, o: 96, h: 13, w: 11, kernel: [3, 3], pads: [1], groups: 6, bias: true, relu: true, residual: true },
  },
  'groups of three quads as numbers': { i: 24, o: 32, h: 5, w: 9, kernel: [5, 2], pads: [2], groups: 2, numbers: true, zero: 9 },
  'another kernel': { i: 8, o: 16, h: 5, w: 9, kernel: [1, 5], pads: [2], bias: true },
  'into the middle of a join': { i: 12, o: 8, h: 5, w: 6, bias: true, join: { from: 12, c: 32 } },
  'folded grid': { i: 8, o: 24, h: 13, w: 19, relu: true, most: 2 },
  'largest operands': { i: 64, o: 8, h: 2, w: 3, kernel: [3, 3], pads: [1], scale: 0.9, fill: () => 127, constant: () => 1 },
  'sums beyond what a float32 holds': { i: 1200, o: 8, h: 1, w: 2, scale: 1e-3, fill: () => 127, constant: () => 0.5 },
  'a channel of hardly anything': {
    i: 8,
    o: 16,
    h: 3,
    w: 3,
    bias: true,
    residual: true,
    constant: (_, i) => (i < 8 ? 1e-9 : (i % 7) / 9 - 0.3),
  },
  'a channel of nothing': { i: 8, o: 8, h: 3, w: 3, residual: true, constant: (_, i) => (i < 8 ? 0 : (i % 7) / 9 - 0.3) },
};

export const table: KernelTable = {
  kernel: 'qconv',
  tolerance: { f32: 0, half: 1e-3, why: 'whole numbers; numbers that are stored as halves are off by 2^-11' },
  rows: Object.entries(specs).map(([name, spec]) => row(name, spec)),
  random(draw) {
    const spec = draw.from(Object.values(specs).filter(({ fill, constant }) => !fill && !constant));
    const { h, w } = drawSize(draw, 11);
    const zero = draw.int(-128, 127);
    const o = spec.groups ? spec.o : draw.int(1, 25);
    return row('', { ...spec, h, w, o, zero, bias: draw.once(2), residual: spec.residual, ...drawPlace(draw, o) });
  },
};
