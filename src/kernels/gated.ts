// 1×1 convolution that makes its gate itself, from the sums of a squeeze. Shader: gated.wgsl.
import { shapeOf } from '../graph/constant.ts';
import { isGated } from '../graph/forms.ts';
import { quads } from '../graph/layout.ts';
import { biasOffset, joinBytes, pairs } from './blocks.ts';
import { ending } from './ending.ts';
import { packExcite } from './excite.ts';
import { kernel, type Placed } from './kernel.ts';
import { depths, packPointwise } from './pointwise.ts';
import { isRagged, stagedCut } from './staged.ts';

/** A workgroup has room for the gate and so many pairs of quads. */
const cut = ({ y }: Placed<'conv'>) => stagedCut(y.h * y.w, pairs(y.c), 8);

export const gated = kernel<'conv'>({
  name: 'gated',
  ops: ['conv'],
  fits: isGated,
  variants: [{ name: 'workgroup', shader: 'gated', needs: { barriers: true } }],
  reads: ({ inputs }) => ({
    x: inputs.x,
    sums: inputs.sums,
    shortcut: inputs.shortcut ?? null,
    residual: inputs.residual ?? null,
  }),
  writes: ({ name }) => ({ y: name }),
  overrides(placed) {
    const { node } = placed;
    const [main, shortcut] = depths(node);
    return {
      LANES: cut(placed).group,
      RAGGED: isRagged([main, shortcut]),
      QUADS: main,
      SHORTCUT_QUADS: shortcut,
      HIDDEN: quads(shapeOf(node.constants.weight1)[0]),
      STRIPS: placed.at('sums')!.h,
      POOLED: node.attributes.fused.shortcut === 'pooled',
      RESIDUAL: 'residual' in node.inputs,
      ...ending(node, placed.y.c),
    };
  },
  params({ node, x, y, at }) {
    const [main, extra] = depths(node);
    const [shortcut, residual] = ['shortcut', 'residual'].map(at);
    const bias = biasOffset(y.c, 1, main + extra);
    return {
      height: y.h,
      width: y.w,
      x_stride: x.stride,
      y_stride: y.stride,
      y_offset: y.offset,
      y_quads: quads(y.c),
      pairs: pairs(y.c),
      bias,
      shortcut_height: shortcut?.h ?? 0,
      shortcut_width: shortcut?.w ?? 0,
      shortcut_stride: shortcut?.stride ?? 0,
      residual_stride: residual?.stride ?? 0,
      excite: bias + 2 * pairs(y.c),
      scale: 1 / node.attributes.fused.squeezed!,
    };
  },
  lanes: placed => cut(placed).all,
  pack: (node, read) => joinBytes(packPointwise(node, read), packExcite(node, read)),
});
