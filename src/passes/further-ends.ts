// Ends of networks that make probabilities first: what `classify-end` makes of a zoom and of a transposed convolution.
import type { NodeOf } from '../graph/graph.ts';
import { activationOf, type End } from './end.ts';
import type { View } from './pass.ts';

/** An object, because builds for browsers leave it to whoever brings such networks (build-late.ts). */
export const furtherEnds: { of?(argmax: NodeOf<'argmax'>, view: View): End | null } = {
  of: (argmax, view) => fromZoom(argmax, view) ?? fromDeconv(argmax, view),
};

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
