// conv → batchnorm  ⇒  a convolution with scaled weights and a bias.
import type { Constant } from '../graph/constant.ts';
import { type Pass, rewrite } from './pass.ts';

export const foldBatchnorm: Pass = {
  name: 'fold-batchnorm',
  why: 'at inference a batch norm is one factor and one offset a channel: the weights take the factor, the bias the offset',
  apply(graph) {
    const after = rewrite(graph, 'batchnorm', (batchnorm, view) => {
      const conv = view.sole(batchnorm.inputs.x, 'conv');
      const { scale } = batchnorm.constants;
      if (!conv || conv.attributes.fused.activation || scale.kind !== 'scale') return null;
      const weight: Constant = { kind: 'scaled', of: conv.constants.weight, norm: scale.norm };
      const bias: Constant = { kind: 'shift', norm: scale.norm, bias: conv.constants.bias ?? null };
      return { node: { ...conv, name: batchnorm.name, constants: { ...conv.constants, weight, bias } }, drop: [conv] };
    });
    // Behind a norm there may be one more.
    return after.nodes.length < graph.nodes.length ? foldBatchnorm.apply(after) : after;
  },
};
