// Resize of codes: bilinear with half-pixel centres. Shader: qresize.wgsl.
import { PARTS } from '../graph/codes.ts';
import { kernel, plain } from './kernel.ts';
import { codeParams } from './qpool.ts';
import { resampling } from './upsample.ts';

export const qresize = kernel<'qresize'>({
  ...resampling,
  name: 'qresize',
  ops: ['qresize'],
  variants: [plain('qresize')],
  params: placed => codeParams(PARTS * PARTS, placed, placed.node.attributes),
});
