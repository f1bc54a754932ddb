// 1×1 conv (with its activation) + resize  ⇒  a convolution that adds the resized map as it stores.
import { isPointwise } from '../graph/graph.ts';
import { type Pass, rewrite } from './pass.ts';

export const upsampleAdd: Pass = {
  name: 'upsample-add',
  why: 'the coarse head is small: four loads a result cost less than the upsampled map written and read',
  apply: graph =>
    rewrite(graph, 'add', (add, view) => {
      const conv = view.sole(add.inputs.x, 'conv');
      const resize = view.sole(add.inputs.other, 'resize');
      if (
        !conv ||
        resize?.attributes.mode !== 'half-pixel' ||
        !isPointwise(conv) ||
        conv.inputs.addend ||
        add.attributes.fused.activation
      )
        return null;
      return { node: { ...conv, name: add.name, inputs: { ...conv.inputs, addend: resize.inputs.x } }, drop: [conv, resize] };
    }),
};
