// conv + one number a channel  ⇒  a convolution with a bias.
import { type Constant, shapeOf } from '../graph/constant.ts';
import { type Pass, rewrite } from './pass.ts';

export const foldBias: Pass = {
  name: 'fold-bias',
  why: 'a linear layer is written as a product and a sum: a convolution begins its sums with its bias',
  apply: graph =>
    rewrite(graph, 'combine', (sum, view) => {
      const { attributes, constants, inputs } = sum;
      const conv = view.sole(inputs.x, 'conv');
      if (!conv || conv.attributes.fused.activation || attributes.operation !== 'add' || constants.other?.kind !== 'tensor')
        return null;
      const [out] = shapeOf(conv.constants.weight);
      const [c, h, w] = constants.other.shape;
      if (c !== out || h !== 1 || w !== 1) return null;
      const more: Constant = { ...constants.other, shape: [c] };
      const bias: Constant = conv.constants.bias ? { kind: 'sum', parts: [conv.constants.bias, more] } : more;
      const fused = { ...conv.attributes.fused, ...attributes.fused };
      const node = { ...conv, name: sum.name, attributes: { ...conv.attributes, fused }, constants: { ...conv.constants, bias } };
      return { node, drop: [conv] };
    }),
};
