// 3×3 conv → 1×1 conv to a few channels  ⇒  a convolution that multiplies its result by the classifier's weights before it stores it.
import { isTail } from '../graph/forms.ts';
import { isPointwise, type NodeOf } from '../graph/graph.ts';
import { type Pass, rewrite } from './pass.ts';

export const classifierEpilogue: Pass = {
  name: 'classifier-epilogue',
  why: 'all channels of a pixel are in one workgroup, and its scores are fewer: the map at the finest resolution is never stored',
  needs: { barriers: true },
  apply: graph =>
    rewrite(graph, 'conv', (classifier, view) => {
      const conv = view.sole(classifier.inputs.x, 'conv');
      const { weight: project, bias: projectBias, ...others } = classifier.constants;
      const alone = Object.keys(classifier.inputs).length === 1 && Object.keys(others).length === 0;
      if (!conv || !alone || !isPointwise(classifier) || classifier.attributes.fused.activation || conv.constants.project)
        return null;
      const constants = { ...conv.constants, project, ...(projectBias ? { projectBias } : {}) };
      const node: NodeOf<'conv'> = { ...conv, name: classifier.name, constants };
      return isTail(node) ? { node, drop: [conv] } : null;
    }),
};
