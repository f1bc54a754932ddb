// The probabilities behind the classes, for who asks for them: at the network's last grid, or of a single channel as a byte a pixel.
import { RESIZES } from './end.ts';
import { type Graph, type Node, type NodeOf, type Op, producers } from './graph.ts';
import { infer } from './ops.ts';
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

/** Both, as they are asked for. */
export function asking(graph: Graph, { scores, matte }: { readonly scores: boolean; readonly matte: boolean }) {
  const asked = scores ? withScores(graph) : { graph, scores: null };
  return matte ? { ...asked, graph: withMatte(asked.graph), matte: 'matte' } : asked;
}

/** The value `matte` as one more output: of what `classes` are decided of, before it is resized. Of a single channel. */
export function withMatte(graph: Graph): Graph {
  const made = producers(graph);
  let value = (made.get('classes') as NodeOf<'argmax'>).inputs.x;
  let node = made.get(value);
  const activation = node?.op === 'sigmoid' ? 'sigmoid' : 'none';
  if (node?.op === 'sigmoid') {
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
