// mul by a gate → 1×1 conv  ⇒  a convolution that scales its operand as it loads it.
import { isPointwise } from '../graph/graph.ts';
import { type Pass, rewrite } from './pass.ts';

export const gateOperand: Pass = {
  name: 'gate-operand',
  why: 'the gated map is read once, by the next 1×1 convolution: one multiplication a load instead of a map written and read',
  apply: graph =>
    rewrite(graph, 'conv', (conv, view) => {
      const mul = view.sole(conv.inputs.x, 'mul');
      // A gate that was not made by `excite` is a map in storage precision; the convolution reads float32.
      if (!mul || view.producer(mul.inputs.gate)?.op !== 'excite' || !isPointwise(conv) || conv.inputs.gate) return null;
      return { node: { ...conv, inputs: { ...conv.inputs, x: mul.inputs.x, gate: mul.inputs.gate } }, drop: [mul] };
    }),
};
