// Sums of every channel over strips of a map, for a squeeze that no convolution could make in passing. Shader: sums.wgsl.
import { quads } from '../graph/layout.ts';
import { kernel, plain } from './kernel.ts';

export const sums = kernel<'sums'>({
  name: 'sums',
  ops: ['sums'],
  fits: () => true,
  variants: [plain('sums')],
  reads: ({ inputs }) => ({ x: inputs.x }),
  writes: ({ name }) => ({ partials: name }),
  overrides: () => ({}),
  params: ({ node, x }) => ({ pixels: x.h * x.w, quads: quads(x.c), strips: node.attributes.strips, x_stride: x.stride }),
  lanes: ({ node, x }) => quads(x.c) * node.attributes.strips,
});
