// What every step that reads the frame does to its colours.
import type { NodeOf } from '../graph/graph.ts';

/** Colour · scale − shift, of values in [0, 1]. */
export function normalisation({
  mean,
  std,
}: Pick<NodeOf<'preprocess'>['attributes'], 'mean' | 'std'>): Record<'scale' | 'shift', number[]> {
  return {
    scale: [...std.map(deviation => 1 / deviation), 0],
    shift: [...mean.map((value, channel) => value / std[channel]), 0],
  };
}
