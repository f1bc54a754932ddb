// Which tap of each window is its maximum. Shader: winners.wgsl.
import { kernel, plain } from './kernel.ts';
import { sliding, slidingParams } from './slide.ts';

export const winners = kernel<'winners'>({
  ...sliding,
  name: 'winners',
  ops: ['winners'],
  fits: () => true,
  variants: [plain('winners')],
  overrides: ({ node: { attributes } }) => ({ ROWS: attributes.kernel[0], COLUMNS: attributes.kernel[1] }),
  params: placed => slidingParams(placed, placed.node.attributes),
});
