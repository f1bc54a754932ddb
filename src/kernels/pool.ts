// 2×2 average with stride 2, rounding up. Shader: pool.wgsl.

import { kernel, plain } from './kernel.ts';
import { resampling } from './upsample.ts';

export const pool = kernel<'pool'>({ name: 'pool', ops: ['pool'], variants: [plain('pool')], ...resampling });
