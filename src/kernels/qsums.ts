// Sums of every channel of a map of codes, in strips. Shader: qsums.wgsl.
import { quads } from '../graph/layout.ts';
import { TILE } from '../graph/ops.ts';
import { kernel, plain } from './kernel.ts';

export const qsums = kernel<'qsums'>({
  name: 'qsums',
  ops: ['qsums'],
  fits: () => true,
  variants: [plain('qsums')],
  reads: ({ inputs }) => ({ x: inputs.x }),
  writes: ({ name }) => ({ y: name }),
  overrides: () => ({}),
  params: ({ node: { attributes }, x, y }) => ({
    height: x.h,
    width: x.w,
    x_stride: x.stride,
    quads: quads(y.c),
    across: Math.ceil(x.w / TILE),
    strips: attributes.strips,
    zero: attributes.from.zero,
    scale: Math.fround(attributes.from.scale),
  }),
  lanes: ({ node, y }) => node.attributes.strips * quads(y.c),
});
