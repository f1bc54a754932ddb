// The probabilities behind the classes, for who asks for them: at the network's last grid, or of a single channel as a byte a pixel.

import { type Graph, isCurve, type Node, type NodeOf, producers } from './graph.ts';
import { infer } from './ops.ts';
import { RESIZES } from './probability.ts';
import { verify } from './verify.ts';

const makesProbabilities = (node: Node): boolean => node.op === 'softmax' || isCurve(node, 'sigmoid');

/**
 * The probabilities that `classes` are made of as one more output, and its name: softmax, or of a single channel its own. They lie at the network's last
 * grid, before what brings scores to pixels.
 */
export function withScores(graph: Graph): { readonly graph: Graph; readonly scores: string } {
  const made = producers(graph);
  const end = made.get('classes') as NodeOf<'argmax'>;
  let value = end.inputs.x;
  const softmax: Pick<NodeOf<'softmax'>, 'op' | 'attributes'> = { op: 'softmax', attributes: {} };
  let activation: Pick<Node, 'op' | 'attributes'> | null = end.attributes.threshold === null ? softmax : null;
  for (let node = made.get(value); node && (RESIZES.has(node.op) || makesProbabilities(node)); node = made.get(value)) {
    if (makesProbabilities(node)) activation = { op: node.op, attributes: node.attributes };
    value = node.inputs.x;
  }
  if (activation === null) return { graph: verify({ ...graph, outputs: [...graph.outputs, value] }), scores: value };
  const known = graph.nodes.find(node => makesProbabilities(node) && node.op === activation.op && node.inputs.x === value);
  const node = known ?? ({ ...activation, name: 'scores', inputs: { x: value }, constants: {} } as Node);
  const nodes = known ? graph.nodes : [...graph.nodes, node];
  return { graph: verify({ ...graph, nodes, outputs: [...graph.outputs, node.name] }), scores: node.name };
}

/** The value `matte` as one more output: of what `classes` are decided of, before it is resized. Of a single channel. */
export function withMatte(graph: Graph): Graph {
  const made = producers(graph);
  let value = (made.get('classes') as NodeOf<'argmax'>).inputs.x;
  let node = made.get(value);
  const activation = isCurve(node, 'sigmoid') ? 'sigmoid' : 'none';
  if (isCurve(node, 'sigmoid')) {
    value = node.inputs.x;
    node = made.get(value);
  }
  if (node?.op === 'resize' && node.attributes.mode === 'half-pixel') value = node.inputs.x;
  const { h, w } = infer(graph).get('classes')!.shape;
  const last: NodeOf<'matte'> = {
    op: 'matte',
    name: 'matte',
    inputs: { x: value },
    attributes: { h, w, activation },
    constants: {},
  };
  return verify({ ...graph, nodes: [...graph.nodes, last], outputs: [...graph.outputs, 'matte'] });
}
