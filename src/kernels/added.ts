// The rows that sum over all pixels by workgroups (shaders/lib/added.wgsl).
import { quads } from '../graph/layout.ts';
import type { Variant } from './kernel.ts';

/** Lanes of a workgroup, and the quads that share them. */
const LANES = 256;
const QUADS = 2;

export function addedRow(shader: string): Variant {
  return { name: 'workgroup', shader, needs: { barriers: true }, lanes: ({ x }) => Math.ceil(quads(x.c) / QUADS) * LANES };
}
