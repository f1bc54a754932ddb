// A map sampled at the points of a grid. Shader: sample.wgsl.
import { kernel, plain } from './kernel.ts';
import { resampling } from './upsample.ts';

export const sample = kernel<'sample'>({
  ...resampling,
  name: 'sample',
  ops: ['sample'],
  variants: [plain('sample')],
  reads: ({ inputs }) => ({ x: inputs.x, grid: inputs.grid }),
  overrides: ({ node: { attributes } }) => ({
    CORNERS: attributes.corners,
    BORDER: attributes.outside === 'border',
    REFLECTION: attributes.outside === 'reflection',
  }),
  params: ({ x, y, at }) => ({ ...resampling.params({ x, y }), grid_stride: at('grid')!.stride }),
});
