// The part of a network that somebody wants: other outputs, and no node that none of them needs.
import { AtrousError } from '../errors.ts';
import { type Graph, resolve, writes } from './graph.ts';
import { verify } from './verify.ts';

/** `names` may be values or aliases. Throws `BAD_USAGE` for a name that the network does not have, with names that begin alike. */
export function select(graph: Graph, names: readonly string[]): Graph {
  const made = new Set(graph.nodes.flatMap(writes));
  const outputs = names.map(name => {
    const value = resolve(graph, name);
    if (!made.has(value)) throw new AtrousError('BAD_USAGE', unknownValue(graph, name, made));
    return value;
  });
  const needed = new Set(outputs);
  for (const node of [...graph.nodes].reverse()) {
    if (writes(node).some(value => needed.has(value))) for (const value of Object.values(node.inputs)) needed.add(value);
  }
  const nodes = graph.nodes.filter(node => writes(node).some(value => needed.has(value)));
  return verify({ ...graph, nodes, outputs: [...new Set(outputs)] });
}

function unknownValue(graph: Graph, name: string, made: ReadonlySet<string>): string {
  const all = [...made, ...graph.aliases.keys()];
  const start = name.split('.').slice(0, -1).join('.');
  const near = all.filter(value => start !== '' && value.startsWith(start)).slice(0, 6);
  const known = ['stem', 'body.stage4', 'decoder', 'logits', 'conv1_1', 'fc7', 'ct_final', 'ctx_final', 'prob'];
  const some = near.length > 0 ? near : known.filter(value => all.includes(value));
  return `${graph.name} has no value "${name}"; there are ${some.join(', ')} … (all: atrous inspect ${graph.name} --graph)`;
}
