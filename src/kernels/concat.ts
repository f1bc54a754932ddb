// Maps one after another along the channels, where they can't be written in place. Shader: concat.wgsl.
import { JOINED } from '../graph/forms.ts';
import { quads } from '../graph/layout.ts';
import { kernel, plain } from './kernel.ts';

export const concat = kernel<'concat'>({
  name: 'concat',
  ops: ['concat'],
  fits: ({ attributes, inputs }) => attributes.c !== undefined && Object.keys(inputs).length <= JOINED,
  variants: [plain('concat')],
  reads: ({ inputs: { 0: first, 1: second = null, 2: third = null, 3: fourth = null } }) => ({ first, second, third, fourth }),
  writes: ({ name }) => ({ y: name }),
  overrides: () => ({}),
  params: ({ y, at }) => {
    const parts = ['0', '1', '2', '3'].map(at);
    const widths = parts.map(part => (part ? quads(part.c) : 0));
    return {
      pixels: y.h * y.w,
      quads: quads(y.c),
      y_stride: y.stride,
      y_offset: y.offset,
      starts: widths.map((_, n) => widths.slice(0, n).reduce((sum, width) => sum + width, 0)),
      strides: parts.map(part => part?.stride ?? 0),
    };
  },
  lanes: ({ y }) => y.h * y.w * quads(y.c),
});
