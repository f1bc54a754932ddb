// zeros around a map → conv or mean of windows  ⇒  the same with more padding.
import type { Graph, Node, NodeOf, Pads } from '../graph/graph.ts';
import { type Pass, pruned, view } from './pass.ts';

export const foldPad: Pass = {
  name: 'fold-pad',
  why: 'a convolution reads zeros beyond a map for nothing; written around it they are one map more',
  apply(graph) {
    const { producer } = view(graph);
    const nodes = graph.nodes.map((node): Node => {
      const pad = producer(node.inputs.x);
      if (pad?.op !== 'move' || !pad.attributes.around) return node;
      const within =
        node.op === 'conv'
          ? padded(node, pad.attributes.around)
          : node.op === 'window'
            ? counted(node, pad.attributes.around)
            : null;
      return within ? ({ ...within, inputs: { ...node.inputs, x: pad.inputs[0] } } as Node) : node;
    });
    return pruned({ ...graph, nodes } satisfies Graph);
  },
};

function padded(conv: NodeOf<'conv'>, around: Pads): NodeOf<'conv'> {
  const { geometry, fused } = conv.attributes;
  const pads = geometry.pads.map(own => own.map((pad, side) => pad + around[side]) as unknown as Pads);
  return { ...conv, attributes: { geometry: { ...geometry, pads }, fused } };
}

/** Those zeros count in a mean. Its own padding must do so too, and no maximum may see either. */
function counted(pool: NodeOf<'window'>, [top, left, bottom, right]: Pads): NodeOf<'window'> | null {
  const { kind, pads, counted: behind } = pool.attributes;
  if (kind !== 'mean' || (!behind && pads.some(pad => pad > 0))) return null;
  const own = behind ?? [0, 0];
  const attributes = {
    ...pool.attributes,
    pads: [pads[0] + top, pads[1] + left] as const,
    counted: [own[0] + bottom, own[1] + right] as const,
  };
  return { ...pool, attributes };
}
