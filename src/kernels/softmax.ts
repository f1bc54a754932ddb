// Logits → probabilities along the channels. Shader: softmax.wgsl.
import { quads } from '../graph/layout.ts';
import { kernel, plain } from './kernel.ts';

export const softmax = kernel<'softmax'>({
  name: 'softmax',
  ops: ['softmax'],
  fits: () => true,
  variants: [plain('softmax')],
  reads: ({ inputs }) => ({ x: inputs.x }),
  writes: ({ name }) => ({ y: name }),
  overrides: ({ x }) => ({ QUADS: quads(x.c) }),
  params: ({ x, y }) => ({ pixels: y.h * y.w, classes: y.c, x_stride: x.stride, y_stride: y.stride, y_offset: y.offset }),
  lanes: ({ y }) => y.h * y.w,
});
