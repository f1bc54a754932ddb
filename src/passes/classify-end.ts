// (softmax or sigmoid →) resize, zoom or deconv (→ softmax or sigmoid) → argmax  ⇒  one step: the class of every pixel from the small map.
import type { Node, NodeOf } from '../graph/graph.ts';
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
      const end = fromResize(decided, view) ?? fromZoom(decided, view) ?? fromDeconv(decided, view);
      if (end) return { node: end.node, drop: [...drop, ...end.drop] };
      return activated ? { node: decided, drop } : null;
    }),
};

/** What makes probabilities of the scores that an argmax reads, whatever lies between: a sigmoid where a threshold decides, else a softmax. */
function activationOf({ attributes }: NodeOf<'argmax'>, scores: string, view: View): NodeOf<'softmax' | 'activate'> | null {
  if (attributes.activation !== 'none') return null;
  return attributes.threshold === null ? view.sole(scores, 'softmax') : view.soleCurve(scores, 'sigmoid');
}

interface End {
  readonly node: Node;
  readonly drop: readonly Node[];
}

function fromResize({ name, inputs, attributes }: NodeOf<'argmax'>, view: View): End | null {
  const resize = view.sole(inputs.x, 'resize');
  if (resize?.attributes.mode !== 'half-pixel') return null;
  const { h, w } = resize.attributes;
  return {
    node: { op: 'classify', name, inputs: resize.inputs, attributes: { h, w, ...attributes }, constants: {} },
    drop: [resize],
  };
}

/** Only behind a softmax or sigmoid: the probabilities are interpolated, as published, not the scores. */
function fromZoom(argmax: NodeOf<'argmax'>, view: View): End | null {
  const zoom = view.sole(argmax.inputs.x, 'zoom');
  const activated = zoom && activationOf(argmax, zoom.inputs.x, view);
  if (!activated) return null;
  return {
    node: {
      ...zoom,
      name: argmax.name,
      inputs: activated.inputs,
      attributes: { ...zoom.attributes, ...argmax.attributes, classes: true },
    },
    drop: [zoom, activated],
  };
}

function fromDeconv({ name, inputs, attributes }: NodeOf<'argmax'>, view: View): End | null {
  const deconv = view.sole(inputs.x, 'deconv');
  return (
    deconv && { node: { ...deconv, name, attributes: { ...deconv.attributes, ...attributes, classes: true } }, drop: [deconv] }
  );
}
