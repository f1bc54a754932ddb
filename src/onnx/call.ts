// One node as an operator's function sees it, and its attributes with their defaults.
import type { OnnxNode } from './model.ts';
import { refuse } from './refusal.ts';

export interface Call {
  readonly node: OnnxNode;
  readonly opset: number;
  /** Counts the elements of a folded value against what an import may hold; refuses a file that asks for more. */
  spend(dims: readonly number[]): void;
}

export function intOf({ attributes }: OnnxNode, name: string, absent: number): number {
  const each = attributes.get(name);
  if (!each) return absent;
  return each.kind === 'int' ? each.value : refuse(`the attribute ${name} is no whole number`);
}

export function floatOf({ attributes }: OnnxNode, name: string, absent: number): number {
  const each = attributes.get(name);
  if (!each) return absent;
  return each.kind === 'float' || each.kind === 'int' ? each.value : refuse(`the attribute ${name} is no number`);
}

export function textOf({ attributes }: OnnxNode, name: string, absent: string): string {
  const each = attributes.get(name);
  if (!each) return absent;
  return each.kind === 'text' ? each.value : refuse(`the attribute ${name} is no text`);
}

export function intsOf<T>({ attributes }: OnnxNode, name: string, absent: T): number[] | T {
  const each = attributes.get(name);
  if (!each) return absent;
  return each.kind === 'ints' ? [...each.value] : refuse(`the attribute ${name} is no list of whole numbers`);
}

export function floatsOf<T>({ attributes }: OnnxNode, name: string, absent: T): number[] | T {
  const each = attributes.get(name);
  if (!each) return absent;
  return each.kind === 'floats' ? [...each.value] : refuse(`the attribute ${name} is no list of numbers`);
}
