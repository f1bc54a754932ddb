// The end of any network: from scores to classes.
import type { Builder } from './build.ts';
import type { End } from './decision.ts';
import { single } from './single.ts';

export type { End } from './decision.ts';

/** The value `classes`: of scores, or of probabilities, whose order is the same. A single channel has its `prob` before, where it is none yet. */
export function writeClasses(b: Builder, scores: string, end: End): string {
  return end.channels > 1 ? b.argmax('classes', scores) : single.writeClasses(b, scores, end);
}
