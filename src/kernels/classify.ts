// Small logits → class of every pixel, of their own size too. Shader: classify.wgsl.
import { classRow, quads } from '../graph/layout.ts';
import { kernel, plain } from './kernel.ts';

export const classify = kernel<'classify' | 'argmax'>({
  name: 'classify',
  ops: ['classify', 'argmax'],
  fits: () => true,
  variants: [plain('classify')],
  reads: ({ inputs }) => ({ x: inputs.x }),
  writes: ({ name }) => ({ y: name }),
  overrides: ({ x }) => ({ QUADS: quads(x.c) }),
  params: ({ x, y }) => ({
    height: y.h,
    width: y.w,
    x_height: x.h,
    x_width: x.w,
    x_stride: x.stride,
    classes: x.c,
    row_words: classRow(y.w) / 4,
  }),
  lanes: ({ y }) => y.h * Math.ceil(y.w / 4),
});
