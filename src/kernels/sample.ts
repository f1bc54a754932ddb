// A map sampled at the points of a grid. Shader: sample.wgsl.
import type { Sampling } from '../graph/graph.ts';
import { kernel, type Placed, plain } from './kernel.ts';
import { resampling } from './upsample.ts';

export function sampling({ corners, outside }: Sampling) {
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
  overrides: ({ node: { attributes } }) => ({
    ...sampling(attributes),
    NEAREST: attributes.mode === 'nearest',
    CUBIC: attributes.mode === 'cubic',
  }),
  params: placed => samplingParams(placed as Placed, placed.at('grid')!),
});
