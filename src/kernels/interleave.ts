// Channels as the pixels between others. Shader: interleave.wgsl.
import { quads } from '../graph/layout.ts';
import { kernel, plain } from './kernel.ts';

export const interleave = kernel<'interleave'>({
  name: 'interleave',
  ops: ['interleave'],
  fits: () => true,
  variants: [plain('interleave')],
  reads: ({ inputs }) => ({ x: inputs.x }),
  writes: ({ name }) => ({ y: name }),
  overrides: ({ y }) => ({ ALIGNED: y.c % 4 === 0 }),
  params: ({ node: { attributes }, x, y }) => ({
    height: y.h,
    width: y.w,
    quads: quads(y.c),
    channels: y.c,
    x_width: x.w,
    x_stride: x.stride,
    y_stride: y.stride,
    y_offset: y.offset,
    strides: attributes.strides,
    cut: attributes.cut,
  }),
  lanes: ({ y }) => y.h * y.w * quads(y.c),
});
