// What rules of the op table are, and what they are written with.
import { AtrousError } from '../errors.ts';
import { shapeOf } from './constant.ts';
import type { Geometry, NodeOf, Op, Shape, Value } from './graph.ts';

export interface Rule<K extends Op> {
  /** The node's values, in the order of `writes`. Throws a sentence when inputs and attributes don't fit. */
  infer(node: NodeOf<K>, input: (role: string) => Value): Value[];
  /** Multiply-adds, biases not counted: the convention of both papers. */
  macs?(node: NodeOf<K>, output: Shape): number;
}

export type Rules<K extends Op> = { readonly [P in K]: Rule<P> };

export const map = (shape: Shape): Value => ({ shape, kind: 'map' });
export const halved = ({ c, h, w }: Shape): Shape => ({ c, h: Math.ceil(h / 2), w: Math.ceil(w / 2) });
export const sameAsX = (_node: unknown, input: (role: string) => Value): Value[] => [map(input('x').shape)];
export const show = ({ c, h, w }: Shape): string => `${c}×${h}×${w}`;
const equal = (a: Shape, b: Shape): boolean => a.c === b.c && a.h === b.h && a.w === b.w;

export function must(condition: boolean, sentence: () => string): void {
  if (!condition) throw new AtrousError('BAD_GRAPH', sentence());
}

export function mustMatch(a: Shape, b: Shape, what: string): void {
  must(equal(a, b), () => `${what} is ${show(b)}, the result ${show(a)}: they must be equal`);
}

export function classMap({ h, w }: Pick<Shape, 'h' | 'w'>): Value {
  return { shape: { c: 1, h, w }, kind: 'class' };
}

/** What a branch of a convolution makes of a map, whose channels are already the result's. */
export function convolved({ c, h, w }: Shape, { kernel, strides, dilations, pads }: Geometry, branch: number): Shape {
  const along = (axis: 0 | 1, size: number): number => {
    const room = size + pads[branch][axis] + pads[branch][axis + 2] - dilations[branch][axis] * (kernel[axis] - 1) - 1;
    return Math.floor(room / strides[axis]) + 1;
  };
  return { c, h: along(0, h), w: along(1, w) };
}

/** What a convolution slides over: x, or x resized to what lies beside it, and that. */
export function operandOf({ inputs }: NodeOf<'conv'>, input: (role: string) => Value): Shape {
  const x = input('x').shape;
  if (!inputs.beside) return x;
  const { c, h, w } = input('beside').shape;
  return { c: x.c + c, h, w };
}

/** What its branches make, before what is fused behind them: all the same. */
export function branchesOf(node: NodeOf<'conv'>, input: (role: string) => Value): Shape[] {
  const { geometry } = node.attributes;
  const [c] = shapeOf(node.constants.weight);
  return geometry.dilations.map((_, branch) => convolved({ ...operandOf(node, input), c }, geometry, branch));
}
