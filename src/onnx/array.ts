// What an import knows of a value before anything runs: sizes, axes, weights. Numbers are float64 whatever their type; weights of the file stay
// tensors until somebody asks for their numbers.
import { bytesPer, count, type Tensor, toFloat32 } from '../weights/tensor.ts';
import { refuse } from './refusal.ts';

/** `float` counts as float32, `int` as int64 (their sums and quotients are whole), `bool` as 0 or 1. */
export type Element = 'float' | 'int' | 'bool';

export interface Known {
  readonly kind: 'known';
  readonly element: Element;
  readonly dims: readonly number[];
  /** The numbers in row-major order. */
  values(): ArrayLike<number>;
  /** The same as bytes of the file, where they lie there as they are, and what the file calls them. */
  readonly stored: { readonly name: string; readonly tensor: Tensor } | null;
}

export function known(element: Element, dims: readonly number[], data: ArrayLike<number>): Known {
  return { kind: 'known', element, dims, values: () => data, stored: null };
}

export function fromTensor(name: string, tensor: Tensor): Known {
  const { dtype, shape } = tensor;
  const element = dtype === 'BOOL' ? 'bool' : /^[IU]/.test(dtype) ? 'int' : 'float';
  let numbers: ArrayLike<number> | undefined;
  const values = (): ArrayLike<number> =>
    (numbers ??= dtype === 'I64' || dtype === 'I32' || dtype === 'F64' ? exact(tensor) : toFloat32(tensor));
  return { kind: 'known', element, dims: shape, values, stored: { name, tensor } };
}

/** What float32 would round. int64 stays exact up to 2^53. */
function exact({ dtype, shape, bytes }: Tensor): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const step = bytesPer[dtype];
  const at = (n: number): number =>
    dtype === 'I64' ? Number(view.getBigInt64(n, true)) : dtype === 'I32' ? view.getInt32(n, true) : view.getFloat64(n, true);
  return Float64Array.from({ length: count(shape) }, (_, n) => at(n * step));
}

/** The same numbers in another shape. */
export function reshaped(from: Known, dims: readonly number[]): Known {
  const { stored } = from;
  return { ...from, dims, stored: stored && { name: stored.name, tensor: { ...stored.tensor, shape: dims } } };
}

/** Whole numbers such as sizes, axes and pads. */
export function whole({ element, dims, values }: Known, what: string): number[] {
  if (element === 'float' && count(dims) > 0) refuse(`${what} are floats, they must be whole numbers`);
  if (count(dims) > 4096) refuse(`${count(dims)} ${what}`);
  return Array.from(values());
}

export function strides(dims: readonly number[]): number[] {
  const steps: number[] = [];
  let step = 1;
  for (const size of [...dims].reverse()) {
    steps.unshift(step);
    step *= size;
  }
  return steps;
}

/** The shape that two broadcast to, right-aligned. */
export function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const [p, q] = [a[axis - rank + a.length] ?? 1, b[axis - rank + b.length] ?? 1];
    if (p !== q && p !== 1 && q !== 1) refuse(`shapes ${printDims(a)} and ${printDims(b)} don't broadcast`);
    return p === 1 ? q : p;
  });
}

export function printDims(dims: readonly (number | string)[]): string {
  return dims.length ? dims.join('×') : 'one number';
}

/** An axis counted from the end when negative. */
export function axisOf(axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= Math.max(rank, 1)) refuse(`axis ${axis} of a value with ${rank} axes`);
  return axis < 0 ? axis + rank : axis;
}
