// The check that runs after every pass: a graph that gets past it can be lowered.
import { AtrousError } from '../errors.ts';
import { type Graph, INPUT } from './graph.ts';
import { infer } from './ops.ts';

/** Returns the graph, frozen in depth; throws `BAD_GRAPH` naming the node, when a rule of the op table, a join or an output is broken. */
export function verify(graph: Graph): Graph {
  const values = infer(graph);
  for (const output of graph.outputs) {
    if (output !== INPUT && !values.has(output))
      throw new AtrousError('BAD_GRAPH', `${graph.name}: the output "${output}" is made by no node`);
  }
  checkJoins(graph);
  return deepFreeze(graph);
}

/** A part of a join has its pixels as far apart as the whole has, from a quad on that no kernel which reads it knows. */
function checkJoins({ name, nodes }: Graph): void {
  const joins = new Map(
    nodes.flatMap(node => (node.op === 'join' ? Object.values(node.inputs).map(part => [part, node.name]) : [])),
  );
  for (const node of nodes) {
    const part = Object.values(node.inputs).find(value => joins.has(value) && joins.get(value) !== node.name);
    if (part === undefined) continue;
    throw new AtrousError(
      'BAD_GRAPH',
      `${name}: ${node.op} "${node.name}" reads "${part}", which lies within the join "${joins.get(part)}": read that, or join a copy`,
    );
  }
}

function deepFreeze<T>(data: T): T {
  if (typeof data === 'object' && data !== null && !Object.isFrozen(data)) {
    Object.freeze(data);
    for (const part of Object.values(data)) deepFreeze(part);
  }
  return data;
}
