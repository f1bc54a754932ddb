// What ends a step's sums: a flag for a ReLU, or a curve's number and what belongs to it (shaders/lib/activation.wgsl and its other form).
import type { Ending } from '../graph/graph.ts';
import { curved } from './curved.ts';

/** The overrides, for a result of so many channels. */
export function ending({ attributes: { fused } }: { readonly attributes: { readonly fused: Ending } }, channels: number) {
  const { activation } = fused;
  return activation && activation.curve !== 'relu' ? curved.overrides(activation, channels) : { RELU: activation !== undefined };
}
