// What rules of the op table are, and what they are written with.
import { AtrousError } from '../errors.ts';
import type { Decision } from './decision.ts';
import type { NodeOf, Op, Shape, Value } from './graph.ts';

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

export function classMap({ threshold, activation }: Decision, { c }: Shape, { h, w }: Pick<Shape, 'h' | 'w'>): Value {
  const fits = threshold === null ? activation === 'none' : c === 1 && threshold > 0 && threshold < 1;
  must(fits, () => `threshold ${threshold} and activation ${activation} for ${c} channels: a threshold within 0 and 1 is for one`);
  return { shape: { c: 1, h, w }, kind: 'class' };
}
