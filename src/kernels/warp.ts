// A map sampled where a flow points. Shader: warp.wgsl.
import { kernel, plain } from './kernel.ts';
import { resampling } from './upsample.ts';

export const warp = kernel<'warp'>({
  ...resampling,
  name: 'warp',
  ops: ['warp'],
  variants: [plain('warp')],
  reads: ({ inputs }) => ({ x: inputs.x, flow: inputs.flow }),
  params: ({ x, y, at }) => ({ ...resampling.params({ x, y }), flow_stride: at('flow')!.stride }),
});
