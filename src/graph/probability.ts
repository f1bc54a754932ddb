// From scores to probabilities.
import type { Builder } from './build.ts';
import type { End } from './decision.ts';
import { isCurve, type Op } from './graph.ts';

/** What only brings scores to pixels. */
export const RESIZES: ReadonlySet<Op> = new Set<Op>(['resize', 'zoom']);

/** The value `prob`: probabilities of scores. */
export function writeProbabilities(b: Builder, scores: string, end: End): string {
  if (end.channels > 1) return b.softmax('prob', scores);
  return isProbability(b, scores, end) ? b.copy('prob', scores) : b.sigmoid('prob', scores);
}

/** Are scores a probability already? */
export function isProbability(b: Builder, scores: string, { activation }: End): boolean {
  let last = b.node(scores);
  while (last && RESIZES.has(last.op)) last = b.node(last.inputs.x);
  return activation === 'none' || isCurve(last, 'sigmoid');
}
