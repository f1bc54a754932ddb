// two 1×1 convs of one map  ⇒  one convolution with two outputs.
import type { Constant } from '../graph/constant.ts';
import { isTwin } from '../graph/forms.ts';
import { isPointwise, type Node, type NodeOf } from '../graph/graph.ts';
import { infer } from '../graph/ops.ts';
import { fusing, type Pass, view } from './pass.ts';

export const twinOutputs: Pass = {
  name: 'twin-outputs',
  why: 'a head that reads a map of the body late keeps that map alive: made together with the first reader, its own few channels wait instead',
  apply(graph) {
    const before = view(graph);
    const values = infer(graph);
    const replaced = new Map<Node, Node | null>();
    for (const late of graph.nodes) {
      if (!alone(late) || replaced.has(late)) continue;
      const readers = before.readers(late.inputs.x);
      const early = readers.find(alone);
      if (!early || early === late || replaced.has(early) || readers.at(-1) !== late || before.isOutput(late.inputs.x)) continue;
      const channels = (node: Node): number => values.get(node.name)!.shape.c;
      // Made early, the late map takes room for longer than it used to: no more than its operand gives back. A part of a concat would
      // take the room of the whole.
      const lighter = channels(late) <= values.get(late.inputs.x)!.shape.c;
      if (!lighter || before.readers(late.name).some(({ op }) => op === 'concat' || op === 'join')) continue;
      const node = merged(early, late, channels(early));
      if (!node || !isTwin(node)) continue;
      replaced.set(early, node);
      replaced.set(late, null);
    }
    const nodes = graph.nodes.flatMap(node => (replaced.has(node) ? (replaced.get(node) ?? []) : node));
    return { ...graph, nodes };
  },
};

/** A 1×1 convolution that nothing was fused into but a batch norm and an activation. */
function alone(node: Node): node is NodeOf<'conv'> {
  if (node.op !== 'conv' || !isPointwise(node) || node.attributes.fused.also) return false;
  const constants = Object.keys(node.constants);
  return Object.keys(node.inputs).length === 1 && constants.every(role => role === 'weight' || role === 'bias');
}

/** Null where only one of the two has a bias, or they differ in their activation. */
function merged(early: NodeOf<'conv'>, late: NodeOf<'conv'>, split: number): NodeOf<'conv'> | null {
  const roles = [early, late].map(({ constants }) => Object.keys(constants).join());
  const [ending, other] = [early, late].map(({ attributes }) => JSON.stringify(attributes.fused.activation));
  if (roles[0] !== roles[1] || ending !== other) return null;
  const constants = Object.keys(early.constants).map((role): [string, Constant] => [
    role,
    { kind: 'stack', parts: [early.constants[role], late.constants[role]] },
  ]);
  return { ...early, attributes: fusing(early, { also: { name: late.name, split } }), constants: Object.fromEntries(constants) };
}
