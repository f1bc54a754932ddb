// preprocess → conv  ⇒  a convolution that reads the frame itself. No graph holds its preprocessing, so this one is taken as a plan is made.
import { chains } from '../graph/chain.ts';
import { isUnforked } from '../graph/forms.ts';
import { type Graph, INPUT, type Node, type NodeOf, readers } from '../graph/graph.ts';
import { stem, stemExternal, stemTensor } from '../kernels/stem.ts';
import type { Step } from './plan.ts';

/**
 * The graph's nodes behind their preprocessing, in one where the first convolution alone reads the picture. For a frame of the network's
 * own size: a resized pixel is dear, and a convolution reads each more than once.
 */
export function stemFrame(graph: Graph, preprocess: NodeOf<'preprocess'>): readonly Node[] {
  const [conv, ...others] = readers(graph).get(INPUT) ?? [];
  const made = conv?.op === 'conv' && others.length === 0 && !graph.outputs.includes(INPUT) ? merged(conv, preprocess) : null;
  if (!made || ![stem, stemExternal, stemTensor].some(({ fits }) => fits(made))) return [preprocess, ...graph.nodes];
  return [made, ...graph.nodes.filter(node => node !== conv)];
}

/** Null for a convolution that something else was fused into. */
function merged(conv: NodeOf<'conv'>, preprocess: NodeOf<'preprocess'>): NodeOf<'stem'> | null {
  const { geometry, fused } = conv.attributes;
  if (Object.keys(conv.inputs).length > 1 || !isUnforked(conv) || geometry.groups > 1 || fused.pooled) return null;
  const attributes = { ...preprocess.attributes, geometry, fused };
  return { op: 'stem', name: conv.name, inputs: preprocess.inputs, attributes, constants: conv.constants };
}

/** The graph's node behind a step: the one that reads the frame may be two of them. */
export function nodeOf({ kernel, node }: Pick<Step, 'kernel' | 'node'>, nodes: ReadonlyMap<string, Node>): Node {
  const made = nodes.get(node)!;
  const first = kernel === 'stem' ? nodes.get(made.inputs.x) : undefined;
  return first ? ({ ...made, constants: chains.constants(first, made) } as Node) : made;
}
