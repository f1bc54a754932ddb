// The one layout of feature maps: rows of pixels, channels innermost (HWC), padded to whole quads. Strides and byte counts come from here.

import type { Precision } from '../shader/source.ts';
import type { Kind, Shape } from './graph.ts';

/** Channels that a lane loads or stores at once. */
export const QUAD = 4;

/** Alignment of a class map's rows in bytes: what copies between buffers and textures demand. */
const ROW = 256;

const quadBytes: Record<Precision, number> = { f32: 16, half: 8, f16: 8 };

/** Channel quads that hold numbers. */
export function quads(channels: number): number {
  return Math.ceil(channels / QUAD);
}

/** Channel quads from one pixel to the next: whole 16 bytes in every precision. */
export function pixelStride(channels: number, precision: Precision): number {
  const grain = 16 / quadBytes[precision];
  return Math.ceil(quads(channels) / grain) * grain;
}

/** Bytes of a row of a class map, one byte a pixel. */
export function classRow(width: number): number {
  return Math.ceil(width / ROW) * ROW;
}

/** Bytes that a value takes in its slot. */
export function byteLength({ c, h, w }: Shape, kind: Kind, precision: Precision): number {
  if (kind === 'class') return h * classRow(w);
  if (kind === 'exact') return h * w * quads(c) * quadBytes.f32;
  return h * w * pixelStride(c, precision) * quadBytes[precision];
}

/** Where a value lies. Strides and offsets are in channel quads; a part of a join shares its slot at an offset. */
export interface Placement {
  readonly slot: number;
  readonly c: number;
  readonly h: number;
  readonly w: number;
  readonly stride: number;
  readonly offset: number;
  readonly kind: Kind;
}
