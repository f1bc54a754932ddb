// conv → relu, add → relu, …  ⇒  the same with the ReLU in the epilogue.
import { type Fused, isCurve, type NodeOf } from '../graph/graph.ts';
import { type Pass, rewrite, type View } from './pass.ts';

export const fuseRelu: Pass = {
  name: 'fuse-relu',
  why: 'a ReLU costs nothing on a number that is still in a register',
  apply: graph => rewrite(graph, 'activate', (activate, view) => (isCurve(activate, 'relu') ? ended(activate, view) : null)),
};

/** What makes the sums. */
const SUMS = ['conv', 'add', 'transposed', 'batchnorm', 'normalise', 'combine', 'merge'] as const;

/** The node whose numbers alone go into an activation, ending in it; null where it ends in one already, or in what must not come before it. */
export function ended({ name, inputs, attributes: activation, constants }: NodeOf<'activate'>, view: View) {
  const node = SUMS.map(op => view.sole(inputs.x, op)).find(found => found !== null);
  const { pooled, partials, also }: Fused = node?.attributes.fused ?? {};
  if (!node || node.attributes.fused.activation || pooled || partials || also || node.inputs.addend || node.constants.project)
    return null;
  const attributes = { ...node.attributes, fused: { ...node.attributes.fused, activation } };
  return { node: { ...node, name, attributes, constants: { ...node.constants, ...constants } } as typeof node, drop: [node] };
}
