// Zoom between cells at the top left of their blocks: two forms, because a map and a class map are two binding types. Shaders: zoom.wgsl,
// zoom.classes.wgsl.
import { quads } from '../graph/layout.ts';
import { classifying } from './classify.ts';
import { kernel, plain } from './kernel.ts';
import { resampling } from './upsample.ts';

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
