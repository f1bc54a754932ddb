// Reads pytorch.json, the frozen results of PyTorch; how they were made is in pytorch.py.
import { readFileSync } from 'node:fs';
import type { Shape } from '../../src/graph/graph.ts';
import { type Field, field } from '../../src/reference/field.ts';
import { uniform } from '../../src/weights/seeded.ts';

/** c×h×w, or fewer axes. */
type Dims = readonly number[];

interface Numbers {
  readonly shape: Dims;
  readonly data: readonly number[];
}

/** One node of the op table; a tensor of it is called `<name>.<role>`. */
export interface NodeCase {
  readonly op: 'conv' | 'resize' | 'pool' | 'mean' | 'sigmoid' | 'mul' | 'excite' | 'argmax' | 'classify' | 'batchnorm' | 'warp';
  readonly name: string;
  readonly inputs: Readonly<Record<string, Dims>>;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly constants: Readonly<Record<string, Dims>>;
  readonly y: Numbers;
}

/** A D block of exp48 by its module path. */
export interface BlockCase {
  readonly op: 'block';
  readonly name: string;
  readonly inputs: { readonly x: Dims };
  readonly y: Numbers;
}

export interface TiesCase {
  readonly op: 'ties';
  readonly name: string;
  readonly x: readonly number[];
  readonly y: Numbers;
}

/** The bytes 0 to 255 of an RGBA frame, resized, not normalised. */
export interface AntialiasCase {
  readonly op: 'antialias';
  readonly name: string;
  readonly frame: readonly [number, number];
  readonly size: readonly [number, number];
  readonly y: Numbers;
}

export type GoldenCase = NodeCase | BlockCase | TiesCase | AntialiasCase;

export const pytorch: readonly GoldenCase[] = JSON.parse(readFileSync(new URL('pytorch.json', import.meta.url), 'utf8'));

export function shapeOfDims([c, h = 1, w = 1]: Dims): Shape {
  return { c, h, w };
}

/** The input of that name: uniform in ±1. */
export function input(name: string, dims: Dims): Field {
  const shape = shapeOfDims(dims);
  return field(
    shape,
    Float64Array.from(uniform(name, shape.c * shape.h * shape.w), u => 2 * u - 1),
  );
}

/** Worst |Δ| over the largest |expected|; infinite where the sizes differ or a number is none. */
export function relativeError(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (got.length !== expected.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  let scale = Number.MIN_VALUE;
  for (let n = 0; n < expected.length; n++) {
    const delta = Math.abs(got[n] - expected[n]);
    worst = Math.max(worst, Number.isNaN(delta) ? Number.POSITIVE_INFINITY : delta);
    scale = Math.max(scale, Math.abs(expected[n]));
  }
  return worst / scale;
}
