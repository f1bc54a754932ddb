// Two 1×1 convolutions of one map: second outputs of any width, one of them inside a join. Data only: conformance.test.ts runs it.
import { fusing } from '../../src/passes/pass.ts';
import { type ConvSpec, convRow, drawChannels, drawPlace, drawSize, type KernelTable, type Row } from './table.ts';

interface Spec extends Pick<ConvSpec, 'i' | 'h' | 'w' | 'bias'>, Pick<Row, 'join' | 'most'> {
  /** Channels of the first output, whole pairs of quads, and of the second. */
  readonly o: readonly [number, number];
  readonly relu?: boolean;
}

function row(name: string, { i, o: [first, second], h, w, bias, relu, join, most }: Spec): Row {
  const { node, inputs } = convRow({ i, o: first + second, h, w, bias, relu });
  return { name, node: { ...node, attributes: fusing(node, { also: { name: 'also', split: first } }) }, inputs, join, most };
}

const specs: Readonly<Record<string, Spec>> = {
  'one pixel': { i: 4, o: [8, 5], h: 1, w: 1 },
  'stage 8 and the head at 1/4': { i: 48, o: [128, 8], h: 5, w: 9, bias: true, relu: true },
  '120 and 16': { i: 48, o: [120, 16], h: 3, w: 3, bias: true, relu: true },
  'a wider second': { i: 19, o: [8, 37], h: 7, w: 3 },
  'an odd quad': { i: 12, o: [16, 19], h: 4, w: 8, bias: true, relu: true },
  'into a join': { i: 8, o: [8, 5], h: 5, w: 3, bias: true, join: { from: 8, c: 20 } },
  'folded grid': { i: 8, o: [24, 12], h: 33, w: 19, relu: true, most: 3 },
};

export const table: KernelTable = {
  kernel: 'twin',
  tolerance: {
    f32: 2e-6,
    half: 1e-3,
    why: 'sums of up to 48 float32 products; a stored half is off by at most 2^-10 where the hardware truncates',
  },
  rows: Object.entries(specs).map(([name, spec]) => row(name, spec)),
  barrierRows: ['stage 8 and the head at 1/4', '120 and 16', 'a wider second', 'folded grid'],
  random(draw) {
    const spec = draw.from(Object.values(specs));
    const o = [8 * draw.int(1, 5), draw.int(1, 30)] as const;
    return row('', {
      ...{ ...spec, ...drawSize(draw), i: drawChannels(draw, spec.i), o, bias: draw.once(2) },
      ...drawPlace(draw, o[0]),
    });
  },
};
