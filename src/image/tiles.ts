// How a picture is cut into tiles for a network that reads only so much at once.
import { AtrousError } from '../errors.ts';
import type { Tile } from '../weights/card.ts';
import { printSize, type Size } from './size.ts';

/** Tiles of the published size; the whole picture as one tile; or tiles of a size in pixels, margins included. */
export type Tiling = 'published' | 'none' | { readonly height: number; readonly width: number };

/** Pixels of a cell, the network's own grain. */
const CELL = 8;

export interface Tiles {
  /** What the network reads, in pixels, margins included. */
  readonly size: Size;
  /** Pixels from one tile to the next: what a tile has results for. */
  readonly step: Size;
  readonly margin: number;
  readonly rows: number;
  readonly columns: number;
}

/**
 * Tiles that cover a picture. Throws `BAD_USAGE` for a size that leaves no whole cells between its margins: results of neighbours would not meet. (KITTI's
 * published tile does so too, and is used as published: its pictures are one tile wide.)
 */
export function tilesOf(picture: Size, { height, width, margin }: Tile, tiling: Tiling): Tiles {
  const size = sizeOf(picture, { h: height, w: width }, margin, tiling);
  const step = { h: size.h - 2 * margin, w: size.w - 2 * margin };
  return { size, step, margin, rows: Math.ceil(picture.h / step.h), columns: Math.ceil(picture.w / step.w) };
}

function sizeOf(picture: Size, published: Size, margin: number, tiling: Tiling): Size {
  if (tiling === 'published') return published;
  const whole = (pixels: number): number => Math.ceil(Math.max(1, pixels) / CELL) * CELL + 2 * margin;
  if (tiling === 'none') return { h: whole(picture.h), w: whole(picture.w) };
  if (![tiling?.height, tiling?.width].every(Number.isFinite))
    throw new AtrousError('BAD_USAGE', "tile: say 'published', 'none' or { height, width }, margins included, in pixels");
  const size = { h: tiling.height, w: tiling.width };
  for (const pixels of [size.h, size.w]) {
    const inner = pixels - 2 * margin;
    if (inner >= CELL && inner % CELL === 0) continue;
    throw new AtrousError(
      'BAD_USAGE',
      `tile ${printSize(size)}: ${pixels} pixels less two margins of ${margin} leave ${inner}, which must be a multiple of ${CELL}; ${whole(inner)} would do`,
    );
  }
  return size;
}
