// Whether what a command is asked for fits the network: before a device is opened for it.
import { checkWish } from '../asked.ts';
import { tilesOf } from '../image/tiles.ts';
import { checkKind } from './given.ts';
import { type Described, type SegmentOptions, tileOf } from './options.ts';

/** Throws `BAD_USAGE` for options of another kind of network, sizes that it does not take, and tiles that are none, whatever the picture. */
export function checkFit(described: Described, options: Pick<SegmentOptions, 'size' | 'tile' | 'threshold' | 'matte'>): void {
  checkKind(described, options);
  const { size, tile, matte = false } = options;
  const cut = tileOf(described);
  if (cut && tile !== undefined) tilesOf({ h: 1, w: 1 }, cut, tile);
  const asked = size && { h: size.height, w: size.width };
  if (asked) described.network.inside?.(asked, asked);
  checkWish(described.network, { scores: false, matte, raw: [] });
}
