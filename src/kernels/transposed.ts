// Transposed convolution, dense or in groups. Shader: transposed.wgsl.
import { kernel, plain } from './kernel.ts';
import { anyGeometry } from './slide.ts';

export const transposed = kernel<'transposed'>({
  ...anyGeometry,
  name: 'transposed',
  ops: ['transposed'],
  fits: () => true,
  variants: [plain('transposed')],
});
