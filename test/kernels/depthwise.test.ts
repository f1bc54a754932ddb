// Depthwise convolutions of every stride, dilation and pad. Data only: conformance.test.ts runs it.
import { relu } from '../../src/graph/graph.ts';
import { drawSliding, slideRow } from './slide.test.ts';
import { drawPlace, ends, type KernelTable, type Row } from './table.ts';

function row(
  name: string,
  [c, h, w]: readonly [number, number, number],
  { each = 1, ...spec }: Parameters<typeof slideRow>[2] & { each?: number } = {},
): Row {
  return slideRow(name, [c, c * each, h, w], { ...spec, groups: c });
}

export const table: KernelTable = {
  kernel: 'depthwise',
  tolerance: { f32: 1e-6, half: 1e-3, why: 'a float32 sum of 25 products at most; a stored half is off by 2^-10' },
  rows: [
    row('one pixel', [3, 1, 1]),
    row('3×3', [19, 5, 7]),
    row('3×3, relu, no bias', [12, 6, 5], { activation: relu, bias: false }),
    row('5×5, stride 2', [8, 9, 11], { kernel: [5, 5], pads: [2, 2], strides: [2, 2] }),
    row('dilated', [5, 9, 7], { dilations: [3, 2], pads: [3, 2] }),
    row('pads behind alone', [6, 8, 8], { strides: [2, 2], pads: [0, 0], behind: [1, 1] }),
    row('a row of three', [24, 4, 9], { kernel: [1, 3], pads: [0, 1] }),
    row('a row of two strips, the second short', [4, 3, 11]),
    row('dilated within a strip', [6, 5, 23], { dilations: [1, 2], pads: [1, 2] }),
    row('six to a channel', [5, 6, 4], { each: 6 }),
    row('three to a channel, stride 2, relu', [7, 7, 9], { each: 3, strides: [2, 2], activation: relu }),
    row('hard swish, a last quad of one', [5, 6, 5], { activation: ends('hard-swish') }),
    row('into a join', [12, 5, 5], { join: { from: 4, c: 24 } }),
    row('folded grid', [21, 9, 8], { most: 2 }),
  ],
  random(draw) {
    // One channel is a dense convolution.
    const c = draw.int(2, 25);
    const each = draw.once(3) ? draw.int(2, 5) : 1;
    return row('', [c, draw.int(3, 14), draw.int(3, 14)], { each, ...drawSliding(draw), ...drawPlace(draw, c * each) });
  },
};
