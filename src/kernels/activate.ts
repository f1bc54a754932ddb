// A curve of every number. Shader: activate.wgsl.
import { shapeOf } from '../graph/constant.ts';
import { curves } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { kernel, plain } from './kernel.ts';

export const activate = kernel<'activate'>({
  name: 'activate',
  ops: ['activate'],
  fits: () => true,
  variants: [plain('activate')],
  reads: ({ inputs }) => ({ x: inputs.x }),
  writes: ({ name }) => ({ y: name }),
  overrides: ({ node: { attributes } }) => ({ CURVE: curves.indexOf(attributes.curve) }),
  params: ({ node: { attributes }, x, y }) => ({
    pixels: y.h * y.w,
    channels: y.c,
    quads: quads(y.c),
    x_stride: x.stride,
    y_stride: y.stride,
    y_offset: y.offset,
    a: attributes.a,
    b: attributes.b,
  }),
  lanes: ({ y }) => y.h * y.w * quads(y.c),
  pack({ constants: { slope } }, read) {
    const packed = new Float32Array(quads(shapeOf(slope)[0]) * 4);
    packed.set(read(slope));
    return packed;
  },
});
