// The threshold of a program that is made already.
import type { Program } from './gpu/executor.ts';
import { update } from './gpu/parameters.ts';
import type { Graph } from './graph/graph.ts';
import { decidedAt } from './plan/threshold.ts';

/** Sets the threshold of a program for what is submitted next; without one it is the graph's. */
export function decider(program: Program, graph: Graph): (threshold?: number) => void {
  const own = graph.nodes.flatMap(({ attributes }) =>
    'threshold' in attributes && attributes.threshold !== null ? attributes.threshold : [],
  );
  let [present] = own;
  return (threshold = own[0]) => {
    if (threshold === present) return;
    for (const [step, params] of decidedAt(program.plan, graph, threshold)) update(program, step, params);
    present = threshold;
  };
}
