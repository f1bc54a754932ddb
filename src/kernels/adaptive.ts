// Adaptive average pooling to bins × bins. Shader: adaptive.wgsl.
import { kernel, plain } from './kernel.ts';
import { resampling } from './upsample.ts';

export const adaptive = kernel<'adaptive'>({ ...resampling, name: 'adaptive', ops: ['adaptive'], variants: [plain('adaptive')] });
