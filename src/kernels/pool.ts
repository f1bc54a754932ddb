// 2×2 average or maximum with stride 2, rounding up. Shader: pool.wgsl.

import { kernel, plain } from './kernel.ts';
import { resampling } from './upsample.ts';

export const pool = kernel<'pool' | 'maxpool'>({
  ...resampling,
  name: 'pool',
  ops: ['pool', 'maxpool'],
  variants: [plain('pool')],
  overrides: ({ node }) => ({ MAX: node.op === 'maxpool' }),
});
