// Norm over the channels of a pixel. Shader: layernorm.wgsl.
import { quads } from '../graph/layout.ts';
import { kernel, plain } from './kernel.ts';

export const layernorm = kernel<'layernorm'>({
  name: 'layernorm',
  ops: ['layernorm'],
  fits: () => true,
  variants: [plain('layernorm')],
  reads: ({ inputs }) => ({ x: inputs.x }),
  writes: ({ name }) => ({ y: name }),
  overrides: ({ x }) => ({ QUADS: quads(x.c) }),
  params: ({ node: { attributes, constants }, x, y }) => ({
    pixels: y.h * y.w,
    channels: y.c,
    x_stride: x.stride,
    y_stride: y.stride,
    y_offset: y.offset,
    epsilon: attributes.epsilon,
    scaled: Number('scale' in constants || 'shift' in constants),
  }),
  lanes: ({ y }) => y.h * y.w,
  /** A quad of scales, then one of shifts. */
  pack({ constants: { scale, shift } }, read) {
    if (!scale && !shift) return new Float32Array(4);
    const [scales, shifts] = [scale, shift].map(constant => (constant ? read(constant) : null));
    const length = (scales ?? shifts)!.length;
    const packed = new Float32Array(quads(length) * 8);
    for (let c = 0; c < length; c++) {
      const at = Math.floor(c / 4) * 8 + (c % 4);
      packed[at] = scales?.[c] ?? 1;
      packed[at + 4] = shifts?.[c] ?? 0;
    }
    return packed;
  },
});
