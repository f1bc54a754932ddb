// A RegSeg that has a name, with what is known of its checkpoints.
import type { End } from '../graph/end.ts';
import { classifiedBy } from './channels.ts';
import { decoders } from './decoders.ts';
import type { Network } from './network.ts';
import { regsegNetwork } from './regseg-network.ts';

/** Cityscapes', which the paper counts with. */
const PUBLISHED_CLASSES = 19;

/** Short names of networks. */
export const aliases: ReadonlyMap<string, string> = new Map([
  ['regseg', 'exp48_decoder26'],
  ['regseg-large', 'exp53_decoder29'],
]);

export function knownRegseg(name: string, body: string, decoder: string, end: End = { channels: PUBLISHED_CLASSES }): Network {
  const network = regsegNetwork(name, body, decoder, end);
  const classified = classifiedBy(decoders.get(decoder)!.classifier, network.canonical);
  return {
    ...network,
    ...classified,
    publishedClasses: PUBLISHED_CLASSES,
    fit: (tensors, given) => ({
      network: knownRegseg(name, body, decoder, { ...end, channels: classified.channels(tensors), ...given }),
      tensors,
    }),
    scores: 'logits',
  };
}
