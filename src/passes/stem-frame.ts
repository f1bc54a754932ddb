// preprocess → conv  ⇒  a convolution that reads the frame itself. No graph holds its preprocessing, so this one is taken as a plan is made.
import { type Graph, INPUT, type Node, type NodeOf } from '../graph/graph.ts';
import { stem, stemTensor } from '../kernels/stem.ts';
import { view } from './pass.ts';

/**
 * The graph's nodes behind their preprocessing, in one where the first convolution alone reads the picture. For a frame of the network's
 * own size: a resized pixel is dear, and a convolution reads each more than once.
 */
export function stemFrame(graph: Graph, preprocess: NodeOf<'preprocess'>): readonly Node[] {
  const conv = view(graph).next(INPUT, 'conv');
  const made = conv && merged(conv, preprocess);
  if (!made || !(stem.fits(made) || stemTensor.fits(made))) return [preprocess, ...graph.nodes];
  return [made, ...graph.nodes.filter(node => node !== conv)];
}

/** Null for a convolution that something else was fused into. */
function merged(conv: NodeOf<'conv'>, preprocess: NodeOf<'preprocess'>): NodeOf<'stem'> | null {
  const { kernel, stride, dilations, pads, groups, activation, partials, also, pooled } = conv.attributes;
  const alone = Object.keys(conv.inputs).length === 1 && !conv.constants.project && !partials && !also && !pooled;
  if (!alone || groups > 1) return null;
  const attributes = { ...preprocess.attributes, kernel, stride, dilations, pads, activation };
  return { op: 'stem', name: conv.name, inputs: preprocess.inputs, attributes, constants: conv.constants };
}
