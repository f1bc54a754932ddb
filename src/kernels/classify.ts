// Small logits → class of every pixel, of their own size too; and what every end has that makes a class map. Shader: classify.wgsl.
import { boundaryOf, type Decision } from '../graph/decision.ts';
import type { Node } from '../graph/graph.ts';
import { classRow, type Placement, quads } from '../graph/layout.ts';
import { kernel, plain } from './kernel.ts';

/** What any score beats, as float32 has it. */
const LOWEST = -3.4028234663852886e38;

/** What every kernel has that makes four pixels of a class map from some pixels of x. */
export const classifying = {
  reads: ({ inputs }: Node) => ({ x: inputs.x }),
  writes: ({ name }: Node) => ({ y: name }),
  params: ({ node, x, y }: { node: { attributes: Decision }; x: Placement; y: Placement }) => ({
    height: y.h,
    width: y.w,
    x_height: x.h,
    x_width: x.w,
    x_stride: x.stride,
    classes: x.c,
    row_words: classRow(y.w) / 4,
    ...deciding(node.attributes),
  }),
  lanes: ({ y }: { y: Placement }) => y.h * Math.ceil(y.w / 4),
};

/** A class 0 without a channel has the same score everywhere, and a single channel is class 1's. */
export function deciding({ threshold, activation }: Decision): { first_class: number; background: number } {
  if (threshold === null) return { first_class: 0, background: LOWEST };
  return { first_class: 1, background: boundaryOf(threshold, { activation }) };
}

export const classify = kernel<'classify' | 'argmax'>({
  ...classifying,
  name: 'classify',
  ops: ['classify', 'argmax'],
  fits: () => true,
  variants: [plain('classify')],
  overrides: ({ x, y }) => ({ QUADS: quads(x.c), FOURFOLD: y.w === 4 * x.w && y.h === 4 * x.h }),
});
