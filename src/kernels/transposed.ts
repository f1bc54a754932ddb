// Transposed convolution, dense or in groups. Shader: transposed.wgsl. Dense ones reach it only where a pass makes no convolution of them (transposed-conv,
// transposed-phases), which takes, of a frame in turns on SwiftShader in f32 with 64 outputs, 0.20 of the time for 3×3 of stride 1, 0.27 for 2×2 and 4×4 of
// stride 2, 0.45 for 3×3 of stride 2 (16 taps for its 9), and 0.04 for 16×16 of stride 8 and 21 outputs.
import { kernel, plain } from './kernel.ts';
import { anyGeometry } from './slide.ts';

export const transposed = kernel<'transposed'>({
  ...anyGeometry,
  name: 'transposed',
  ops: ['transposed'],
  fits: () => true,
  variants: [plain('transposed')],
});
