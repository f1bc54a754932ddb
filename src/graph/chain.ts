// A convolution and the 1×1 convolution of its result in one step. The passes ask for it, and so does the planner: no graph holds the step that reads the frame.
import { shapeOf } from './constant.ts';
import { isGated } from './forms.ts';
import { type Chained, type Graph, isPointwise, type Node, type NodeOf, producers, readers } from './graph.ts';

type Conv = NodeOf<'conv'>;

/** Channels that a workgroup keeps of a tile of the first convolution, for the 1×1 behind it: pairs of quads for its lanes. */
const MAX_KEPT = 32;

/** The same of the end of a block, which a lane makes twelve of, and of the channels of its gate. */
const MAX_MADE = 48;
const MAX_GATES = 256;

const mild = ({ activation, projected }: Chained): boolean => [activation, projected].every(each => !each || each.curve === 'relu');

/** The first convolution with the 1×1 behind it. */
export function isChainedStem({ attributes, constants: { weight, project } }: NodeOf<'stem'>): boolean {
  const { kernel, strides, dilations, pads } = attributes.geometry;
  const usual =
    kernel.every(size => size === 3) && strides.every(n => n === 2) && [...dilations[0], ...pads[0]].every(n => n === 1);
  const [out, inputs] = shapeOf(weight);
  return !!project && usual && inputs === 3 && out % 8 === 0 && out <= MAX_KEPT && mild(attributes.fused);
}

/** The end of a block, with the 1×1 convolutions of its map behind it. */
export function isChain({ constants: { project, ...constants }, ...node }: Conv): boolean {
  const { also: _, ...fused } = node.attributes.fused;
  const ended = { ...node, constants, attributes: { ...node.attributes, fused } };
  if (!project || !isGated(ended) || 'residual' in node.inputs || !mild(fused)) return false;
  const [out, inputs] = shapeOf(constants.weight);
  const beside = constants.shortcut ? shapeOf(constants.shortcut)[1] : 0;
  return [out, inputs, beside].every(channels => channels % 8 === 0) && out <= MAX_MADE && inputs <= MAX_GATES;
}

export const chains = {
  /** Where all other readers of the first one's map are shortcuts that read it pooled: those means alone are stored. */
  apply(graph: Graph): Graph {
    const [made, read] = [producers(graph), readers(graph)];
    const replaced = new Map<Node, Node | null>();
    for (const second of graph.nodes) {
      if (second.op !== 'conv' || !isAlone(second) || replaced.has(second)) continue;
      const first = made.get(second.inputs.x);
      if ((first?.op !== 'stem' && first?.op !== 'conv') || replaced.has(first) || graph.outputs.includes(first.name)) continue;
      const others = read.get(first.name)!.filter(node => node !== second);
      const pooled = others.filter((node): node is Conv => readsPooled(node, first.name) && !replaced.has(node));
      const halved = `${first.name}.halved`;
      const both = pooled.length === others.length && chained(first, second, others.length > 0 ? { halved } : {});
      if (!both) continue;
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

/** 1×1 convolutions of one map that nothing was fused into but a batch norm and an activation. */
function isAlone(node: Conv): boolean {
  const constants = Object.keys(node.constants);
  const plain = Object.keys(node.inputs).length === 1 && constants.every(role => role === 'weight' || role === 'bias');
  return isPointwise(node) && plain;
}

function readsPooled(node: Node, value: string): boolean {
  const roles = Object.keys(node.inputs).filter(role => node.inputs[role] === value);
  return node.op === 'conv' && node.attributes.fused.shortcut === 'pooled' && roles.join() === 'shortcut';
}

/** Null where no kernel makes both. */
function chained(first: NodeOf<'stem'> | Conv, second: Conv, halved: Pick<Chained, 'halved'>): Node | null {
  const { activation, also } = second.attributes.fused;
  const more = { ...(activation && { projected: activation }), ...halved };
  const own = { name: second.name, constants: chains.constants(first, second) };
  if (first.op === 'stem') {
    const node = { ...first, ...own, attributes: { ...first.attributes, fused: { ...first.attributes.fused, ...more } } };
    return !first.constants.project && !also && isChainedStem(node) ? node : null;
  }
  const { geometry, fused } = first.attributes;
  const node = { ...first, ...own, attributes: { geometry, fused: { ...fused, ...more, ...(also && { also }) } } };
  return !first.constants.project && !fused.also && isChain(node) ? node : null;
}
