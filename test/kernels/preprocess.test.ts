// The stems: a frame at the network's size, shrunk and enlarged, a tile of one, and a caller's planes. Data only: conformance.test.ts runs it.
import { FRAME, type NodeOf } from '../../src/graph/graph.ts';
import { drawSize, type KernelTable, node, type Row } from './table.ts';

type Size = readonly [number, number];
type Rest = Partial<Pick<NodeOf<'preprocess'>['attributes'], 'channels' | 'tile'>> & Pick<Row, 'most'>;

const mean = [0.485, 0.456, 0.406] as const;
const std = [0.229, 0.224, 0.225] as const;

function row(name: string, form: 'texture' | 'external' | 'tensor', frame: Size, [h, w]: Size = frame, rest: Rest = {}): Row {
  const { channels = 'rgb', tile = null, most } = rest;
  const made = node('preprocess', { attributes: { form, h, w, mean, std, channels, tile }, inputs: { x: FRAME } });
  return { name, node: made, inputs: {}, frame: { h: frame[0], w: frame[1] }, most };
}

/** Margin, and where the tile begins. */
function tile(margin: number, top = 0, left = 0): Pick<Rest, 'channels' | 'tile'> {
  return { channels: margin % 2 ? 'rgb' : 'bgr', tile: { margin, top, left } };
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
    row('folded grid', 'texture', [17, 19], [17, 19], { most: 2 }),
    row('blue first', 'texture', [5, 7], [5, 7], { channels: 'bgr' }),
    row('external, one pixel', 'external', [1, 1]),
    row('external, blue first', 'external', [5, 7], [5, 7], { channels: 'bgr' }),
    row('external, shrunk oddly', 'external', [17, 23], [5, 8]),
    row('external, folded grid', 'external', [17, 19], [17, 19], { most: 2 }),
    row('tile, one pixel', 'texture', [1, 1], [1, 1], tile(0)),
    row('tile of one pixel with a margin', 'texture', [1, 1], [5, 4], tile(2)),
    row('tile, the first of several', 'texture', [9, 11], [8, 7], tile(3)),
    row('tile, the last of several', 'texture', [9, 11], [8, 7], tile(3, 12, 14)),
    row('tile that overhangs', 'texture', [5, 4], [13, 15], tile(2)),
    row('tile with a margin wider than the picture', 'texture', [3, 2], [11, 12], tile(7, 4, 3)),
    row('tile, folded grid', 'texture', [17, 19], [17, 19], { ...tile(4, 1, 2), most: 2 }),
    row('planes, one pixel', 'tensor', [1, 1]),
    row('planes', 'tensor', [5, 7]),
    row('planes, one row', 'tensor', [1, 65]),
    row('planes, folded grid', 'tensor', [16, 17], [16, 17], { most: 2 }),
  ],
  random(draw) {
    const [from, to] = [drawSize(draw, 40), drawSize(draw, 24)];
    if (draw.once(4)) {
      const margin = draw.int(0, 9);
      const at = (size: number): number => draw.int(0, size + 2 * margin - 1);
      return row('', 'texture', [from.h, from.w], [to.h, to.w], tile(margin, at(from.h), at(from.w)));
    }
    if (draw.once(5)) return row('', 'tensor', [from.h, from.w]);
    return row('', 'texture', [from.h, from.w], draw.once(4) ? undefined : [to.h, to.w]);
  },
};
