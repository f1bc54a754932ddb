// a place repeated along an axis → sum, product, … of two maps  ⇒  the same of the smaller map.
import type { Graph, Node, NodeOf, Shape } from '../graph/graph.ts';
import { infer } from '../graph/ops.ts';
import { show } from '../graph/rules.ts';
import { type Pass, pruned, view } from './pass.ts';

type Two = NodeOf<'add' | 'combine'>;

export const broadcast: Pass = {
  name: 'broadcast',
  why: 'what is expanded to the size of another map is read by what would repeat it for nothing; of a vector that scales a map it hides the gate',
  apply(graph) {
    const values = infer(graph);
    const { producer } = view(graph);
    const shapeOf = (value: string): Shape => values.get(value)!.shape;
    const nodes = graph.nodes.map((node): Node => {
      if ((node.op !== 'add' && node.op !== 'combine') || node.constants.other || node.attributes.fused.activation) return node;
      const { x, other } = node.inputs;
      for (const [large, value] of [
        [x, other],
        [other, x],
      ]) {
        const move = producer(value);
        if (move?.op === 'move' && move.attributes.expanded && show(shapeOf(large)) === show(shapeOf(node.name)))
          return repeating(node, large, move.inputs[0], value === x, shapeOf);
      }
      return node;
    });
    return pruned({ ...graph, nodes } satisfies Graph);
  },
};

function repeating(node: Two, x: string, other: string, turned: boolean, shapeOf: (value: string) => Shape): Node {
  const { operation, swapped } = node.op === 'add' ? { operation: 'add' as const, swapped: false } : node.attributes;
  const [{ c }, own] = [shapeOf(x), shapeOf(other)];
  const made = { name: node.name, constants: {} };
  if (operation === 'mul' && own.c === c && own.h === 1 && own.w === 1)
    return { ...made, op: 'mul', inputs: { x, gate: other }, attributes: {} };
  return { ...made, op: 'combine', inputs: { x, other }, attributes: { operation, swapped: swapped !== turned, fused: {} } };
}
