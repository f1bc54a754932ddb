// Has an adapter room for a plan? `lower` says what is too large (limits.ts); where that may be fetched later, this tells when.
import { bindable } from '../graph/layout.ts';
import type { AdapterFacts } from './choose.ts';
import type { Plan } from './plan.ts';

/** A plan of a built-in network for textures of that size: none has weights that fill a binding. */
export function isTooLarge(
  { slots, steps }: Plan,
  { h, w }: { readonly h: number; readonly w: number },
  { limits }: AdapterFacts,
): boolean {
  return (
    Math.max(h, w) > limits.maxTextureDimension2D ||
    slots.some(bytes => bytes > bindable(limits)) ||
    steps.some(({ grid }) => grid[1] > limits.maxComputeWorkgroupsPerDimension)
  );
}
