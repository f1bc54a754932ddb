// x · ½ · (1 + erf(x / √2)), x · clip(x + 3, 0, 6) / 6, …  ⇒  GELU, hard swish and their like, as one curve.
import { curveOf, operationOf } from '../graph/formulas.ts';
import type { Activation, Node, Shape } from '../graph/graph.ts';
import type { Curve } from '../graph/numbered.ts';
import { infer } from '../graph/ops.ts';
import { type Pass, rewrite, type View } from './pass.ts';

/** More nodes than any exporter writes for one curve. */
const MOST = 12;
/** Where two functions are compared: around the places where curves bend, and far out. */
const PLACES = [-9, -6.5, -3.1, -2.9, -1.7, -1, -0.6, -0.3, -0.05, 0, 0.04, 0.2, 0.7, 1, 1.3, 2.2, 2.9, 3.1, 4.4, 5.9, 6.3, 9];
/** Numbers of a file are float32's. */
const NEAR = 2e-6;

const plain = (curve: Curve): Activation => ({ curve, a: 0, b: 0 });
const known = (['gelu', 'gelu-tanh', 'hard-swish', 'swish', 'mish', 'sigmoid', 'softplus', 'relu'] as const).map(plain);

type Unary = (x: number) => number;

const alone =
  ({ curve, a, b }: Activation): Unary =>
  (x: number) =>
    curveOf[curve](x, a, b);

function named(f: Unary): Activation | null {
  const [middle, slope] = [f(0), (f(0.02) - f(-0.02)) / 0.04];
  const line: Activation = { curve: 'affine', a: f(1) - middle, b: middle };
  const step: Activation = { curve: 'hard-sigmoid', a: slope, b: middle };
  const same = (activation: Activation): boolean => {
    const g = alone(activation);
    return PLACES.every(x => Math.abs(f(x) - g(x)) <= NEAR * Math.max(1, Math.abs(g(x))));
  };
  return [...known, line, step].find(same) ?? null;
}

type Part = Extract<Node, { op: 'activate' | 'combine' }>;

/** Of one number, or of two that are made of one. */
function isPart(node: Node | undefined, shapes: ReadonlyMap<string, Shape>): node is Part {
  if (node?.op === 'activate') return !node.constants.slope;
  if (node?.op !== 'combine' || node.constants.other || node.attributes.fused.activation) return false;
  const [x, other] = [shapes.get(node.inputs.x)!, shapes.get(node.inputs.other)!];
  return x.c === other.c && x.h === other.h && x.w === other.w;
}

function functionOf(root: string, leaf: string, parts: ReadonlyMap<string, Part>): Unary {
  return x => {
    const values = new Map([[leaf, x]]);
    const of = (value: string): number => {
      const done = values.get(value);
      if (done !== undefined) return done;
      const part = parts.get(value)!;
      const a = of(part.inputs.x);
      const made =
        part.op === 'activate'
          ? alone(part.attributes)(a)
          : part.attributes.swapped
            ? operationOf[part.attributes.operation](of(part.inputs.other), a)
            : operationOf[part.attributes.operation](a, of(part.inputs.other));
      values.set(value, made);
      return made;
    };
    return of(root);
  };
}

/** Walks back from a node, the latest first, until what is left is one value and the way from it is a curve that has a name. */
function recomposed(root: Part, view: View, order: ReadonlyMap<string, number>, shapes: ReadonlyMap<string, Shape>) {
  const parts = new Map<string, Part>([[root.name, root]]);
  while (parts.size <= MOST) {
    const leaves = [...new Set([...parts.values()].flatMap(({ inputs }) => Object.values(inputs)))].filter(
      value => !parts.has(value),
    );
    if (leaves.length === 1 && parts.size > 1) {
      const activation = named(functionOf(root.name, leaves[0], parts));
      if (activation) {
        const node: Node = { op: 'activate', name: root.name, inputs: { x: leaves[0] }, attributes: activation, constants: {} };
        return { node, drop: [...parts.values()].filter(part => part !== root) };
      }
    }
    const [latest] = leaves.sort((a, b) => (order.get(b) ?? -1) - (order.get(a) ?? -1));
    const next = view.producer(latest);
    const own = view.readers(latest).every(reader => parts.has(reader.name)) && !view.isOutput(latest);
    if (!own || !isPart(next, shapes)) return null;
    parts.set(latest, next);
  }
  return null;
}

export const recompose: Pass = {
  name: 'recompose',
  why: 'exporters write a curve as five steps, each of which reads and writes the whole map',
  apply(graph) {
    const values = infer(graph);
    const shapes = new Map([...values].map(([name, { shape }]) => [name, shape]));
    let before = graph;
    // A curve may be a part of the next.
    for (;;) {
      const order = new Map(before.nodes.map(({ name }, n) => [name, n]));
      const rule = (node: Part, view: View) => (isPart(node, shapes) ? recomposed(node, view, order, shapes) : null);
      const once = rewrite(before, 'activate', rule);
      const after = rewrite(once, 'combine', rule);
      if (after.nodes.length === before.nodes.length) return before;
      before = after;
    }
  },
};
