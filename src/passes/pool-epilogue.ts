// dense conv (with its ReLU) → 2×2 max pool  ⇒  a convolution that stores the maxima.
import { infer } from '../graph/ops.ts';
import { fusing, type Pass, rewrite } from './pass.ts';

export const poolEpilogue: Pass = {
  name: 'pool-epilogue',
  why: 'the map before a pool is the largest of its block, four times what is kept: a lane that makes two rows keeps their maxima',
  apply(graph) {
    const values = infer(graph);
    return rewrite(graph, 'maxpool', (pool, view) => {
      const conv = view.sole(pool.inputs.x, 'conv');
      if (!conv || conv.attributes.geometry.groups > 1 || Object.keys(conv.inputs).length > 1) return null;
      const { activation, ...others } = conv.attributes.fused;
      // A ReLU of the largest is the largest ReLU.
      if (Object.keys(others).length > 0 || (activation && activation.curve !== 'relu')) return null;
      const { h, w } = values.get(conv.name)!.shape;
      return { node: { ...conv, name: pool.name, attributes: fusing(conv, { pooled: { h, w } }) }, drop: [conv] };
    });
  },
};
