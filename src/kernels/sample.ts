// A map sampled at the points of a grid. Shader: sample.wgsl.
import type { Attributes } from '../graph/graph.ts';
import { kernel, type Placed, plain } from './kernel.ts';
import { resampling } from './upsample.ts';

/** Where −1 and 1 are, and what lies beyond. */
export function sampling({ corners, outside }: Pick<Attributes['sample'], 'corners' | 'outside'>) {
  return { CORNERS: corners, BORDER: outside === 'border', REFLECTION: outside === 'reflection' };
}

export const samplingParams = ({ x, y }: Placed, places: { readonly stride: number }) => ({
  ...resampling.params({ x, y }),
  places_stride: places.stride,
});

export const sample = kernel<'sample'>({
  ...resampling,
  name: 'sample',
  ops: ['sample'],
  variants: [plain('sample')],
  reads: ({ inputs }) => ({ x: inputs.x, places: inputs.grid }),
  overrides: ({ node: { attributes } }) => sampling(attributes),
  params: placed => samplingParams(placed as Placed, placed.at('grid')!),
});
