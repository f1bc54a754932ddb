// resize, map → concat → 3×3 conv  ⇒  a convolution that reads both maps and resizes the first as it loads it.
import { isTail } from '../graph/forms.ts';
import type { NodeOf } from '../graph/graph.ts';
import { type Pass, rewrite } from './pass.ts';

export const concatOperand: Pass = {
  name: 'concat-operand',
  why: 'a workgroup stages its operand once for all nine taps, and may as well interpolate it then: neither the resized map nor the concat is stored',
  needs: { barriers: true },
  apply: graph =>
    rewrite(graph, 'conv', (conv, view) => {
      const concat = view.sole(conv.inputs.x, 'concat');
      const [coarse, beside, ...more] = Object.values(concat?.inputs ?? {});
      const resize = beside === undefined || more.length > 0 ? null : view.sole(coarse, 'resize');
      if (!concat || resize?.attributes.mode !== 'half-pixel') return null;
      const node: NodeOf<'conv'> = { ...conv, inputs: { ...conv.inputs, x: resize.inputs.x, beside } };
      return isTail(node) ? { node, drop: [concat, resize] } : null;
    }),
};
