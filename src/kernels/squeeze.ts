// Mean of every channel, for a squeeze that no convolution could make in passing. Shaders: squeeze.wgsl, squeeze.workgroup.wgsl.
import { quads } from '../graph/layout.ts';
import { addedRow } from './added.ts';
import { kernel, plain } from './kernel.ts';

export const squeeze = kernel<'mean'>({
  name: 'squeeze',
  ops: ['mean'],
  fits: () => true,
  variants: [addedRow('squeeze.workgroup'), plain('squeeze')],
  reads: ({ inputs }) => ({ x: inputs.x }),
  writes: ({ name }) => ({ y: name }),
  overrides: () => ({}),
  params: ({ x }) => ({ pixels: x.h * x.w, quads: quads(x.c), x_stride: x.stride }),
  lanes: ({ x }) => quads(x.c),
});
