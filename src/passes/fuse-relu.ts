// conv → relu, add → relu, slide → relu  ⇒  the same with the ReLU in the epilogue.
import { type Pass, rewrite } from './pass.ts';

export const fuseRelu: Pass = {
  name: 'fuse-relu',
  why: 'a ReLU costs nothing on a number that is still in a register',
  apply: graph =>
    rewrite(graph, 'relu', (relu, view) => {
      const { x } = relu.inputs;
      const node = view.sole(x, 'conv') ?? view.sole(x, 'add') ?? view.sole(x, 'slide');
      if (node?.attributes.activation !== 'none') return null;
      const attributes = { ...node.attributes, activation: 'relu' as const };
      return { node: { ...node, name: relu.name, attributes } as typeof node, drop: [node] };
    }),
};
