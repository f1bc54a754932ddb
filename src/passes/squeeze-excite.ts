// grouped conv → mean → conv → relu → conv → sigmoid  ⇒  the conv leaves partial sums, one node makes the gate from them.
import { type Graph, isCurve, isGrouped, type Node, type NodeOf } from '../graph/graph.ts';
import type { Curve } from '../graph/numbered.ts';
import { infer, strips } from '../graph/ops.ts';
import { fusing, type Pass, type View, view } from './pass.ts';

export const squeezeExcite: Pass = {
  name: 'squeeze-excite',
  why: 'the squeeze would read the whole map again; the convolution that makes it has every number at hand',
  apply(graph) {
    const before = view(graph);
    const values = infer(graph);
    const replaced = new Map<Node, Node | null>();
    for (const mean of graph.nodes) {
      const chain = mean.op === 'mean' ? gateChain(mean, before, 'sigmoid') : null;
      const conv = before.producer(mean.inputs.x);
      if (!chain?.biased || conv?.op !== 'conv' || !isGrouped(conv) || conv.attributes.fused.partials) continue;
      const { shape } = values.get(conv.name)!;
      const partials = { name: `${mean.name}.partials`, strips: strips(shape) };
      const { first, second, sigmoid } = chain;
      const excite: NodeOf<'excite'> = {
        op: 'excite',
        name: sigmoid.name,
        inputs: { x: partials.name },
        attributes: { hidden: values.get(first.name)!.shape.c, pixels: shape.h * shape.w },
        constants: {
          weight1: first.constants.weight,
          bias1: first.constants.bias,
          weight2: second.constants.weight,
          bias2: second.constants.bias,
        },
      };
      replaced.set(conv, { ...conv, attributes: fusing(conv, { partials }) });
      replaced.set(sigmoid, excite);
      for (const gone of [mean, first, second]) replaced.set(gone, null);
    }
    const nodes = graph.nodes.flatMap(node => (replaced.has(node) ? (replaced.get(node) ?? []) : node));
    return { ...graph, nodes } satisfies Graph;
  },
};

/** The two 1×1 layers behind a mean, when each value of the chain has one reader. The first has its ReLU fused already. */
export function gateChain(
  mean: NodeOf<'mean'>,
  before: View,
  curve: Curve,
): { first: NodeOf<'conv'>; second: NodeOf<'conv'>; sigmoid: NodeOf<'activate'>; biased: boolean } | null {
  const first = before.next(mean.name, 'conv');
  const second = first && before.next(first.name, 'conv');
  const sigmoid = second && before.next(second.name, 'activate');
  const layers = first?.attributes.fused.activation?.curve === 'relu' && second && !second.attributes.fused.activation;
  const biased = !!(first?.constants.bias && second?.constants.bias);
  return layers && isCurve(sigmoid, curve) ? { first, second, sigmoid, biased } : null;
}
