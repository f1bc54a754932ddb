// (softmax →) resize, zoom or deconv (→ softmax) → argmax  ⇒  one step: the class of every pixel from the small map.
import type { Node, NodeOf } from '../graph/graph.ts';
import { type Pass, rewrite, type View } from './pass.ts';

export const classifyEnd: Pass = {
  name: 'classify-end',
  why: 'scores at picture size are the largest map of the network (152 MiB for Cityscapes) and nobody reads them but the argmax',
  apply: graph =>
    rewrite(graph, 'argmax', (argmax, view) => {
      // A softmax keeps the order of its channels, so right before an argmax it changes nothing.
      const softmax = view.sole(argmax.inputs.x, 'softmax');
      const scores = softmax ? softmax.inputs.x : argmax.inputs.x;
      const drop = softmax ? [softmax] : [];
      const end = fromResize(argmax, scores, view) ?? fromZoom(argmax, scores, view) ?? fromDeconv(argmax, scores, view);
      if (end) return { node: end.node, drop: [...drop, ...end.drop] };
      return softmax ? { node: { ...argmax, inputs: { x: scores } }, drop } : null;
    }),
};

interface End {
  readonly node: Node;
  readonly drop: readonly Node[];
}

function fromResize({ name }: NodeOf<'argmax'>, scores: string, view: View): End | null {
  const resize = view.sole(scores, 'resize');
  if (resize?.attributes.mode !== 'half-pixel') return null;
  const { h, w } = resize.attributes;
  return { node: { op: 'classify', name, inputs: resize.inputs, attributes: { h, w }, constants: {} }, drop: [resize] };
}

/** Only behind a softmax: the probabilities are interpolated, as published, not the scores. */
function fromZoom({ name }: NodeOf<'argmax'>, scores: string, view: View): End | null {
  const zoom = view.sole(scores, 'zoom');
  const softmax = zoom && view.sole(zoom.inputs.x, 'softmax');
  if (!softmax) return null;
  return {
    node: { ...zoom, name, inputs: softmax.inputs, attributes: { ...zoom.attributes, classes: true } },
    drop: [zoom, softmax],
  };
}

function fromDeconv({ name }: NodeOf<'argmax'>, scores: string, view: View): End | null {
  const deconv = view.sole(scores, 'deconv');
  return deconv && { node: { ...deconv, name, attributes: { ...deconv.attributes, classes: true } }, drop: [deconv] };
}
