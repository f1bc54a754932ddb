// What a pass is, and the few questions that every pass asks of a graph.

import { type Fused, type Graph, isCurve, type Node, type NodeOf, type Op, producers, readers, writes } from '../graph/graph.ts';
import type { BufferLimits } from '../graph/layout.ts';
import type { Curve } from '../graph/numbered.ts';
import type { Precision } from '../shader/source.ts';

/** What a graph is fused for: all that the passes may know of the plan and its adapter. */
export interface Target {
  /** Workgroup barriers are cheap, as they are on GPUs and not on CPU adapters. */
  readonly barriers: boolean;
  /** Products are made by subgroup matrices, whose workgroups are done sooner. */
  readonly matrices?: boolean;
  /** Default: f32. */
  readonly precision?: Precision;
  /** Without, maps and weights stay whole. */
  readonly limits?: BufferLimits;
}

/** A pure step from graph to graph. A fused node takes the name and the place of the last node it replaces. */
export interface Pass {
  readonly name: string;
  readonly why: string;
  /** What the pass pays on; it is left out elsewhere. What it makes runs everywhere, if slowly. */
  readonly needs?: Partial<Pick<Target, 'barriers'>>;
  apply(graph: Graph, target?: Target): Graph;
}

export interface View {
  /** The node that makes a value, when its operation is `op` and the value has exactly one reader and is no output. */
  sole<K extends Op>(value: string, op: K): NodeOf<K> | null;
  /** The same of a curve of every number. */
  soleCurve(value: string, curve: Curve): NodeOf<'activate'> | null;
  /** The one node that reads a value that is no output, when its operation is `op`. */
  next<K extends Op>(value: string, op: K): NodeOf<K> | null;
  producer(value: string): Node | undefined;
  readers(value: string): readonly Node[];
  isOutput(value: string): boolean;
}

export function view(graph: Graph): View {
  const made = producers(graph);
  const read = readers(graph);
  const outputs = new Set(graph.outputs);
  const alone = (value: string): boolean => read.get(value)?.length === 1 && !outputs.has(value);
  const sole: View['sole'] = (value, op) => {
    const node = made.get(value);
    return node?.op === op && alone(value) ? (node as NodeOf<typeof op>) : null;
  };
  return {
    sole,
    soleCurve(value, curve) {
      const node = sole(value, 'activate');
      return isCurve(node, curve) ? node : null;
    },
    next(value, op) {
      const node = alone(value) ? read.get(value)![0] : undefined;
      return node?.op === op ? (node as NodeOf<typeof op>) : null;
    },
    producer: value => made.get(value),
    readers: value => read.get(value) ?? [],
    isOutput: value => outputs.has(value),
  };
}

/** Without the nodes that nothing reads. */
export function pruned(graph: Graph): Graph {
  const names = new Set(graph.outputs);
  const kept = [...graph.nodes].reverse().filter(node => {
    const needs = writes(node).some(name => names.has(name));
    if (needs) for (const value of Object.values(node.inputs)) names.add(value);
    return needs;
  });
  return { ...graph, nodes: kept.reverse() };
}

/** A convolution's attributes with more fused around it. */
export function fusing({ attributes: { geometry, fused } }: NodeOf<'conv'>, more: Fused): NodeOf<'conv'>['attributes'] {
  return { geometry, fused: { ...fused, ...more } };
}

/**
 * Applies a rule at every node, once, in order: it returns what takes the node's place and the nodes that vanish into it,
 * or null. The graph that it sees through `view` is the one before the pass, so two rules never claim one node: a claimed
 * node matches no more.
 */
export function rewrite<K extends Op>(
  graph: Graph,
  op: K,
  rule: (node: NodeOf<K>, view: View) => { node: Node | readonly Node[]; drop: readonly Node[] } | null,
): Graph {
  const before = view(graph);
  const dropped = new Set<Node>();
  const replaced = new Map<Node, readonly Node[]>();
  for (const node of graph.nodes) {
    if (node.op !== op || dropped.has(node)) continue;
    const result = rule(node as NodeOf<K>, before);
    if (!result || result.drop.some(other => dropped.has(other) || replaced.has(other))) continue;
    for (const other of result.drop) dropped.add(other);
    replaced.set(node, [result.node].flat() as readonly Node[]);
  }
  const nodes = graph.nodes.filter(node => !dropped.has(node)).flatMap(node => replaced.get(node) ?? [node]);
  return { ...graph, nodes };
}
