// A threshold is a number in the parameters of the step that makes classes: another one needs no other pipeline, buffer or plan, and changes no hash.
import type { Decision } from '../graph/decision.ts';
import type { Graph } from '../graph/graph.ts';
import { deciding } from '../kernels/classify.ts';
import type { Params } from '../shader/pack.ts';
import type { Plan } from './plan.ts';

/** Index and parameters of the steps that decide by a threshold, for this one. None where the largest channel wins. */
export function decidedAt({ steps }: Plan, { nodes }: Graph, threshold: number): [index: number, params: Params][] {
  const decisions = new Map(nodes.map(({ name, attributes }) => [name, attributes as Partial<Decision>]));
  return [...steps.entries()].flatMap(([index, { node, params }]): [number, Params][] => {
    const { threshold: own = null, activation = 'none' } = decisions.get(node) ?? {};
    return own === null ? [] : [[index, { ...params, ...deciding({ threshold, activation }) }]];
  });
}
