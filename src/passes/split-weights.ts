// a convolution whose weights pass the adapter's limits  ⇒  several, each a range of the output channels, joined in place.
import { range, shapeOf } from '../graph/constant.ts';
import type { Node, NodeOf } from '../graph/graph.ts';
import { weightBytes, weightStore } from '../graph/layout.ts';
import type { Precision } from '../shader/source.ts';
import { type Pass, rewrite } from './pass.ts';

/** Output channels that lanes make together; a part begins at a multiple, so that no lane belongs to two. */
const GRAIN = 8;

export const splitWeights: Pass = {
  name: 'split-weights',
  why: "a binding holds 128 MiB by default and DilatedNet's fc6 has 411 MB of weights: a range of output channels is a convolution of its own",
  apply(graph, target) {
    if (!target?.limits) return graph;
    const { precision = 'f32', limits } = target;
    const most = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
    return rewrite(graph, 'conv', conv => {
      const parts = partsOf(conv, precision, most);
      if (parts < 2) return null;
      const out = shapeOf(conv.constants.weight)[0];
      const width = Math.ceil(out / parts / GRAIN) * GRAIN;
      const nodes: NodeOf<'conv'>[] = [];
      for (let start = 0; start < out; start += width) nodes.push(channels(conv, start, Math.min(start + width, out)));
      const inputs = Object.fromEntries(nodes.map(({ name }, n) => [n, name]));
      const join: NodeOf<'join'> = { op: 'join', name: conv.name, inputs, attributes: {}, constants: {} };
      return { node: [...nodes, join], drop: [] };
    });
  },
};

/** Into how many convolutions; 1 for those that fit, or can't be split: what reads or leaves more than x and y would need its own parts. */
function partsOf(conv: NodeOf<'conv'>, precision: Precision, most: number): number {
  const { groups, partials } = conv.attributes;
  if (groups > 1 || partials || Object.keys(conv.inputs).length > 1) return 1;
  const shape = shapeOf(conv.constants.weight);
  const bytes = weightBytes(shape, weightStore(shape, precision));
  return Math.ceil(bytes / most);
}

/** Output channels [start, end) of a convolution. */
function channels(conv: NodeOf<'conv'>, start: number, end: number): NodeOf<'conv'> {
  const constants = Object.fromEntries(Object.entries(conv.constants).map(([role, of]) => [role, range(of, start, end)]));
  return { ...conv, name: `${conv.name}[${start}:${end}]`, constants } satisfies Node;
}
