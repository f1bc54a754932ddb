// Frame → the network's normalised input: two stems, because a texture and a tensor are two binding types. Shaders: preprocess.wgsl,
// preprocess.tensor.wgsl.
import type { NodeOf } from '../graph/graph.ts';
import { kernel, plain } from './kernel.ts';

/** Colour · scale − shift, of values in [0, 1]. */
export function normalisation({
  mean,
  std,
}: Pick<NodeOf<'preprocess'>['attributes'], 'mean' | 'std'>): Record<'scale' | 'shift', number[]> {
  return {
    scale: [...std.map(deviation => 1 / deviation), 0],
    shift: [...mean.map((value, channel) => value / std[channel]), 0],
  };
}

const common = {
  ops: ['preprocess'] as const,
  reads: () => ({ frame: 'frame' }),
  writes: ({ name }: { name: string }) => ({ y: name }),
};

export const preprocess = kernel<'preprocess'>({
  ...common,
  name: 'preprocess',
  fits: node => node.attributes.form === 'texture',
  variants: [plain('preprocess')],
  overrides: ({ x, y }) => ({ RESIZE: x.h !== y.h || x.w !== y.w }),
  params({ node: { attributes }, x, y }) {
    return {
      height: y.h,
      width: y.w,
      frame_height: x.h,
      frame_width: x.w,
      y_stride: y.stride,
      ...normalisation(attributes),
    };
  },
  lanes: ({ y }) => y.h * y.w,
});

export const preprocessTensor = kernel<'preprocess'>({
  ...common,
  name: 'preprocess',
  fits: node => node.attributes.form === 'tensor',
  variants: [plain('preprocess.tensor')],
  overrides: () => ({}),
  params: ({ y }) => ({ pixels: y.h * y.w, y_stride: y.stride }),
  lanes: ({ y }) => y.h * y.w,
});
