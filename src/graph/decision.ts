// How channels of scores stand to classes, said once: one a class, and the largest wins; or a single one, the probability of a class beside a
// background that has no channel, and a threshold decides.

/** How a node that makes classes decides. */
export interface Decision {
  /** Of a single channel: the class is 1 where its probability is above, else 0. Null: the class is the largest channel's, ties go to the lowest. */
  readonly threshold: number | null;
  /** What makes a probability of that channel, where no node before does. */
  readonly activation: 'none' | 'sigmoid';
}

export const largest: Decision = { threshold: null, activation: 'none' };

/** What is as likely as not. */
export const THRESHOLD = 0.5;

/** Classes that so many channels tell apart. */
export function classesOf(channels: number): number {
  return channels === 1 ? 2 : channels;
}

/** What the channel must exceed for class 1: σ(x) > t where x > ln(t / (1 − t)), so that no pixel needs an exponential. */
export function boundaryOf(threshold: number, { activation }: Pick<Decision, 'activation'>): number {
  return activation === 'sigmoid' ? Math.log(threshold / (1 - threshold)) : threshold;
}

/** What a network's scores are. */
export interface End {
  readonly channels: number;
  /** What makes a probability of a single channel; `none`: it is one already. Default: sigmoid, unless the network ends in one. */
  readonly activation?: Decision['activation'];
  /** Above which a single channel's probability is class 1. Default: `THRESHOLD`. */
  readonly threshold?: number;
}
