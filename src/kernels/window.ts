// Pools of any form. Shader: window.wgsl.
import { quads } from '../graph/layout.ts';
import { kernel, plain } from './kernel.ts';

export const window = kernel<'window'>({
  name: 'window',
  ops: ['window'],
  fits: () => true,
  variants: [plain('window')],
  reads: ({ inputs }) => ({ x: inputs.x }),
  writes: ({ name }) => ({ y: name }),
  overrides: ({ node: { attributes } }) => ({
    ROWS: attributes.kernel[0],
    COLUMNS: attributes.kernel[1],
    MAX: attributes.kind === 'max',
  }),
  params: ({ node: { attributes }, x, y }) => {
    const { strides, dilations, pads, counted } = attributes;
    return {
      height: y.h,
      width: y.w,
      quads: quads(y.c),
      x_stride: x.stride,
      y_stride: y.stride,
      y_offset: y.offset,
      x_size: [x.h, x.w],
      strides,
      dilations,
      pads,
      before: counted ? pads : [0, 0],
      behind: counted ? [x.h + counted[0], x.w + counted[1]] : [x.h, x.w],
    };
  },
  lanes: ({ y }) => y.h * y.w * quads(y.c),
});
