// Truth for the convolution whose operand is a concat with a resized map, and whose result goes through a classifier.

import { concat } from './concat.ts';
import { type ConvOptions, conv } from './conv.ts';
import type { Field } from './field.ts';
import { pointwise } from './pointwise.ts';
import { upsample } from './upsample.ts';

export interface TailOptions extends ConvOptions {
  /** Follows x, resized to its size, along the channels. */
  readonly beside: Field | null;
  /** A 1×1 convolution of the result: O×I and O. */
  readonly project: { readonly weight: Float64Array; readonly bias: Float64Array | null; readonly out: number } | null;
}

export function tail(x: Field, options: TailOptions): Field {
  const { beside, project } = options;
  const y = conv(beside ? concat([upsample(x, beside), beside]) : x, options);
  if (!project) return y;
  const alone = { gate: null, shortcut: null, residual: null, addend: null } as const;
  return pointwise(y, { ...project, ...alone });
}
