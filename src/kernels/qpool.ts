// 2×2 average of codes with stride 2, rounding up. Shader: qpool.wgsl.
import { ratio } from '../graph/codes.ts';
import type { Codes } from '../graph/graph.ts';
import { kernel, type Placed, plain } from './kernel.ts';
import { resampling } from './upsample.ts';

/** What makes each pixel's codes from some pixels of x; `parts`: what their weights add up to. */
export function codeParams(
  parts: number,
  { x, y }: Pick<Placed, 'x' | 'y'>,
  { from, to }: { readonly from: Codes; readonly to: Codes },
) {
  return { ...resampling.params({ x, y }), x_zero: from.zero, y_zero: to.zero, factor: ratio(from.scale, to.scale * parts) };
}

export const qpool = kernel<'qpool'>({
  ...resampling,
  name: 'qpool',
  ops: ['qpool'],
  variants: [plain('qpool')],
  params: placed => codeParams(1, placed, placed.node.attributes),
});
