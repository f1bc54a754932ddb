// Maxima back to where they came from. Shader: unpool.wgsl.
import { quads } from '../graph/layout.ts';
import { kernel, plain } from './kernel.ts';

export const unpool = kernel<'unpool'>({
  name: 'unpool',
  ops: ['unpool'],
  fits: () => true,
  variants: [plain('unpool')],
  reads: ({ inputs }) => ({ x: inputs.x, winners: inputs.winners }),
  writes: ({ name }) => ({ y: name }),
  overrides: ({ node: { attributes } }) => ({ ROWS: attributes.kernel[0], COLUMNS: attributes.kernel[1] }),
  params: ({ node: { attributes }, x, y, at }) => ({
    height: y.h,
    width: y.w,
    quads: quads(y.c),
    x_stride: x.stride,
    winners_stride: at('winners')!.stride,
    y_stride: y.stride,
    y_offset: y.offset,
    x_size: [x.h, x.w],
    strides: attributes.strides,
    dilations: attributes.dilations,
    pads: attributes.pads,
  }),
  lanes: ({ y }) => y.h * y.w * quads(y.c),
});
