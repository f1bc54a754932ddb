// Pools of any form. Shader: window.wgsl.
import { kernel, plain } from './kernel.ts';
import { sliding, slidingParams } from './slide.ts';

export const window = kernel<'window'>({
  name: 'window',
  ops: ['window'],
  fits: () => true,
  variants: [plain('window')],
  ...sliding,
  overrides: ({ node: { attributes } }) => ({
    ROWS: attributes.kernel[0],
    COLUMNS: attributes.kernel[1],
    MAX: attributes.kind === 'max',
  }),
  params: placed => {
    const { node, x } = placed;
    const { pads, counted } = node.attributes;
    return {
      ...slidingParams(placed, node.attributes),
      before: counted ? pads : [0, 0],
      behind: counted ? [x.h + counted[0], x.w + counted[1]] : [x.h, x.w],
    };
  },
});
