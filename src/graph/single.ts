// The end of networks with a single channel of scores.
import type { Builder } from './build.ts';
import { type End, THRESHOLD } from './decision.ts';
import { isProbability, writeProbabilities } from './probability.ts';

export const single = {
  writeClasses: (b: Builder, scores: string, end: End): string =>
    b.argmax('classes', isProbability(b, scores, end) ? scores : writeProbabilities(b, scores, end), end.threshold ?? THRESHOLD),
};
