// (softmax or sigmoid →) resize, zoom or deconv (→ softmax or sigmoid) → argmax  ⇒  one step: the class of every pixel from the small map.
import type { NodeOf } from '../graph/graph.ts';
import { activationOf, type End } from './end.ts';
import { furtherEnds } from './further-ends.ts';
import { type Pass, rewrite, type View } from './pass.ts';

export const classifyEnd: Pass = {
  name: 'classify-end',
  why: 'scores at picture size are the largest map of the network (152 MiB for Cityscapes) and nobody reads them but the argmax',
  apply: graph =>
    rewrite(graph, 'argmax', (argmax, view) => {
      // A softmax keeps the order of its channels, and a sigmoid its threshold's side: right before an argmax neither needs an exponential.
      const activated = activationOf(argmax, argmax.inputs.x, view);
      const decided: NodeOf<'argmax'> = activated
        ? {
            ...argmax,
            inputs: activated.inputs,
            attributes: { ...argmax.attributes, ...(activated.op === 'activate' && { activation: 'sigmoid' }) },
          }
        : argmax;
      const drop = activated ? [activated] : [];
      const end = fromResize(decided, view) ?? furtherEnds.of?.(decided, view);
      if (end) return { node: end.node, drop: [...drop, ...end.drop] };
      return activated ? { node: decided, drop } : null;
    }),
};

function fromResize({ name, inputs, attributes }: NodeOf<'argmax'>, view: View): End | null {
  const resize = view.sole(inputs.x, 'resize');
  if (resize?.attributes.mode !== 'half-pixel') return null;
  const { h, w } = resize.attributes;
  return {
    node: { op: 'classify', name, inputs: resize.inputs, attributes: { h, w, ...attributes }, constants: {} },
    drop: [resize],
  };
}
