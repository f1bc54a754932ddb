// resize → argmax  ⇒  classify: the class of every pixel from the small logits.
import { type Pass, rewrite } from './pass.ts';

export const classifyEnd: Pass = {
  name: 'classify-end',
  why: 'logits at picture size are the largest map of the network (152 MiB for Cityscapes) and nobody reads them but the argmax',
  apply: graph =>
    rewrite(graph, 'argmax', (argmax, view) => {
      const resize = view.sole(argmax.inputs.x, 'resize');
      if (resize?.attributes.mode !== 'half-pixel') return null;
      return {
        node: {
          op: 'classify',
          name: argmax.name,
          inputs: resize.inputs,
          attributes: { h: resize.attributes.h, w: resize.attributes.w },
          constants: {},
        },
        drop: [resize],
      };
    }),
};
