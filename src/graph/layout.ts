// The one layout of feature maps: rows of pixels, channels innermost (HWC), padded to whole quads. Strides and byte counts come from here.

import type { Codec, WeightStore } from '../shader/source.ts';
import { count } from '../weights/tensor.ts';
import type { Kind, Shape } from './graph.ts';

/** Channels that a lane loads or stores at once. */
export const QUAD = 4;

/** Alignment of a class map's rows in bytes: what copies between buffers and textures demand. */
const ROW = 256;

/** Of a channel quad in a map. */
const quadBytes = (precision: Codec): number => (precision === 'f32' ? 16 : 8);

/** Channel quads that hold numbers. */
export function quads(channels: number): number {
  return Math.ceil(channels / QUAD);
}

/** Channel quads from one pixel to the next: whole 16 bytes in every precision. */
export function pixelStride(channels: number, precision: Codec): number {
  const grain = 16 / quadBytes(precision);
  return Math.ceil(quads(channels) / grain) * grain;
}

/** Bytes of a row of a class map, one byte a pixel. */
export function classRow(width: number): number {
  return Math.ceil(width / ROW) * ROW;
}

/** From here on weights are most of what a step moves, and half plans store them as halves: of all networks DilatedNet's fc6 and fc7 alone. */
const HALF_WEIGHTS = 32 * 2 ** 20;

/** How the weights of a dense convolution of that shape (OIHW) are stored: from so many float32 bytes on as halves, unless the plan is float32. */
export function weightStore(shape: readonly number[], precision: Codec, from = HALF_WEIGHTS): WeightStore {
  return precision !== 'f32' && count(shape) * 4 >= from ? 'half' : 'f32';
}

/** Quads of weights of a dense convolution of that shape, by pairs of output quads: where its biases begin. */
export function weightQuads([out, inputs, kh, kw]: readonly number[]): number {
  return Math.ceil(quads(out) / 2) * kh * kw * quads(inputs) * 8;
}

/** Bytes of those weights and their float32 biases. */
export function weightBytes(shape: readonly number[], store: WeightStore): number {
  return weightQuads(shape) * (store === 'half' ? 8 : 16) + Math.ceil(quads(shape[0]) / 2) * 32;
}

/** Bytes that a value takes in its slot. */
export function byteLength({ c, h, w }: Shape, kind: Kind, precision: Codec): number {
  if (kind === 'class') return h * classRow(w);
  if (kind !== 'map') return h * w * quads(c) * (kind === 'int8' ? 4 : quadBytes('f32'));
  return h * w * pixelStride(c, precision) * quadBytes(precision);
}

/** Bytes of the largest value or weights: a buffer that a shader may see whole. */
export function bindable({ maxBufferSize, maxStorageBufferBindingSize }: BufferLimits): number {
  return Math.min(maxBufferSize, maxStorageBufferBindingSize);
}

/** Largest buffer, and largest part of one that a shader may see, in bytes. */
export interface BufferLimits {
  readonly maxBufferSize: number;
  readonly maxStorageBufferBindingSize: number;
}

/** Offsets of bindings are multiples of this: WebGPU's default minStorageBufferOffsetAlignment and minUniformBufferOffsetAlignment. */
export const BINDING = 256;

/** Where a value lies. Strides and offsets are in channel quads; a part of a join shares its slot at an offset, rows of a map from `start` bytes on. */
export interface Placement {
  readonly slot: number;
  readonly c: number;
  readonly h: number;
  readonly w: number;
  readonly stride: number;
  readonly offset: number;
  readonly start: number;
  readonly kind: Kind;
}
