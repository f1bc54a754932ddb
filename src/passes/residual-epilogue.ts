// dense conv + map  ⇒  a convolution that adds the map before its activation.
import { isDense } from '../graph/forms.ts';
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
      // What it adds behind its activation would come before the sum's.
      if (!conv || (conv.inputs.addend && add.attributes.fused.activation)) return null;
      const inputs = { ...conv.inputs, residual };
      return { node: { ...conv, name: add.name, inputs, attributes: fusing(conv, add.attributes.fused) }, drop: [conv] };
    }),
};

/** The dense convolution behind a value, when it can still take a residual. */
function fusable(value: string, view: View): NodeOf<'conv'> | null {
  const conv = view.sole(value, 'conv');
  return conv && takes(conv) && !conv.attributes.fused.activation && !conv.inputs.residual ? conv : null;
}

/** Of a larger kernel nothing else may be fused around it. */
function takes(conv: NodeOf<'conv'>): boolean {
  return isPointwise(conv) || (isDense(conv) && Object.keys(conv.attributes.fused).length === 0);
}
