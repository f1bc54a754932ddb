// The precision that `auto` stands for. Sums are float32 everywhere, but maps stored as halves overflow beyond 65504 and round to 11 bits,
// and whether a network bears that is a matter of its weights. So speed alone decides nothing: the card's self-test has to hold as well.
import { audit } from './audit.ts';
import { AtrousError } from './errors.ts';
import type { Material } from './pipeline.ts';
import { fastestOn, type Tuned, tuned } from './plan/choose.ts';
import type { Precision } from './shader/source.ts';

/**
 * The precision that was measured to be fastest on adapters of this kind, if the self-test holds in it; else, where nothing was measured, and where the
 * device refuses its programs or has no room for it, f32. Throws `ABORTED`.
 */
export async function settle(
  material: Omit<Material, 'precision'>,
  table: Tuned = tuned,
  signal?: AbortSignal,
): Promise<Precision> {
  const fastest = fastestOn(material.facts, table);
  if (fastest === 'f32') return 'f32';
  try {
    return (await audit({ ...material, precision: fastest }, 1, signal))?.passed ? fastest : 'f32';
  } catch (error) {
    if (error instanceof AtrousError && (error.code === 'LIMIT' || error.code === 'BAD_SHADER')) return 'f32';
    throw error;
  }
}
