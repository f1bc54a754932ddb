// Attention without its matrix: softmax and sum in one walk over the keys. Shader: attention.wgsl.
import type { NodeOf } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { kernel, type Placed, plain } from './kernel.ts';

/** Quads of values that a lane sums up in named registers. */
const MOST = 8;

/** Value quads of a head, and into how many lanes of how many each they are cut. */
function cut({ node, at }: Placed<'attention'>): { own: number; lanes: number; each: number } {
  const own = quads(at('values')!.c / node.attributes.heads);
  const lanes = Math.ceil(own / MOST);
  return { own, lanes, each: Math.ceil(own / lanes) };
}

const inner = ({ attributes }: NodeOf<'attention'>): number => quads(attributes.inner / attributes.heads);

export const attention = kernel<'attention'>({
  name: 'attention',
  ops: ['attention'],
  fits: () => true,
  variants: [plain('attention')],
  reads: ({ inputs }) => ({ x: inputs.x, keys: inputs.keys, values: inputs.values }),
  writes: ({ name }) => ({ y: name }),
  overrides: placed => ({ INNER: inner(placed.node), VALUES: cut(placed).each }),
  params: placed => {
    const { node, x, y, at } = placed;
    const { own, lanes } = cut(placed);
    return {
      pixels: y.h * y.w,
      heads: node.attributes.heads,
      lanes,
      own,
      others: node.attributes.pixels,
      scale: node.attributes.scale,
      x_stride: x.stride,
      keys_stride: at('keys')!.stride,
      values_stride: at('values')!.stride,
      y_stride: y.stride,
      y_offset: y.offset,
    };
  },
  lanes: placed => placed.y.h * placed.y.w * placed.node.attributes.heads * cut(placed).lanes,
});
