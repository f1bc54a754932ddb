// resize → 1×1 conv  ⇒  1×1 conv → resize; of a concat with resized parts each part has its own convolution, and what they make is summed.
import type { Constant } from '../graph/constant.ts';
import { shapeOf } from '../graph/constant.ts';
import { isPointwise, type Node, type NodeOf, type Shape } from '../graph/graph.ts';
import { infer } from '../graph/ops.ts';
import { type Pass, rewrite, type View } from './pass.ts';

/** Channels of a part from which on the products that are spared outweigh a step more. */
const LEAST = 16;
/** So many times a part's channels may be made of it: each of them is resized. */
const MOST = 4;

interface Part {
  readonly value: string;
  readonly range: readonly [number, number];
  /** What resizes it, where that may come behind. */
  readonly resize: NodeOf<'resize'> | null;
}

/** The parts of what a convolution reads, where it is of the plain kind. */
function partsOf(
  conv: NodeOf<'conv'>,
  view: View,
  shapes: ReadonlyMap<string, Shape>,
): { parts: Part[]; joined: Node | null } | null {
  if (!isPointwise(conv) || Object.keys(conv.inputs).length > 1 || Object.keys(conv.attributes.fused).length > 0) return null;
  const [out] = shapeOf(conv.constants.weight);
  const joined = view.sole(conv.inputs.x, 'concat');
  let at = 0;
  const parts = (joined ? Object.values(joined.inputs) : [conv.inputs.x]).map((value): Part => {
    const { c, h, w } = shapes.get(value)!;
    const resize = view.sole(value, 'resize');
    const from = resize && shapes.get(resize.inputs.x)!;
    const pays = from && 2 * from.h * from.w <= h * w && c >= LEAST && out <= MOST * c;
    at += c;
    return { value, range: [at - c, at], resize: pays ? resize : null };
  });
  return { parts, joined };
}

export const resizeBehind: Pass = {
  name: 'resize-behind',
  why: 'both are linear and a resize keeps what is the same everywhere: products of the small map are a quarter or less of those of the large one',
  apply(graph) {
    const shapes = new Map([...infer(graph)].map(([name, { shape }]) => [name, shape]));
    return rewrite(graph, 'conv', (conv, view) => {
      const found = partsOf(conv, view, shapes);
      const moved = found?.parts.filter(({ resize }) => resize) ?? [];
      if (!found || moved.length === 0) return null;
      const { parts, joined } = found;
      const rest = parts.filter(({ resize }) => !resize);
      const { weight, bias, ...others } = conv.constants;
      const of = (some: readonly Part[], name: string, x: string, last: boolean): NodeOf<'conv'> => {
        const picked: Constant =
          parts.length === 1 ? weight : { kind: 'inputs', of: weight, ranges: some.map(({ range }) => range) };
        return { ...conv, name, inputs: { x }, constants: { ...others, weight: picked, ...(last && bias && { bias }) } };
      };
      const nodes: Node[] = [];
      const add = (node: Node): string => {
        nodes.push(node);
        return node.name;
      };
      const name = (suffix: string | number): string => `${conv.name}.${suffix}`;
      const small = moved.map((part, n) => add(of([part], name(n), part.resize!.inputs.x, rest.length === 0 && n === 0)));
      const resized = (n: number, called: string): string => {
        const { attributes } = moved[n].resize!;
        return add({ op: 'resize', name: called, inputs: { x: small[n] }, attributes, constants: {} });
      };
      const sum = (x: string, other: string, called: string): string =>
        add({ op: 'add', name: called, inputs: { x, other }, attributes: { fused: {} }, constants: {} });
      let whole: string;
      let next = 0;
      if (rest.length > 0) {
        const inputs = Object.fromEntries(rest.map(({ value }, n) => [String(n), value]));
        const x =
          rest.length === 1
            ? rest[0].value
            : add({ op: 'concat', name: name('rest.operand'), inputs, attributes: {}, constants: {} });
        const large = of(rest, name('rest'), x, true);
        // One of several is resized as the convolution stores; the last is added with what follows.
        const stored = moved.length > 1 && moved[0].resize!.attributes.mode === 'half-pixel';
        if (stored) next = 1;
        whole = add(stored ? { ...large, inputs: { ...large.inputs, addend: small[0] } } : large);
      } else {
        whole = resized(0, moved.length === 1 ? conv.name : name('0.resized'));
        next = 1;
      }
      for (; next < moved.length; next++)
        whole = sum(whole, resized(next, name(`${next}.resized`)), next === moved.length - 1 ? conv.name : name(`${next}.sum`));
      return { node: nodes, drop: [...(joined ? [joined] : []), ...moved.map(({ resize }) => resize!)] };
    });
  },
};
