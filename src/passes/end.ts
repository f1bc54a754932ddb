// What the rules for a network's end share.
import type { Node, NodeOf } from '../graph/graph.ts';
import type { View } from './pass.ts';

/** What makes probabilities of the scores that an argmax reads, whatever lies between: a sigmoid where a threshold decides, else a softmax. */
export function activationOf({ attributes }: NodeOf<'argmax'>, scores: string, view: View): NodeOf<'softmax' | 'activate'> | null {
  if (attributes.activation !== 'none') return null;
  return attributes.threshold === null ? view.sole(scores, 'softmax') : view.soleCurve(scores, 'sigmoid');
}

export interface End {
  readonly node: Node;
  readonly drop: readonly Node[];
}
