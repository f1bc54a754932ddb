// A map and a smaller or larger one resized to its size, in every mode and with its end. Data only: conformance.test.ts runs it.
import type { Activation, Resampling } from '../../src/graph/graph.ts';
import { drawPlace, drawSize, ends, type KernelTable, map, node, type Row, slopes } from './table.ts';

type Size = readonly [number, number];

interface More extends Pick<Row, 'join' | 'most'> {
  readonly mode?: Resampling;
  readonly activation?: Activation;
}

function row(name: string, c: number, from: Size, to: Size, { mode = 'half-pixel', activation, ...place }: More = {}): Row {
  const attributes = { mode, fused: activation ? { activation } : {} };
  return {
    name,
    node: node('merge', { inputs: { x: 'x', other: 'other' }, attributes, constants: slopes(activation, c) }),
    inputs: { x: map(c, ...from), other: map(c, ...to) },
    ...place,
  };
}

export const table: KernelTable = {
  kernel: 'merge',
  tolerance: {
    f32: 3e-6,
    half: 1e-3,
    why: 'as of a resize: a source position near 20 has 2^-20 left for its fraction, which weighs two pixels that differ by up to 2',
  },
  rows: [
    row('one pixel to one', 3, [1, 1], [1, 1]),
    row('one pixel to many', 5, [1, 1], [4, 7]),
    row('twice', 24, [3, 4], [6, 8], { activation: ends('relu') }),
    row('odd, with a curve', 19, [3, 4], [5, 7], { activation: ends('hard-swish') }),
    row('prelu', 6, [3, 4], [6, 7], { activation: ends('prelu') }),
    row('a curve that lifts zero', 5, [2, 2], [3, 5], { activation: ends('sigmoid') }),
    row('down', 21, [7, 9], [3, 4]),
    row('corners', 12, [3, 4], [6, 8], { mode: 'corners' }),
    row('nearest, into a join', 12, [3, 3], [5, 6], { mode: 'nearest', join: { from: 4, c: 24 } }),
    row('folded grid', 24, [5, 7], [9, 13], { most: 3 }),
  ],
  random(draw) {
    const [from, to] = [drawSize(draw), drawSize(draw, 23)];
    const c = draw.int(1, 25);
    const mode = draw.from(['half-pixel', 'corners', 'nearest'] as const);
    return row('', c, [from.h, from.w], [to.h, to.w], { mode, ...drawPlace(draw, c) });
  },
};
