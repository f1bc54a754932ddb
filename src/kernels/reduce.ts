// All places of some axes become one. Shader: reduce.wgsl.
import { quads } from '../graph/layout.ts';
import { reductions } from '../graph/numbered.ts';
import { kernel, plain } from './kernel.ts';

export const reduce = kernel<'reduce'>({
  name: 'reduce',
  ops: ['reduce'],
  fits: () => true,
  variants: [plain('reduce')],
  reads: ({ inputs }) => ({ x: inputs.x }),
  writes: ({ name }) => ({ y: name }),
  overrides: ({ node: { attributes } }) => ({
    OPERATION: reductions.indexOf(attributes.operation),
    CHANNELS: attributes.channels,
  }),
  params: ({ node: { attributes }, x, y }) => ({
    height: y.h,
    width: y.w,
    quads: quads(y.c),
    y_stride: y.stride,
    y_offset: y.offset,
    rows: attributes.rows ? x.h : 1,
    columns: attributes.columns ? x.w : 1,
    x_channels: x.c,
    x_stride: x.stride,
    x_width: x.w,
  }),
  lanes: ({ y }) => y.h * y.w * quads(y.c),
});
