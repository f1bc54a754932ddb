// Both stems: a frame at the network's size, shrunk and enlarged, and a caller's planes. Data only: conformance.test.ts runs it.
import { FRAME } from '../../src/graph/graph.ts';
import { drawSize, type KernelTable, node, type Row } from './table.ts';

type Size = readonly [number, number];

const mean = [0.485, 0.456, 0.406] as const;
const std = [0.229, 0.224, 0.225] as const;

function row(name: string, form: 'texture' | 'tensor', frame: Size, [h, w]: Size = frame, most?: number): Row {
  const made = node('preprocess', { attributes: { form, h, w, mean, std }, inputs: { x: FRAME } });
  return { name, node: made, inputs: {}, frame: { h: frame[0], w: frame[1] }, most };
}

export const table: KernelTable = {
  kernel: 'preprocess',
  tolerance: {
    f32: 1e-5,
    half: 1e-3,
    why: 'filter weights come from float32 positions, which near 40 are good to 2^-19 of a pixel; a half has 2^-10',
  },
  rows: [
    row('one pixel', 'texture', [1, 1]),
    row('same size', 'texture', [5, 7]),
    row('one column', 'texture', [9, 1]),
    row('half the size', 'texture', [8, 12], [4, 6]),
    row('shrunk oddly', 'texture', [17, 23], [5, 8]),
    row('shrunk to one pixel', 'texture', [7, 9], [1, 1]),
    row('twice the size', 'texture', [3, 4], [6, 8]),
    row('enlarged oddly', 'texture', [3, 5], [11, 13]),
    row('enlarged from one pixel', 'texture', [1, 1], [3, 4]),
    row('shrunk and enlarged', 'texture', [19, 3], [7, 11]),
    row('nearly the same size', 'texture', [40, 39], [39, 40]),
    row('folded grid', 'texture', [17, 19], [17, 19], 2),
    row('planes, one pixel', 'tensor', [1, 1]),
    row('planes', 'tensor', [5, 7]),
    row('planes, one row', 'tensor', [1, 65]),
    row('planes, folded grid', 'tensor', [16, 17], [16, 17], 2),
  ],
  random(draw) {
    const [from, to] = [drawSize(draw, 40), drawSize(draw, 24)];
    if (draw.once(5)) return row('', 'tensor', [from.h, from.w]);
    return row('', 'texture', [from.h, from.w], draw.once(4) ? undefined : [to.h, to.w]);
  },
};
