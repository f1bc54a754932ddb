// Small logits → class of every pixel, of their own size too; and what every end has that makes a class map. Shader: classify.wgsl.
import type { Node } from '../graph/graph.ts';
import { classRow, type Placement, quads } from '../graph/layout.ts';
import { kernel, plain } from './kernel.ts';

/** What every kernel has that makes four pixels of a class map from some pixels of x. */
export const classifying = {
  reads: ({ inputs }: Node) => ({ x: inputs.x }),
  writes: ({ name }: Node) => ({ y: name }),
  params: ({ x, y }: { x: Placement; y: Placement }) => ({
    height: y.h,
    width: y.w,
    x_height: x.h,
    x_width: x.w,
    x_stride: x.stride,
    classes: x.c,
    row_words: classRow(y.w) / 4,
  }),
  lanes: ({ y }: { y: Placement }) => y.h * Math.ceil(y.w / 4),
};

export const classify = kernel<'classify' | 'argmax'>({
  ...classifying,
  name: 'classify',
  ops: ['classify', 'argmax'],
  fits: () => true,
  variants: [plain('classify')],
  overrides: ({ x, y }) => ({ QUADS: quads(x.c), FOURFOLD: y.w === 4 * x.w && y.h === 4 * x.h }),
});
