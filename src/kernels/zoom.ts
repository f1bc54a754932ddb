// Zoom between cells at the top left of their blocks: two forms, because a map and a class map are two binding types. Shaders: zoom.wgsl,
// zoom.classes.wgsl.
import type { Node } from '../graph/graph.ts';
import { classRow, type Placement, quads } from '../graph/layout.ts';
import { kernel, plain } from './kernel.ts';
import { resampling } from './upsample.ts';

/** What every kernel has that makes four pixels of a class map from some pixels of x. */
export const classifying = {
  reads: ({ inputs }: Node) => ({ x: inputs.x }),
  writes: ({ name }: Node) => ({ y: name }),
  params: ({ x, y }: { x: Placement; y: Placement }) => ({
    height: y.h,
    width: y.w,
    x_height: x.h,
    x_width: x.w,
    x_stride: x.stride,
    classes: x.c,
    row_words: classRow(y.w) / 4,
  }),
  lanes: ({ y }: { y: Placement }) => y.h * Math.ceil(y.w / 4),
};

export const zoom = kernel<'zoom'>({
  ...resampling,
  name: 'zoom',
  ops: ['zoom'],
  fits: ({ attributes }) => !attributes.classes,
  variants: [plain('zoom')],
  overrides: ({ node: { attributes } }) => ({ SCALE: attributes.scale }),
});

export const zoomClasses = kernel<'zoom'>({
  ...classifying,
  name: 'zoom',
  ops: ['zoom'],
  fits: ({ attributes }) => attributes.classes,
  variants: [plain('zoom.classes')],
  overrides: ({ node: { attributes }, x }) => ({ SCALE: attributes.scale, QUADS: quads(x.c) }),
});
