// The arithmetic of int8, which kernels and their slow twins share to the bit. Maps are codes q for the numbers (q − zero) · scale; weights are codes
// from -127 to 127 with a scale for every output channel, -128 too where they were quantised before; sums are int32 and exact. A sum becomes a code by
// one float32 multiplication, which every adapter rounds alike, for there is no addition that it could be fused with: round(f32(sum) · factor), ties to
// even. Sums are held to what a float32 holds exactly.
import type { Codes, Geometry } from './graph.ts';

/** The feature of the WGSL language that has `dot4I8Packed`. */
export const PACKED = 'packed_4x8_integer_dot_product';

/** Sums are held within ±: beyond it a float32 skips whole numbers. */
export const MOST_SUM = 2 ** 24 - 1;
/** A channel's unit, in codes of the result, is at least this: then the bound on sums lies beyond every code. */
const LEAST_UNIT = 2 ** -16;
const LARGEST_WEIGHT = 127;
const LOWEST_WEIGHT = -128;
/** Weights are float32 products of their scale: so far they may be from whole steps of it. */
const WHOLE = 1e-4;
/** Parts of a code in which the two operands of a sum are added. */
export const PARTS = 256;

/** The nearest whole number, of two the even one: what `round` is in WGSL. */
export function nearest(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

export const held = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

/** A whole number times a float32, as a whole number. */
export function scaled(sum: number, factor: number): number {
  return held(nearest(Math.fround(held(sum, -MOST_SUM, MOST_SUM) * factor)), -MOST_SUM, MOST_SUM);
}

/** Of a number what its code is away from zero's. */
export function codeOf(value: number, { scale, zero }: Codes): number {
  return held(held(nearest(Math.fround(Math.fround(value) * inverse(scale))), -MOST_SUM, MOST_SUM) + zero, -128, 127);
}

export const inverse = (scale: number): number => Math.fround(1 / scale);
/** Steps of `from` in steps of `to`, as a float32. */
export const ratio = (from: number, to: number): number => Math.fround(from / to);

export interface WeightCodes {
  /** OIHW. */
  readonly codes: Int8Array;
  /** In units of sums: the products' of each output channel. */
  readonly bias: Int32Array;
  /** Of each output channel: sum → code of the result, or → number where the result has no codes. */
  readonly factors: Float32Array;
  /** Of each output channel: code of the residual → unit of sums; empty without one. */
  readonly residual: Float32Array;
}

/**
 * What weights are codes of: those that were quantised before are whole steps of a scale, whose largest is rarely the largest code. Others fill the range.
 */
export function scaleOf(row: Float64Array | Float32Array): number {
  let [low, high] = [0, 0];
  for (const value of row) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const most = Math.max(-low, high);
  const whole = (scale: number): boolean => {
    for (const value of row) if (Math.abs(value / scale - nearest(value / scale)) >= WHOLE) return false;
    return true;
  };
  // Where the lowest code is in use no weight lies as far above zero.
  const reach = low * (LARGEST_WEIGHT + 0.5) < high * LOWEST_WEIGHT ? -LOWEST_WEIGHT : LARGEST_WEIGHT;
  for (let largest = reach; largest > 1; largest--) {
    if (whole(most / largest)) return most / largest;
  }
  return most / LARGEST_WEIGHT;
}

/** A convolution's weights (o × what a channel has) as codes, with all that follows from their scales. */
export function weightCodes(
  weight: Float64Array,
  bias: Float64Array | null,
  out: number,
  { from, to, beside }: { readonly from: Codes; readonly to: Codes | null; readonly beside: Codes | null },
): WeightCodes {
  const each = weight.length / out;
  const codes = new Int8Array(weight.length);
  const [biases, factors] = [new Int32Array(out), new Float32Array(out)];
  const residual = new Float32Array(beside ? out : 0);
  for (let o = 0; o < out; o++) {
    const row = weight.subarray(o * each, (o + 1) * each);
    const least = to ? (to.scale * LEAST_UNIT) / from.scale : 0;
    const scale = Math.max(scaleOf(row), least) || 1;
    row.forEach((value, n) => {
      codes[o * each + n] = nearest(value / scale);
    });
    const unit = from.scale * scale;
    biases[o] = held(nearest((bias?.[o] ?? 0) / unit), -MOST_SUM, MOST_SUM);
    factors[o] = to ? unit / to.scale : unit;
    if (beside) residual[o] = beside.scale / unit;
  }
  return { codes, bias: biases, factors, residual };
}

/** The two places that a place of a resized axis lies between, and the second's share in 256ths: half-pixel centres, clamped. Whole numbers alone. */
export function places(
  index: number,
  from: number,
  to: number,
): { readonly low: number; readonly high: number; readonly share: number } {
  // (index + ½)·from/to − ½ over the denominator 2·to.
  const at = Math.max((2 * index + 1) * from - to, 0);
  const low = Math.min(Math.floor(at / (2 * to)), from - 1);
  const rest = at - low * 2 * to;
  return { low, high: Math.min(low + 1, from - 1), share: Math.floor((rest * PARTS + to) / (2 * to)) };
}

/** Has every channel a kernel of its own? */
export function isDepthwise({ groups, dilations }: Geometry, inputs: number, out: number): boolean {
  return groups > 1 && inputs === 1 && groups === out && dilations.length === 1;
}

/** Do quads of channels hold whole groups' parts: every lane's words of one group alone? */
export function isAligned({ groups }: Geometry, inputs: number, out: number): boolean {
  return groups === 1 || (inputs % 4 === 0 && (out / groups) % 8 === 0);
}
