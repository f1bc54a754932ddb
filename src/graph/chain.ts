// A convolution and the 1×1 convolution of its result in one step. The passes ask for it, and so does the planner: no graph holds the step that reads the frame.
import { shapeOf } from './constant.ts';
import { type Chained, type Graph, isPointwise, type Node, type NodeOf, producers, readers } from './graph.ts';

type Conv = NodeOf<'conv'>;

/** Channels that a workgroup keeps of a tile of the first convolution, for the 1×1 behind it: pairs of quads for its lanes. */
const MAX_KEPT = 32;

/** The first convolution with the 1×1 behind it. */
export function isChainedStem({ attributes, constants: { weight, project } }: NodeOf<'stem'>): boolean {
  const { kernel, strides, dilations, pads } = attributes.geometry;
  const usual =
    kernel.every(size => size === 3) && strides.every(n => n === 2) && [...dilations[0], ...pads[0]].every(n => n === 1);
  const [out, inputs] = shapeOf(weight);
  const mild = [attributes.fused.activation, attributes.fused.projected].every(each => !each || each.curve === 'relu');
  return !!project && usual && inputs === 3 && out % 8 === 0 && out <= MAX_KEPT && mild;
}

export const chains = {
  /** Where all other readers of the first one's map are shortcuts that read it pooled: those means alone are stored. */
  apply(graph: Graph): Graph {
    const [made, read] = [producers(graph), readers(graph)];
    const replaced = new Map<Node, Node | null>();
    for (const second of graph.nodes) {
      if (second.op !== 'conv' || !isAlone(second) || replaced.has(second)) continue;
      const first = made.get(second.inputs.x);
      if (first?.op !== 'stem' || first.constants.project || replaced.has(first) || graph.outputs.includes(first.name)) continue;
      const others = read.get(first.name)!.filter(node => node !== second);
      const pooled = others.filter((node): node is Conv => readsPooled(node, first.name) && !replaced.has(node));
      if (pooled.length < others.length) continue;
      const halved = `${first.name}.halved`;
      const both = chained(first, second, others.length > 0 ? { halved } : {});
      if (!isChainedStem(both)) continue;
      replaced.set(first, both);
      replaced.set(second, null);
      for (const node of pooled) {
        const inputs = { ...node.inputs, shortcut: halved };
        const { geometry, fused } = node.attributes;
        replaced.set(node, { ...node, inputs, attributes: { geometry, fused: { ...fused, shortcut: 'same' } } });
      }
    }
    const nodes = graph.nodes.flatMap(node => (replaced.has(node) ? (replaced.get(node) ?? []) : node));
    return { ...graph, nodes };
  },

  /** Of both in one. */
  constants(first: Pick<Node, 'constants'>, { constants: { weight: project, bias } }: Pick<Node, 'constants'>): Node['constants'] {
    return { ...first.constants, project, ...(bias ? { projectBias: bias } : {}) };
  },
};

/** A 1×1 convolution of one map that nothing was fused into but a batch norm and an activation. */
function isAlone(node: Conv): boolean {
  const constants = Object.keys(node.constants);
  const plain = Object.keys(node.inputs).length === 1 && constants.every(role => role === 'weight' || role === 'bias');
  return isPointwise(node) && plain && !node.attributes.fused.also;
}

function readsPooled(node: Node, value: string): boolean {
  const roles = Object.keys(node.inputs).filter(role => node.inputs[role] === value);
  return node.op === 'conv' && node.attributes.fused.shortcut === 'pooled' && roles.join() === 'shortcut';
}

function chained(first: NodeOf<'stem'>, second: Conv, halved: Pick<Chained, 'halved'>): NodeOf<'stem'> {
  const { activation } = second.attributes.fused;
  const fused = { ...first.attributes.fused, ...(activation && { projected: activation }), ...halved };
  return { ...first, name: second.name, attributes: { ...first.attributes, fused }, constants: chains.constants(first, second) };
}
