// transposed conv → batchnorm  ⇒  a transposed convolution whose weights take a factor as they are packed: their output channels are not the first axis,
// so no expression of constants says it.
import type { Constant } from '../graph/constant.ts';
import { type Pass, rewrite } from './pass.ts';

export const transposedNorm: Pass = {
  name: 'transposed-norm',
  why: 'behind a transposed convolution a batch norm is as free as behind any other, and its map is the larger one',
  apply: graph =>
    rewrite(graph, 'batchnorm', (batchnorm, view) => {
      const from = view.sole(batchnorm.inputs.x, 'transposed');
      const { scale } = batchnorm.constants;
      if (!from || from.attributes.fused.activation || from.constants.scale || scale.kind !== 'scale') return null;
      const { weight, bias = null } = from.constants;
      const shift: Constant = { kind: 'shift', norm: scale.norm, bias };
      return { node: { ...from, name: batchnorm.name, constants: { weight, bias: shift, scale } }, drop: [from] };
    }),
};
