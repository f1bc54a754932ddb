// Two 1×1 convolutions of one map, each into a map of its own. Shaders: twin.wgsl, twin.workgroup.wgsl.
import { shapeOf } from '../graph/constant.ts';
import { isTwin } from '../graph/forms.ts';
import { quads } from '../graph/layout.ts';
import { biasOffset, pairs } from './blocks.ts';
import { ending } from './ending.ts';
import { kernel, type Placed, plain } from './kernel.ts';
import { depths, packPointwise } from './pointwise.ts';
import { stagedCut, stagedRow } from './staged.ts';

const TILE = 8;

const overrides = ({ node }: Placed<'conv'>) => {
  const [out, inputs] = shapeOf(node.constants.weight);
  return { QUADS: quads(inputs), ...ending(node, out) };
};
const cut = ({ node, y }: Placed<'conv'>) => stagedCut(y.h * y.w, pairs(shapeOf(node.constants.weight)[0]));

const workgroup = stagedRow('twin.workgroup', cut, depths, overrides);

export const twin = kernel<'conv'>({
  name: 'twin',
  ops: ['conv'],
  fits: isTwin,
  variants: [workgroup, plain('twin')],
  reads: ({ inputs }) => ({ x: inputs.x }),
  writes: ({ name, attributes }) => ({ y: name, also: attributes.fused.also!.name }),
  overrides,
  params({ node: { constants, attributes }, x, y, at }) {
    const [out, inputs] = shapeOf(constants.weight);
    const also = at(attributes.fused.also!.name)!;
    return {
      pixels: y.h * y.w,
      x_stride: x.stride,
      y_stride: y.stride,
      y_offset: y.offset,
      y_quads: quads(y.c),
      also_stride: also.stride,
      also_offset: also.offset,
      also_quads: quads(also.c),
      pairs: pairs(out),
      bias: biasOffset(out, 1, quads(inputs)),
    };
  },
  lanes: ({ node, y }) => Math.ceil((y.h * y.w) / TILE) * pairs(shapeOf(node.constants.weight)[0]),
  pack: packPointwise,
});
