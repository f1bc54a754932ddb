// the first steps of a network whose maps are blocks  ⇒  the same in float32; what reads their last maps reads them narrowed.
import { codecOf, type Graph, INPUT, type Node, type NodeOf, readers, VIEWS, writes } from '../graph/graph.ts';
import { byteLength } from '../graph/layout.ts';
import { infer } from '../graph/ops.ts';
import type { Pass } from './pass.ts';

/** From the picture on. The last one's map is rounded right behind it: what is gained is those before it. */
const STEPS = 4;

export const wideFirst: Pass = {
  name: 'wide-first',
  why: 'what a map is rounded by goes through all steps behind it, and the first have few channels for it to even out in: PSPNet is 7e-3 off, not 2.3e-2',
  apply(graph, target) {
    if (codecOf(graph, target?.precision ?? 'f32') !== 'block') return graph;
    const values = infer(graph);
    const read = readers(graph);
    const isMap = (value: string): boolean => values.get(value)!.kind === 'map';
    const given = [INPUT, ...(graph.others?.keys() ?? [])];
    const depths = new Map(given.map(name => [name, 0]));
    for (const node of graph.nodes) {
      const depth = Math.max(...Object.values(node.inputs).map(value => depths.get(value)!)) + 1;
      for (const value of writes(node)) depths.set(value, depth);
    }
    const isNear = ({ name }: Node): boolean => depths.get(name)! <= STEPS;
    // So that no buffer is larger than one that is there anyway, which a device can bind.
    const most = Math.max(...[...values.values()].map(({ shape, kind }) => byteLength(shape, kind, 'block')));
    const fits = (value: string): boolean => byteLength(values.get(value)!.shape, 'exact', 'f32') <= most;
    /** What a view reads is a part of another map, or has parts. */
    const isWhole = (value: string): boolean => !read.get(value)?.some(({ op }) => VIEWS.has(op));
    const wide = new Set(given.filter(isWhole));
    let gained = false;
    for (const node of graph.nodes) {
      const maps = Object.values(node.inputs).filter(isMap);
      // What is read again far behind is kept in blocks alone.
      const behind = maps.every(value => wide.has(value) && read.get(value)!.every(isNear));
      if (!behind || !isNear(node) || VIEWS.has(node.op) || !writes(node).every(value => fits(value) && isWhole(value))) continue;
      gained ||= maps.some(value => depths.get(value)! > 0);
      for (const value of writes(node)) wide.add(value);
    }
    return gained ? { ...graph, wide, nodes: withNarrows(graph, wide, isMap) } : graph;
  },
};

function withNarrows(graph: Graph, wide: ReadonlySet<string>, isMap: (value: string) => boolean): Node[] {
  const narrowOf = (value: string): string => `${value}:narrow`;
  const wanted = new Set<string>();
  const nodes = graph.nodes.map(node => {
    if (wide.has(node.name)) return node;
    const inputs = Object.entries(node.inputs).map(([role, value]) => {
      if (!wide.has(value) || !isMap(value)) return [role, value];
      wanted.add(value);
      return [role, narrowOf(value)];
    });
    return { ...node, inputs: Object.fromEntries(inputs) };
  });
  const narrow = (x: string): NodeOf<'narrow'>[] =>
    wanted.has(x) ? [{ op: 'narrow', name: narrowOf(x), inputs: { x }, attributes: {}, constants: {} }] : [];
  const given = [INPUT, ...(graph.others?.keys() ?? [])];
  return [...given.flatMap(narrow), ...nodes.flatMap(node => [node, ...writes(node).flatMap(narrow)])];
}
