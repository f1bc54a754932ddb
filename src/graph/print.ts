// A graph as text, one node a line: what `inspect --graph` shows and what the tests of the passes compare.
import { printConstant } from './constant.ts';
import type { Activation, Fused, Geometry, Graph, Node } from './graph.ts';
import { infer } from './ops.ts';

/** `c×h×w name = op(role value, …) attributes {constants}`; `f32` where a map is kept so among others. */
export function printGraph(graph: Graph): string {
  const values = infer(graph);
  const shapes = graph.nodes.map(node => {
    const { c, h, w } = values.get(node.name)!.shape;
    return `${c}×${h}×${w}${graph.wide?.has(node.name) ? ' f32' : ''}`;
  });
  const widest = Math.max(...shapes.map(text => text.length));
  return graph.nodes.map((node, n) => `${shapes[n].padEnd(widest)}  ${printNode(node)}`).join('\n');
}

/** A list by commas, a size as height×width, an axis alone where rows and columns are alike, a curve with its numbers. */
function printValue(value: unknown): string {
  if (Array.isArray(value)) {
    const alike = value.length % 2 === 0 && value.every(each => each === value[0]);
    return alike ? String(value[0]) : value.map(printValue).join(value.length === 2 && !Array.isArray(value[0]) ? '×' : ',');
  }
  if (typeof value !== 'object') return String(value);
  const { curve, a, b } = value as Partial<Activation>;
  if (curve) return a || b ? `${curve}(${a},${b})` : curve;
  return Object.values(value!).join('×');
}

/** The two parts of a convolution are printed as one. */
function flat(attributes: object): [string, unknown][] {
  const { geometry, fused, ...rest } = attributes as { readonly geometry?: Geometry; readonly fused?: Fused };
  return Object.entries({ ...rest, ...geometry, ...fused });
}

/** An activation goes by its curve. */
export function wordOf(node: Node): string {
  return node.op === 'activate' ? printValue(node.attributes) : node.op;
}

export function printNode(node: Node): string {
  const inputs = Object.entries(node.inputs).map(([role, value]) =>
    role === 'x' || /^\d+$/.test(role) ? value : `${role} ${value}`,
  );
  const attributes = node.op === 'activate' ? [] : flat(node.attributes);
  const printed = attributes
    .filter(([, value]) => value !== 'none' && value !== null && value !== undefined && value !== 'half-pixel')
    .map(([key, value]) => ` ${key}=${printValue(value)}`);
  const constants = Object.entries(node.constants).map(([role, constant]) => `${role} ${printConstant(constant)}`);
  return `${node.name} = ${wordOf(node)}(${inputs.join(', ')})${printed.join('')}${constants.length ? ` {${constants.join('; ')}}` : ''}`;
}
