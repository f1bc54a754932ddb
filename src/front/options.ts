// What a caller may ask of one call.
import { THRESHOLD } from '../graph/decision.ts';
import type { Tiling } from '../image/tiles.ts';
import type { Runnable } from '../models/network.ts';
import type { Output } from '../pipeline.ts';
import type { Card, Tile } from '../weights/card.ts';

export interface Progress {
  /** `tile`: of a picture that goes through the network in several. */
  readonly phase: 'download' | 'compile' | 'tile';
  readonly done: number;
  /** 0 while unknown. */
  readonly total: number;
}

export interface SegmentOptions {
  /** Where the result has the class map: `classes` (the default) in memory, `texture` on the device, without waiting for it, `both`. */
  readonly output?: Output;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Size inside the network in pixels; default: the picture's own, up to the card's largest area. Not for networks that read tiles. */
  readonly size?: { readonly height: number; readonly width: number };
  /**
   * For networks that read tiles (DilatedNet): `published` (the default) cuts as the authors did; `none` takes the picture as one tile, whose context
   * module sees zeros beyond the picture's border alone and not beyond every tile's, so that results differ near the edges of tiles; a size in
   * pixels, both margins of 186 included, suits a small GPU.
   */
  readonly tile?: Tiling;
  /** The probabilities too. */
  readonly scores?: boolean;
  /** Of a network with a single channel of scores its probability at every pixel of the picture too, a byte each. */
  readonly matte?: boolean;
  /** Names of an ONNX file's values that are wanted as they are too. */
  readonly raw?: readonly string[];
  /** Of a network with a single channel of scores, between 0 and 1: the class is 1 where its probability is above. Default: 0.5. */
  readonly threshold?: number;
}

/** A network and its card: what options are held to. */
export interface Described {
  readonly network: Runnable;
  readonly card: Card | null;
}

/** What a network that reads tiles takes at once: the card may have other sizes than the published ones. */
export function tileOf({ network, card }: Described): Tile | null {
  return network.tile && (card?.preprocessing.tile ?? network.tile);
}

/** The threshold that a call decides by; null where the largest channel wins. */
export function thresholdOf(
  { end }: Pick<Runnable, 'end'>,
  { threshold = THRESHOLD }: Pick<SegmentOptions, 'threshold'>,
): number | null {
  return end.channels === 1 ? threshold : null;
}
