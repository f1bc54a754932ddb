// The check that runs after every pass: a graph that gets past it can be lowered.
import { AtrousError } from '../errors.ts';
import { wholes } from './faults.ts';
import { type Graph, INPUT } from './graph.ts';
import { infer } from './ops.ts';

/** Returns the graph, frozen in depth; throws `BAD_GRAPH` naming the node, when a rule of the op table, a join or an output is broken. */
export function verify(graph: Graph): Graph {
  const values = infer(graph);
  for (const output of graph.outputs) {
    if (output !== INPUT && !values.has(output))
      throw new AtrousError('BAD_GRAPH', `${graph.name}: the output "${output}" is made by no node`);
  }
  wholes.check?.(graph);
  return deepFreeze(graph);
}

function deepFreeze<T>(data: T): T {
  if (typeof data === 'object' && data !== null && !Object.isFrozen(data)) {
    Object.freeze(data);
    for (const part of Object.values(data)) deepFreeze(part);
  }
  return data;
}
