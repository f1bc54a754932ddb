// a convolution whose weights pass the adapter's limits  ⇒  several, each a range of the output channels, joined in place.
import { range, shapeOf } from '../graph/constant.ts';
import { codecOf, type Node, type NodeOf } from '../graph/graph.ts';
import { bindable, weightBytes, weightStore } from '../graph/layout.ts';
import type { Codec } from '../shader/source.ts';
import { type Pass, rewrite } from './pass.ts';

/** Output channels that lanes make together; a part begins at a multiple, so that no lane belongs to two. */
const GRAIN = 8;
/** Bytes of a part, whatever the adapter binds: weights are packed and sent part by part, so that a second copy of all is never in memory. */
const MOST = 128 * 2 ** 20;

export const splitWeights: Pass = {
  name: 'split-weights',
  why: "a binding holds 128 MiB by default and DilatedNet's fc6 has 411 MB of weights: a range of output channels is a convolution of its own",
  apply(graph, target) {
    if (!target?.limits) return graph;
    const codec = codecOf(graph, target.precision ?? 'f32');
    const most = Math.min(MOST, bindable(target.limits));
    return rewrite(graph, 'conv', conv => {
      const out = shapeOf(conv.constants.weight)[0];
      const width = widthOf(conv, codec, most);
      if (width >= out) return null;
      const nodes: NodeOf<'conv'>[] = [];
      for (let start = 0; start < out; start += width) nodes.push(channels(conv, start, Math.min(start + width, out)));
      const inputs = Object.fromEntries(nodes.map(({ name }, n) => [n, name]));
      const join: NodeOf<'join'> = { op: 'join', name: conv.name, inputs, attributes: {}, constants: {} };
      return { node: [...nodes, join], drop: [] };
    });
  },
};

/**
 * Output channels of a part, the last may have fewer: parts are as few and as even as lanes allow. All of them where they fit, where eight are too many,
 * and where the node can't be split: what reads or leaves more than x and y would need its own parts.
 */
function widthOf(conv: NodeOf<'conv'>, codec: Codec, most: number): number {
  const { geometry, fused } = conv.attributes;
  const [out, ...rest] = shapeOf(conv.constants.weight);
  const alone = !fused.partials && !fused.also && !conv.constants.project && Object.keys(conv.inputs).length === 1;
  if (geometry.groups > 1 || !alone) return out;
  // Each part is counted as it will be stored: small ones are float32 in every precision.
  const bytes = (channels: number): number => weightBytes([channels, ...rest], weightStore([channels, ...rest], codec));
  const fits = (width: number): boolean => Math.max(bytes(width), bytes(out % width)) <= most;
  const grains = Math.ceil(out / GRAIN);
  const widths = Array.from({ length: grains }, (_, n) => Math.min(out, Math.ceil(grains / (n + 1)) * GRAIN));
  return widths.find(fits) ?? out;
}

/** Output channels [start, end) of a convolution. */
function channels(conv: NodeOf<'conv'>, start: number, end: number): NodeOf<'conv'> {
  const constants = Object.fromEntries(Object.entries(conv.constants).map(([role, of]) => [role, range(of, start, end)]));
  return { ...conv, name: `${conv.name}[${start}:${end}]`, constants } satisfies Node;
}
