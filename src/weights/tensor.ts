// A named array of a checkpoint: its bytes as the file holds them, decoded to float32 only where they are used.

import { AtrousError, printable } from '../errors.ts';
import { decoders } from './decoders.ts';
import { array, type Dtype } from './dtype.ts';

export type { Dtype } from './dtype.ts';

/** `bytes` is contiguous, little-endian, row-major, exactly `count(shape) * bytesPer[dtype]` long; it may be a view of the file. */
export interface Tensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
  /** Of I8: what the codes of each index of the first axis are multiplied with. */
  readonly scale?: Float32Array;
}

/** An array as a reader found it. `bytes` may be read, checked and unpacked only when they are asked for, and then throw BAD_WEIGHTS. */
export interface Stored extends Tensor {
  /** The path of the dict that held it, where the format has dicts. */
  readonly dict?: string;
  /** The error of asking for its `bytes`, where that is known without trying; then `dtype` and `shape` say nothing. */
  readonly problem?: () => AtrousError;
}

/** A checkpoint. A Map, because names come from files and may be `__proto__`. */
export type Tensors = ReadonlyMap<string, Tensor>;

export const bytesPer: Record<Dtype, number> = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U8: 1, BOOL: 1 };

export function count(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** `count` for a shape that a file claims: NaN where an entry is no whole number from 0 on, or the product passes 2^53. */
export function countChecked(shape: readonly unknown[]): number {
  let product = 1;
  for (const n of shape) {
    if (!isSize(n)) return Number.NaN;
    product *= n;
    if (!Number.isSafeInteger(product)) return Number.NaN;
  }
  return product;
}

/** A whole number from 0 to 2^53 - 1: what a size, an offset or a stride of a file has to be. */
export function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

export function fromFloat32(shape: readonly number[], values: Float32Array): Tensor {
  return { dtype: 'F32', shape, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

/** A view, never a copy. (`subarray` of a Node Buffer is a Buffer, whose `slice` aliases: this always gives a plain Uint8Array.) */
export function part(bytes: Uint8Array, begin: number, end: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + begin, end - begin);
}

/**
 * The values in row-major order as float32. F32 at a 4-byte boundary is a view of the same memory, anything else a decoded copy:
 * F16 and BF16 exactly, F64 and the whole numbers rounded to the nearest float32 (F64 beyond 3.4e38 becomes infinite).
 */
export function toFloat32(tensor: Tensor): Float32Array {
  const n = count(tensor.shape);
  const { dtype, bytes } = tensor;
  if (dtype === 'F32') return array(Float32Array, bytes, n);
  return dtype === 'F16' ? decodeFloat16(bitsOf(tensor), new Float32Array(n)) : decoders[dtype]!(bytes, n, tensor.scale);
}

/** The same in float64, of which F16 is decoded at once. */
export function toFloat64(tensor: Tensor): Float64Array {
  return tensor.dtype === 'F16'
    ? decodeFloat16(bitsOf(tensor), new Float64Array(count(tensor.shape)))
    : Float64Array.from(toFloat32(tensor));
}

/** Of an F16 tensor: a view of the same memory at a 2-byte boundary, else a copy. */
export function bitsOf({ bytes }: Tensor): Uint16Array {
  return array(Uint16Array, bytes, bytes.length / 2);
}

/**
 * Values [from, to) in row-major order, 0 <= from <= to <= count(shape), as `toFloat32` gives them: only these are decoded, so that
 * a tensor of hundreds of megabytes is walked in slabs and never stands in memory twice.
 */
export function toFloat32Range({ dtype, bytes }: Tensor, from: number, to: number): Float32Array {
  const item = bytesPer[dtype];
  return toFloat32({ dtype, shape: [to - from], bytes: part(bytes, from * item, to * item) });
}

/** By a table: a checkpoint has millions of them, and there are only 65536. */
function decodeFloat16<T extends Float32Array | Float64Array>(bits: Uint16Array, values: T): T {
  halves ??= Float32Array.from({ length: 2 ** 16 }, (_, half) => float16ToNumber(half));
  for (let i = 0; i < bits.length; i++) values[i] = halves[bits[i]];
  return values;
}

let halves: Float32Array | undefined;

/** The value of an IEEE 754 binary16. */
export function float16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

const wide = new Float64Array(1);
const words = new Uint32Array(wide.buffer);

/** The bits of the nearest binary16, ties to even. From 65520 on that is infinity (0x7c00); NaN gives 0x7e00. */
export function numberToFloat16(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  wide[0] = value;
  const sign = (words[1] >>> 16) & 0x8000;
  const exponent = Math.max(((words[1] >>> 20) & 0x7ff) - 1023, -14);
  if (exponent > 15) return sign | 0x7c00;
  // Below 2^-14 the step stays 2^-24. A carry out of the fraction runs into the exponent, as the format wants, up to infinity.
  return sign | (((exponent + 14) << 10) + roundToEven(Math.abs(value) / 2 ** (exponent - 10)));
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** The bytes of an F16 tensor. What overflows becomes infinite, and `writeSafetensors` then refuses the tensor by its name. */
export function encodeFloat16(values: Float32Array): Uint8Array {
  return new Uint8Array(Uint16Array.from(values, numberToFloat16).buffer);
}

/** The error of every weight reader: `file` is what the user called it, `text` the two facts that disagree and the next step. */
export function badWeights(file: string, text: string, cause?: unknown): AtrousError {
  return new AtrousError('BAD_WEIGHTS', `${file}: ${text}`, cause === undefined ? undefined : { cause });
}

/** `badWeights` where the file contradicts itself. */
export function damaged(file: string, text: string): AtrousError {
  return badWeights(file, `${text}: it is cut off or damaged, fetch it again`);
}

/** A name from a file, fit for one line of a terminal: quoted, invisible characters escaped, cut at 80 characters. */
export function quote(text: string): string {
  const cut = printable(JSON.stringify(text.length > 80 ? text.slice(0, 80) + '…' : text));
  return cut.length > 160 ? `${cut.slice(0, 160)}…"` : cut; // escapes are longer than what they stand for
}

/** A value from a file in a few words. It never walks into one: its nesting may be deep, shared or circular. */
export function show(value: unknown): string {
  if (!Array.isArray(value)) return showOne(value);
  return `[${value.slice(0, 8).map(showOne).join(', ')}${value.length > 8 ? ', …' : ''}]`;
}

function showOne(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return value === undefined ? 'nothing' : String(value);
}

/** At most `most` items, then how many more. */
export function some(items: readonly string[], most = 3): string {
  return items.slice(0, most).join(', ') + (items.length > most ? ` and ${items.length - most} more` : '');
}
