// What a caller may ask of one call, and the checks of it: every option has its one place here.
import { type Checks, callback, either, flag, oneOf, signal, size } from '../check.ts';
import { AtrousError } from '../errors.ts';
import { type Tiling, tilesOf } from '../image/tiles.ts';
import type { Network } from '../models/registry.ts';
import type { Card, Tile } from '../weights/card.ts';

export interface Progress {
  /** `tile`: of a picture that goes through the network in several. */
  readonly phase: 'download' | 'compile' | 'tile';
  readonly done: number;
  /** 0 while unknown. */
  readonly total: number;
}

export interface SegmentOptions {
  /** What the result holds: the class map. */
  readonly output?: 'classes';
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
  /** For the same networks: the probabilities too. */
  readonly scores?: boolean;
}

/** A network and its card: what options are held to. */
export interface Described {
  readonly network: Network;
  readonly card: Card | null;
}

/** What each of them takes. */
export const segmentChecks: Checks<SegmentOptions> = {
  output: oneOf('classes'),
  signal,
  onProgress: callback,
  size,
  tile: either<Tiling>("'published', 'none' or { height, width }, margins included, in pixels", oneOf('published', 'none'), size),
  scores: flag,
};

/** What a network that reads tiles takes at once: the card may have other sizes than the published ones. */
export function tileOf({ network, card }: Described): Tile | null {
  return network.tile && (card?.preprocessing.tile ?? network.tile);
}

/** Throws `BAD_USAGE` for options of the other kind of network, and for tiles that are none, whatever the picture. */
export function checkFit(described: Described, options: Pick<SegmentOptions, 'size' | 'tile' | 'scores'>): void {
  const cut = tileOf(described);
  const wrong = (['size', 'tile', 'scores'] as const).filter(
    option => options[option] !== undefined && options[option] !== false && (option === 'size') === (cut !== null),
  );
  if (wrong.length > 0) {
    const why = cut
      ? 'reads tiles of the picture at its own size: give `tile` instead'
      : 'reads the picture at once; DilatedNet alone reads tiles and gives scores';
    throw new AtrousError('BAD_USAGE', `${wrong.join(' and ')}: ${described.network.name} ${why}`);
  }
  if (cut && options.tile !== undefined) tilesOf({ h: 1, w: 1 }, cut, options.tile);
}
