// conv → relu, add → relu  ⇒  the same with the ReLU in the epilogue.
import { type Pass, rewrite } from './pass.ts';

export const fuseRelu: Pass = {
  name: 'fuse-relu',
  why: 'a ReLU costs nothing on a number that is still in a register',
  apply: graph =>
    rewrite(graph, 'relu', (relu, view) => {
      const node = view.sole(relu.inputs.x, 'conv') ?? view.sole(relu.inputs.x, 'add');
      if (node?.attributes.activation !== 'none') return null;
      const attributes = { ...node.attributes, activation: 'relu' as const };
      return { node: { ...node, name: relu.name, attributes } as typeof node, drop: [node] };
    }),
};
