// The end of any network: from scores to classes, and to the probabilities behind them.
import type { Builder } from './build.ts';
import { type Decision, THRESHOLD } from './decision.ts';
import { type Graph, type Node, type NodeOf, type Op, producers } from './graph.ts';
import { verify } from './verify.ts';

/** What a network's scores are. */
export interface End {
  readonly channels: number;
  /** What makes a probability of a single channel; `none`: it is one already. Default: sigmoid, unless the network ends in one. */
  readonly activation?: Decision['activation'];
  /** Above which a single channel's probability is class 1. Default: `THRESHOLD`. */
  readonly threshold?: number;
}

/** What only brings scores to pixels. */
const RESIZES: ReadonlySet<Op> = new Set<Op>(['resize', 'zoom']);
const ACTIVATIONS: ReadonlySet<Op> = new Set<Op>(['softmax', 'sigmoid']);

/** The value `prob`: probabilities of scores. */
export function writeProbabilities(b: Builder, scores: string, end: End): string {
  if (end.channels > 1) return b.softmax('prob', scores);
  return isProbability(b, scores, end) ? b.copy('prob', scores) : b.sigmoid('prob', scores);
}

/** The value `classes`: of scores, or of probabilities, whose order is the same. A single channel has its `prob` before, where it is none yet. */
export function writeClasses(b: Builder, scores: string, end: End): string {
  const { channels, threshold = THRESHOLD } = end;
  if (channels > 1) return b.argmax('classes', scores);
  return b.argmax('classes', isProbability(b, scores, end) ? scores : writeProbabilities(b, scores, end), threshold);
}

function isProbability(b: Builder, scores: string, { activation }: End): boolean {
  let last = b.node(scores);
  while (last && RESIZES.has(last.op)) last = b.node(last.inputs.x);
  return activation === 'none' || last?.op === 'sigmoid';
}

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
