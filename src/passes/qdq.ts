// A network that was quantised before: numbers rounded to a scale and cut to 256 of its steps (QuantizeLinear, DequantizeLinear)  ⇒  the same without that,
// and the codes that the file gives its maps.
import { type Codes, type Graph, isCurve, type Node, type NodeOf, readers } from '../graph/graph.ts';

/** How far bounds may be from whole steps: they are float32 products. */
const NEAR = 1e-3;

export interface Quantised {
  readonly graph: Graph;
  /** By value. */
  readonly codes: ReadonlyMap<string, Codes>;
}

/** The codes that rounding to `scale` and this cut mean; null for another number of steps than codes have. */
function codesOf(scale: number, { attributes: { a, b } }: NodeOf<'activate'>): Codes | null {
  const [low, high] = [a / scale, b / scale];
  const zero = -128 - Math.round(low);
  const whole = Math.abs(low - Math.round(low)) < NEAR && Math.abs(high - low - 255) < NEAR;
  return whole && zero >= -128 && zero <= 127 ? { scale, zero } : null;
}

/** A zero at the lower end cuts like a ReLU, which quantisers leave out before it. */
const cuts = ({ zero }: Codes): boolean => zero === -128;
const same = (a: Codes, b: Codes): boolean => a.scale === b.scale && a.zero === b.zero;

/** Of a value whose operands are not below zero: is it? */
function keepsSign({ op, attributes, inputs }: Node, positive: (value: string) => boolean): boolean {
  if (op === 'activate')
    return attributes.curve === 'relu' || attributes.curve === 'sigmoid' || (attributes.curve === 'clip' && attributes.a >= 0);
  if (op === 'move' && attributes.fill < 0) return false;
  const kept = ['add', 'mul', 'pool', 'maxpool', 'window', 'mean', 'resize', 'concat', 'slice', 'copy', 'move'];
  return kept.includes(op) && Object.values(inputs).every(positive);
}

/**
 * A value takes the codes itself, of several the first; whoever else reads it reads those too, no further off than half a step.
 */
export function fromQdq(graph: Graph): Quantised {
  const read = readers(graph);
  const outputs = new Set(graph.outputs);
  const only = (value: string): Node | null => (read.get(value)?.length === 1 && !outputs.has(value) ? read.get(value)![0] : null);
  const codes = new Map<string, Codes>();
  /** Values that another name stands for now, and rounded ones with their scale. */
  const names = new Map<string, string>();
  const rounded = new Map<string, number>();
  const positive = new Set<string>();
  const nodes: Node[] = [];
  const emit = (node: Node): void => {
    nodes.push(node);
    if (keepsSign(node, value => positive.has(value))) positive.add(node.name);
  };
  for (const given of graph.nodes) {
    const inputs = Object.fromEntries(Object.entries(given.inputs).map(([role, value]) => [role, names.get(value) ?? value]));
    const node = { ...given, inputs } as Node;
    const { name } = node;
    const { x } = inputs;
    const next = only(name);
    if (isCurve(node, 'quantise') && isCurve(next, 'clip') && codesOf(node.attributes.a, next)) {
      rounded.set(name, node.attributes.a);
      names.set(name, x);
      continue;
    }
    const scale = rounded.get(given.inputs.x);
    if (scale !== undefined && node.op === 'activate') {
      const own = codesOf(scale, node)!;
      const before = codes.get(x) ?? own;
      const cut = cuts(own) && !positive.has(x);
      if (!cut && !outputs.has(name) && same(before, own)) {
        names.set(name, x);
        codes.set(x, own);
        if (cuts(own)) positive.add(x);
        continue;
      }
      const activation = { curve: 'clip', a: cuts(own) ? 0 : node.attributes.a, b: node.attributes.b } as const;
      emit({ op: 'activate', name, inputs: { x }, attributes: activation, constants: {} });
      codes.set(name, own);
      continue;
    }
    emit(node);
  }
  return { graph: { ...graph, nodes }, codes };
}
