// excite → gated 1×1 conv  ⇒  a convolution whose workgroups make the gate themselves, from fewer rows of sums.
import { isGated } from '../graph/forms.ts';
import type { Node, NodeOf } from '../graph/graph.ts';
import { fewStrips, infer } from '../graph/ops.ts';
import { fusing, type Pass, view } from './pass.ts';

export const gatePrologue: Pass = {
  name: 'gate-prologue',
  why: 'an excitation is one workgroup that the whole adapter waits for; its products are so few that every workgroup of the next convolution can make them again',
  needs: { barriers: true },
  apply(graph, target) {
    const before = view(graph);
    const values = infer(graph);
    // No matrices multiply by what a codec of the graph's own stores.
    const matrices = target?.matrices && !graph.codecs?.[target.precision!];
    const replaced = new Map<Node, Node | null>();
    for (const conv of graph.nodes) {
      if (conv.op !== 'conv' || !conv.inputs.gate) continue;
      const excite = before.sole(conv.inputs.gate, 'excite');
      const squeezed = excite && before.producer(excite.inputs.x);
      if (!excite || squeezed?.op !== 'conv' || before.readers(excite.inputs.x).length > 1) continue;
      const { gate: _, ...inputs } = conv.inputs;
      const node: NodeOf<'conv'> = {
        ...conv,
        inputs: { ...inputs, sums: excite.inputs.x },
        attributes: fusing(conv, { squeezed: excite.attributes.pixels }),
        constants: { ...conv.constants, ...excite.constants },
      };
      if (!isGated(node)) continue;
      const partials = { name: excite.inputs.x, strips: fewStrips(values.get(squeezed.name)!.shape, matrices) };
      replaced.set(squeezed, { ...squeezed, attributes: fusing(squeezed, { partials }) });
      replaced.set(excite, null);
      replaced.set(conv, node);
    }
    const nodes = graph.nodes.flatMap(node => (replaced.has(node) ? (replaced.get(node) ?? []) : node));
    return { ...graph, nodes };
  },
};
