// Codes one by one: from numbers and back, by a gate, two maps' sum. Shader: qelementwise.wgsl.
import { inverse, PARTS, ratio } from '../graph/codes.ts';
import type { Bounds, Codes, NodeOf } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { kernel, plain } from './kernel.ts';

type Each = 'quantise' | 'dequantise' | 'qscale' | 'qadd';

interface Numbers extends Bounds {
  readonly x_zero: number;
  readonly other_zero: number;
  readonly y_zero: number;
  readonly factor: number;
  readonly other_factor: number;
}

const all: Numbers = { x_zero: 0, other_zero: 0, y_zero: 0, low: -128, high: 127, factor: 1, other_factor: 0 };

function numbersOf(node: NodeOf<Each>): Numbers {
  switch (node.op) {
    case 'quantise':
      return { ...all, y_zero: node.attributes.to.zero, factor: inverse(node.attributes.to.scale) };
    case 'dequantise':
      return { ...all, x_zero: node.attributes.from.zero, factor: Math.fround(node.attributes.from.scale) };
    case 'qscale': {
      const { from, to } = node.attributes;
      return { ...all, x_zero: from.zero, y_zero: to.zero, factor: ratio(from.scale, to.scale) };
    }
    case 'qadd': {
      const { from, beside, to, low, high } = node.attributes;
      const parts = ({ scale }: Codes): number => ratio(scale * PARTS, to.scale);
      const other = beside ? { other_zero: beside.zero, other_factor: parts(beside) } : {};
      return { ...all, ...other, x_zero: from.zero, y_zero: to.zero, low, high, factor: parts(from) };
    }
  }
}

export const qelementwise = kernel<Each>({
  name: 'qelementwise',
  ops: ['quantise', 'dequantise', 'qscale', 'qadd'],
  fits: () => true,
  variants: [plain('qelementwise')],
  reads: ({ op, inputs }) => ({
    x: op === 'quantise' ? null : inputs.x,
    values: op === 'quantise' ? inputs.x : null,
    other: inputs.other ?? null,
    gate: inputs.gate ?? null,
  }),
  writes: ({ op, name }) => ({ y: op === 'dequantise' ? null : name, numbers: op === 'dequantise' ? name : null }),
  overrides: ({ node: { op } }) => ({
    FROM_NUMBERS: op === 'quantise',
    TO_NUMBERS: op === 'dequantise',
    GATE: op === 'qscale',
    ADD: op === 'qadd',
  }),
  params: ({ node, x, y, at }) => ({
    pixels: y.h * y.w,
    quads: quads(y.c),
    channels: y.c,
    x_stride: x.stride,
    y_stride: y.stride,
    y_offset: y.offset,
    other_stride: at('other')?.stride ?? 0,
    ...numbersOf(node),
  }),
  lanes: ({ y }) => y.h * y.w * quads(y.c),
});
