// A map sampled where a flow points. Shader: warp.wgsl.
import { kernel, type Placed, plain } from './kernel.ts';
import { sampling, samplingParams } from './sample.ts';
import { resampling } from './upsample.ts';

export const warp = kernel<'warp'>({
  ...resampling,
  name: 'warp',
  ops: ['warp'],
  variants: [plain('warp')],
  reads: ({ inputs }) => ({ x: inputs.x, places: inputs.flow }),
  overrides: ({ node: { attributes } }) => ({ ...sampling(attributes), SCALED: attributes.scaled }),
  params: placed => samplingParams(placed as Placed, placed.at('flow')!),
});
