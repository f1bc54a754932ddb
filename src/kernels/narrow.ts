// A map that is kept in float32, stored as the others are. Shader: narrow.wgsl.
import { quads } from '../graph/layout.ts';
import { kernel, plain } from './kernel.ts';

export const narrow = kernel<'narrow'>({
  name: 'narrow',
  ops: ['narrow'],
  fits: () => true,
  variants: [plain('narrow')],
  reads: ({ inputs }) => ({ x: inputs.x }),
  writes: ({ name }) => ({ y: name }),
  overrides: () => ({}),
  params: ({ y }) => ({ pixels: y.h * y.w, quads: quads(y.c), y_stride: y.stride, y_offset: y.offset }),
  lanes: ({ y }) => y.h * y.w * quads(y.c),
});
