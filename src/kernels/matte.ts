// A small map of one channel → the probability of every pixel of the picture, a byte each. Shader: matte.wgsl.
import { classRow } from '../graph/layout.ts';
import { kernel, plain } from './kernel.ts';

export const matte = kernel<'matte'>({
  name: 'matte',
  ops: ['matte'],
  fits: () => true,
  variants: [plain('matte')],
  reads: ({ inputs }) => ({ x: inputs.x }),
  writes: ({ name }) => ({ y: name }),
  overrides: ({ node: { attributes } }) => ({ SIGMOID: attributes.activation === 'sigmoid' }),
  params: ({ x, y }) => ({
    height: y.h,
    width: y.w,
    x_height: x.h,
    x_width: x.w,
    x_stride: x.stride,
    row_words: classRow(y.w) / 4,
  }),
  lanes: ({ y }) => y.h * Math.ceil(y.w / 4),
});
