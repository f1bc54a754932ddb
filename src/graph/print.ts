// A graph as text, one node a line: what `inspect --graph` shows and what the tests of the passes compare.
import { printConstant } from './constant.ts';
import type { Graph, Node } from './graph.ts';
import { infer } from './ops.ts';

/** `c×h×w name = op(role value, …) attributes {constants}`. */
export function printGraph(graph: Graph): string {
  const values = infer(graph);
  const shapes = graph.nodes.map(node => {
    const { c, h, w } = values.get(node.name)!.shape;
    return `${c}×${h}×${w}`;
  });
  const widest = Math.max(...shapes.map(text => text.length));
  return graph.nodes.map((node, n) => `${shapes[n].padEnd(widest)}  ${printNode(node)}`).join('\n');
}

/** A list by commas, a size as height×width. */
function printValue(value: unknown): string {
  if (Array.isArray(value)) return value.join(',');
  return typeof value === 'object' ? Object.values(value!).join('×') : String(value);
}

export function printNode(node: Node): string {
  const inputs = Object.entries(node.inputs).map(([role, value]) =>
    role === 'x' || /^\d+$/.test(role) ? value : `${role} ${value}`,
  );
  const attributes = Object.entries(node.attributes as Record<string, unknown>)
    .filter(([, value]) => value !== 'none' && value !== null && value !== 'half-pixel')
    .map(([key, value]) => ` ${key}=${printValue(value)}`);
  const constants = Object.entries(node.constants).map(([role, constant]) => `${role} ${printConstant(constant)}`);
  return `${node.name} = ${node.op}(${inputs.join(', ')})${attributes.join('')}${constants.length ? ` {${constants.join('; ')}}` : ''}`;
}
