// A map resized to the size of another and added to it. Shader: merge.wgsl.
import { quads } from '../graph/layout.ts';
import { ending } from './ending.ts';
import { kernel, plain } from './kernel.ts';
import { modeOf } from './upsample.ts';

export const merge = kernel<'merge'>({
  name: 'merge',
  ops: ['merge'],
  fits: () => true,
  variants: [plain('merge')],
  reads: ({ inputs }) => ({ x: inputs.x, other: inputs.other }),
  writes: ({ name }) => ({ y: name }),
  overrides: ({ node, y }) => ({ ...modeOf(node), ...ending(node, y.c) }),
  params: ({ x, y, at }) => ({
    height: y.h,
    width: y.w,
    channels: y.c,
    quads: quads(y.c),
    x_height: x.h,
    x_width: x.w,
    x_stride: x.stride,
    other_stride: at('other')!.stride,
    y_stride: y.stride,
    y_offset: y.offset,
  }),
  lanes: ({ y }) => y.h * y.w * quads(y.c),
});
