// A RegSeg network by its body and decoder.
import type { End } from '../graph/end.ts';
import { decoders } from './decoders.ts';
import { classifiedBy, endOptions, type Network } from './network.ts';
import { regseg } from './regseg.ts';

/** Cityscapes', which the paper counts with. */
export const PUBLISHED_CLASSES = 19;

export function regsegNetwork(name: string, body: string, decoder: string, end: End): Network {
  const canonical = `${body}_${decoder}`;
  const classified = classifiedBy(decoders.get(decoder)!.classifier, canonical);
  return {
    name,
    canonical,
    build: options => regseg(body, decoder, { ...endOptions(end), ...options }),
    end,
    ...classified,
    publishedClasses: PUBLISHED_CLASSES,
    fit: (tensors, given) => ({
      network: regsegNetwork(name, body, decoder, { ...end, channels: classified.channels(tensors), ...given }),
      tensors,
    }),
    scores: 'logits',
    tile: null,
    grid: null,
  };
}
