// channels moved between pixels, a number at a time  ⇒  whole quads, the convolution before them making its channels in that order.
import type { Constant } from '../graph/constant.ts';
import type { Node, NodeOf } from '../graph/graph.ts';
import { type Pass, rewrite, type View } from './pass.ts';

export const pixelShuffle: Pass = {
  name: 'pixel-shuffle',
  why: 'a move looks up a place for every number; in what order a convolution makes its channels is free, and so is a curve before them instead of behind',
  apply: graph =>
    rewrite(graph, 'move', (move, view) => {
      const { shuffled, h, w } = move.attributes;
      if (!shuffled) return null;
      const { by, strides } = shuffled;
      const conv = plainConv(move.inputs[0], view);
      if (by === 'channel' && !conv) return null;
      const end = conv && !conv.attributes.fused.activation ? view.next(move.name, 'activate') : null;
      const name = end?.name ?? move.name;
      const interleave = {
        op: 'interleave',
        name,
        inputs: { x: move.inputs[0] },
        attributes: { strides, cut: [0, 0], h, w },
        constants: {},
      } as const;
      if (!conv || (by === 'place' && !end)) return { node: interleave, drop: [] };
      const phases = strides[0] * strides[1];
      const inOrder = (of: Constant): Constant => (by === 'channel' ? { kind: 'shuffled', of, phases } : of);
      const constants = Object.fromEntries(Object.entries(conv.constants).map(([role, of]) => [role, inOrder(of)]));
      const slope = end?.constants.slope && { slope: { kind: 'phases', of: end.constants.slope, strides } as const };
      const fused = { ...conv.attributes.fused, ...(end && { activation: end.attributes }) };
      const made: Node = { ...conv, attributes: { ...conv.attributes, fused }, constants: { ...constants, ...slope } };
      return { node: [made, interleave], drop: end ? [conv, end] : [conv] };
    }),
};

/** A convolution that nothing else reads, and of which nothing but its own weights and biases goes by outputs. */
function plainConv(value: string, view: View): NodeOf<'conv'> | null {
  const conv = view.sole(value, 'conv');
  if (!conv || conv.attributes.geometry.groups > 1 || Object.keys(conv.inputs).length > 1) return null;
  const { activation: _, ...more } = conv.attributes.fused;
  const roles = Object.keys(conv.constants).every(role => ['weight', 'bias', 'slope'].includes(role));
  return Object.keys(more).length === 0 && roles ? conv : null;
}
