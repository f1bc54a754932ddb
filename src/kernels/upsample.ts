// Resize: bilinear in two conventions, or nearest. Shader: upsample.wgsl.
import type { Node, Resampling } from '../graph/graph.ts';
import type { Placement } from '../graph/layout.ts';
import { quads } from '../graph/layout.ts';
import { kernel, plain } from './kernel.ts';

/** What every kernel has that makes each pixel's channel quad from some pixels of x. */
export const resampling = {
  fits: () => true,
  reads: ({ inputs }: Node) => ({ x: inputs.x }),
  writes: ({ name }: Node) => ({ y: name }),
  overrides: () => ({}),
  params: ({ x, y }: { x: Placement; y: Placement }) => ({
    height: y.h,
    width: y.w,
    quads: quads(y.c),
    x_height: x.h,
    x_width: x.w,
    x_stride: x.stride,
    y_stride: y.stride,
    y_offset: y.offset,
  }),
  lanes: ({ y }: { y: Placement }) => y.h * y.w * quads(y.c),
};

/** Half-pixel centres where neither. */
export function modeOf({ attributes: { mode } }: { readonly attributes: { readonly mode: Resampling } }) {
  return { CORNERS: mode === 'corners', NEAREST: mode === 'nearest' };
}

export const upsample = kernel<'resize'>({
  ...resampling,
  name: 'upsample',
  ops: ['resize'],
  variants: [plain('upsample')],
  overrides: ({ node }) => modeOf(node),
});
