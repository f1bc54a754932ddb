// 1×1 conv + map  ⇒  a convolution that adds the map before its activation.
import { isPointwise, type NodeOf } from '../graph/graph.ts';
import { fusing, type Pass, rewrite, type View } from './pass.ts';

export const residualEpilogue: Pass = {
  name: 'residual-epilogue',
  why: 'the sum of a block is one load a result while the result is in a register',
  apply: graph =>
    rewrite(graph, 'add', (add, view) => {
      const first = fusable(add.inputs.x, view);
      const conv = first ?? fusable(add.inputs.other, view);
      const residual = first ? add.inputs.other : add.inputs.x;
      if (!conv) return null;
      const inputs = { ...conv.inputs, residual };
      return { node: { ...conv, name: add.name, inputs, attributes: fusing(conv, add.attributes.fused) }, drop: [conv] };
    }),
};

/** The 1×1 convolution behind a value, when it can still take a residual. */
function fusable(value: string, view: View): NodeOf<'conv'> | null {
  const conv = view.sole(value, 'conv');
  return conv && isPointwise(conv) && !conv.attributes.fused.activation && !conv.inputs.residual ? conv : null;
}
