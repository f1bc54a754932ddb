// resize + map (→ activation)  ⇒  a step that resizes as it adds.
import type { Node } from '../graph/graph.ts';
import { type Pass, rewrite } from './pass.ts';

export const resizeSum: Pass = {
  name: 'resize-sum',
  why: 'pyramids of features are summed from coarse to fine: four loads of the small map a result cost less than the resized map written and read',
  apply: graph =>
    rewrite(graph, 'add', ({ name, inputs, attributes: { fused }, constants }, view) => {
      const first = view.sole(inputs.x, 'resize');
      const resize = first ?? view.sole(inputs.other, 'resize');
      if (!resize) return null;
      const other = first ? inputs.other : inputs.x;
      const attributes = { mode: resize.attributes.mode, fused };
      const node: Node = { op: 'merge', name, inputs: { x: resize.inputs.x, other }, attributes, constants };
      return { node, drop: [resize] };
    }),
};
