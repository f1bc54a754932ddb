// Hard sigmoid, hard swish, swish, mish and GELU in parts, as exporters of old opsets write them  ⇒  one curve.
import type { Activation, Graph, Node, NodeOf } from '../graph/graph.ts';
import { type Pass, pruned, type View, view } from './pass.ts';

/** What a value is of another: curves of it one after another, times a number. */
interface Chain {
  readonly from: string;
  readonly scale: number;
  readonly curves: readonly Activation[];
}

/** Exporters' numbers are float32's, or have a few digits. */
const near = (a: number, b: number): boolean => Math.abs(a - b) < 1e-4;

const line = (a: number, b: number): Activation => ({ curve: 'affine', a, b });

const isLine = (one: Activation | undefined, a: number, b: number): boolean =>
  one?.curve === 'affine' && near(one.a, a) && near(one.b, b);

/** Curves that are x times a number times some curves of x. */
const wholes: readonly { readonly curve: Activation['curve']; is(chain: Chain): boolean }[] = [
  {
    curve: 'hard-swish',
    is: ({ scale, curves: [one] }) => near(scale, 1) && one.curve === 'hard-sigmoid' && near(one.a, 1 / 6) && near(one.b, 0.5),
  },
  { curve: 'swish', is: ({ scale, curves: [one] }) => near(scale, 1) && one.curve === 'sigmoid' },
  { curve: 'mish', is: ({ scale, curves: [one, two] }) => near(scale, 1) && one.curve === 'softplus' && two?.curve === 'tanh' },
  {
    curve: 'gelu',
    is: ({ scale, curves: [one, two, three] }) =>
      near(scale, 0.5) && isLine(one, Math.SQRT1_2, 0) && two?.curve === 'erf' && isLine(three, 1, 1),
  },
];

export const recomposeCurves: Pass = {
  name: 'recompose-curves',
  why: 'an activation that a file writes as five operations on maps is one on a number that is still in a register',
  apply(graph) {
    const before = view(graph);
    const replaced = new Map<Node, Node>();
    const put = (last: Node, from: string, attributes: Activation): void => {
      replaced.set(last, { op: 'activate', name: last.name, inputs: { x: from }, attributes, constants: {} });
    };
    for (const node of graph.nodes) {
      const factors = factorsOf(node);
      if (node.op === 'activate') {
        const chain = chains(node.name, before).find(isSquash);
        if (chain && !replaced.has(node)) put(node, chain.from, chain.curves[0]);
      } else if (factors) {
        const [own, other] = factors.map(value => chains(value, before));
        const behind = before.next(node.name, 'activate');
        const factor = behind && isLine(behind.attributes, behind.attributes.a, 0) ? behind.attributes.a : null;
        for (const [last, scale] of [...(factor === null ? [] : ([[behind!, factor]] as const)), [node, 1] as const]) {
          const found = product(own, other, scale) ?? product(other, own, scale);
          if (found && !replaced.has(last)) put(last, found.from, { curve: found.curve, a: 0, b: 0 });
          if (found) break;
        }
      }
    }
    return pruned({ ...graph, nodes: graph.nodes.map(node => replaced.get(node) ?? node) } satisfies Graph);
  },
};

/** Two values of one shape that are multiplied. */
function factorsOf(node: Node): readonly [string, string] | null {
  if (node.op === 'mul') return [node.inputs.x, node.inputs.gate];
  const plain = node.op === 'combine' && node.attributes.operation === 'mul' && !node.attributes.fused.activation;
  return plain && node.inputs.other ? [node.inputs.x, node.inputs.other] : null;
}

/** A value as a chain from itself, and from every value before it that curves of a number lead from. */
function chains(value: string, { producer }: View): Chain[] {
  const found: Chain[] = [{ from: value, scale: 1, curves: [] }];
  const curves: Activation[] = [];
  const isCurve = (node: Node | undefined): node is NodeOf<'activate'> => node?.op === 'activate' && !node.constants.slope;
  for (let node = producer(value); isCurve(node); node = producer(node.inputs.x)) {
    curves.unshift(node.attributes);
    found.push({ from: node.inputs.x, ...normal(curves) });
  }
  return found;
}

/** In as few curves as say it: lines one after another are one, a last factor is a number, and a line that is cut at 0 and above is a hard sigmoid. */
function normal(curves: readonly Activation[]): Pick<Chain, 'scale' | 'curves'> {
  const list: Activation[] = [];
  for (const { curve, a, b } of curves) {
    const last = list.at(-1);
    if (curve === 'affine' && last?.curve === 'affine') list[list.length - 1] = line(a * last.a, a * last.b + b);
    else list.push({ curve, a, b });
  }
  let scale = 1;
  const last = list.at(-1);
  if (last?.curve === 'affine' && last.a !== 0 && (last.b === 0 || near(last.b / last.a, 1))) {
    scale = last.a;
    list.pop();
    if (last.b !== 0) list.push(line(1, 1));
  }
  const [before, cut] = list.slice(-2);
  if (cut?.curve === 'clip' && before.curve === 'affine' && cut.a === 0 && cut.b > 0) {
    scale *= cut.b;
    list.splice(-2, 2, { curve: 'hard-sigmoid', a: before.a / cut.b, b: before.b / cut.b });
  }
  return { scale, curves: list };
}

const isSquash = ({ scale, curves: [one, ...more] }: Chain): boolean =>
  one?.curve === 'hard-sigmoid' && more.length === 0 && near(scale, 1);

function product(plain: readonly Chain[], curved: readonly Chain[], scale: number) {
  for (const { from, scale: own } of plain.filter(({ curves }) => curves.length === 0)) {
    for (const chain of curved.filter(each => each.from === from && each.curves.length > 0)) {
      const whole = wholes.find(({ is }) => is({ ...chain, scale: chain.scale * own * scale }));
      if (whole) return { from, curve: whole.curve };
    }
  }
  return null;
}
