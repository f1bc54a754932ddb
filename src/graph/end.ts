// The end of any network: from scores to classes.
import type { Builder } from './build.ts';
import { type Decision, THRESHOLD } from './decision.ts';
import { isCurve, type Op } from './graph.ts';

/** What a network's scores are. */
export interface End {
  readonly channels: number;
  /** What makes a probability of a single channel; `none`: it is one already. Default: sigmoid, unless the network ends in one. */
  readonly activation?: Decision['activation'];
  /** Above which a single channel's probability is class 1. Default: `THRESHOLD`. */
  readonly threshold?: number;
}

/** What only brings scores to pixels. */
export const RESIZES: ReadonlySet<Op> = new Set<Op>(['resize', 'zoom']);

/** The value `prob`: probabilities of scores. */
export function writeProbabilities(b: Builder, scores: string, end: End): string {
  if (end.channels > 1) return b.softmax('prob', scores);
  return isProbability(b, scores, end) ? b.copy('prob', scores) : b.sigmoid('prob', scores);
}

/** The value `classes`: of scores, or of probabilities, whose order is the same. A single channel has its `prob` before, where it is none yet. */
export function writeClasses(b: Builder, scores: string, end: End): string {
  const { channels, threshold = THRESHOLD } = end;
  if (channels > 1) return b.argmax('classes', scores);
  return b.argmax('classes', isProbability(b, scores, end) ? scores : writeProbabilities(b, scores, end), threshold);
}

function isProbability(b: Builder, scores: string, { activation }: End): boolean {
  let last = b.node(scores);
  while (last && RESIZES.has(last.op)) last = b.node(last.inputs.x);
  return activation === 'none' || isCurve(last, 'sigmoid');
}
