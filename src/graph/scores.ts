// The probabilities behind the classes, for who asks for them.
import { RESIZES } from './end.ts';
import { type Graph, type Node, type NodeOf, type Op, producers } from './graph.ts';
import { verify } from './verify.ts';

const ACTIVATIONS: ReadonlySet<Op> = new Set<Op>(['softmax', 'sigmoid']);

/**
 * The probabilities that `classes` are made of as one more output, and its name: softmax, or of a single channel its own. They lie at the network's last
 * grid, before what brings scores to pixels.
 */
export function withScores(graph: Graph): { readonly graph: Graph; readonly scores: string } {
  const made = producers(graph);
  const end = made.get('classes') as NodeOf<'argmax'>;
  let value = end.inputs.x;
  let activation: Op | null = end.attributes.threshold === null ? 'softmax' : null;
  for (let node = made.get(value); node && (RESIZES.has(node.op) || ACTIVATIONS.has(node.op)); node = made.get(value)) {
    if (ACTIVATIONS.has(node.op)) activation = node.op;
    value = node.inputs.x;
  }
  if (activation === null) return { graph: verify({ ...graph, outputs: [...graph.outputs, value] }), scores: value };
  const known = graph.nodes.find(({ op, inputs }) => op === activation && inputs.x === value);
  const node = known ?? ({ op: activation, name: 'scores', inputs: { x: value }, attributes: {}, constants: {} } as Node);
  const nodes = known ? graph.nodes : [...graph.nodes, node];
  return { graph: verify({ ...graph, nodes, outputs: [...graph.outputs, node.name] }), scores: node.name };
}
