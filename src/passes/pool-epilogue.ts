// dense conv (with its ReLU) → 2×2 max pool  ⇒  a convolution that stores the maxima.
import { infer } from '../graph/ops.ts';
import { type Pass, rewrite } from './pass.ts';

export const poolEpilogue: Pass = {
  name: 'pool-epilogue',
  why: 'the map before a pool is the largest of its block, four times what is kept: a lane that makes two rows keeps their maxima',
  apply(graph) {
    const values = infer(graph);
    return rewrite(graph, 'maxpool', (pool, view) => {
      const conv = view.sole(pool.inputs.x, 'conv');
      const takes = conv && conv.attributes.groups === 1 && !conv.attributes.pooled && Object.keys(conv.inputs).length === 1;
      if (!takes || conv.attributes.activation === 'sigmoid') return null;
      const { h, w } = values.get(conv.name)!.shape;
      return { node: { ...conv, name: pool.name, attributes: { ...conv.attributes, pooled: { h, w } } }, drop: [conv] };
    });
  },
};
