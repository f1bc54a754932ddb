// Products of two maps. Shader: product.wgsl.
import { quads } from '../graph/layout.ts';
import { kernel, plain } from './kernel.ts';

export const product = kernel<'product'>({
  name: 'product',
  ops: ['product'],
  fits: () => true,
  variants: [plain('product')],
  reads: ({ inputs }) => ({ x: inputs.x, other: inputs.other }),
  writes: ({ name }) => ({ y: name }),
  overrides: ({ node: { attributes } }) => ({ TURNED: attributes.turned }),
  params: ({ node: { attributes }, x, y, at }) => {
    const other = at('other')!;
    return {
      pixels: y.h * y.w,
      batch: (y.h * y.w) / attributes.batches,
      other_batch: (other.h * other.w) / attributes.batches,
      quads: quads(y.c),
      inner: quads(attributes.inner),
      x_stride: x.stride,
      other_stride: other.stride,
      y_stride: y.stride,
      y_offset: y.offset,
    };
  },
  lanes: ({ y }) => y.h * y.w * quads(y.c),
});
