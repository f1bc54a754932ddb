// What a caller may ask of one call, and the checks of it: every option has its one place here.
import { AtrousError } from '../errors.ts';
import type { Size } from '../image/size.ts';
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

/** An option that does not exist would otherwise vanish without a word. */
export function checkOptions(options: SegmentOptions): void {
  const known = ['signal', 'onProgress', 'size', 'output', 'tile', 'scores'];
  const unknown = Object.keys(options).filter(option => !known.includes(option));
  if (unknown.length > 0)
    throw new AtrousError('BAD_USAGE', `segment() has no option ${unknown.join(', ')}: there are ${known.join(', ')}`);
  if (options.output !== undefined && options.output !== 'classes') {
    throw new AtrousError('BAD_USAGE', `output "${options.output}": this version gives 'classes' only`);
  }
}

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

export function checkFrame({ h, w }: Size): void {
  if (![h, w].every(size => Number.isInteger(size) && size > 0)) {
    throw new AtrousError('BAD_USAGE', `the size is ${h}×${w}: height and width must be whole numbers of pixels, 1 or more`);
  }
}
