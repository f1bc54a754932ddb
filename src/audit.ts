// The precision that `auto` stands for. Sums are float32 everywhere, but maps stored as halves overflow beyond 65504 and round to 11 bits,
// and whether a network bears that is a matter of its weights. So speed alone decides nothing: the card's self-test has to hold as well.
import { AtrousError } from './errors.ts';
import { runOnPlanes } from './gpu/executor.ts';
import { readClasses } from './gpu/transfer.ts';
import { fuse } from './passes/index.ts';
import { lowering, type Material } from './pipeline.ts';
import { fastestOn, type Tuned, targetOf, tuned } from './plan/choose.ts';
import { lower } from './plan/lower.ts';
import type { Precision } from './shader/source.ts';
import { agreement } from './weights/runs.ts';
import { seededInput } from './weights/seeded.ts';

export interface Audit {
  readonly precision: Precision;
  /** Share of the self-test's pixels with the expected class. */
  readonly agreement: number;
  /** What the card asks for. */
  readonly least: number;
  readonly passed: boolean;
}

/**
 * The card's self-test on a device in one precision: the seeded input, the plan that pictures get but for its stem, the share of equal classes.
 * Null for a card without one. Throws as `lower` and `runOnPlanes` do.
 */
export async function audit(material: Material, signal?: AbortSignal): Promise<Audit | null> {
  const { engine, network, card, precision, read, onCompile } = material;
  const { check } = card;
  if (!check) return null;
  const size = { h: check.height, w: check.width };
  const graph = fuse(network.build(size), targetOf(material));
  const plan = lower(graph, { ...lowering(material), stem: 'tensor', margin: network.tile?.margin });
  const input = Float32Array.from(seededInput(check.seed, size, card.preprocessing));
  const program = await runOnPlanes(engine, graph, plan, read, input, { signal, onProgress: onCompile });
  try {
    const share = agreement(await readClasses(engine.device, program), check.classes);
    return { precision, agreement: share, least: check.agreement, passed: share >= check.agreement };
  } finally {
    program.destroy();
  }
}

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
    return (await audit({ ...material, precision: fastest }, signal))?.passed ? fastest : 'f32';
  } catch (error) {
    if (error instanceof AtrousError && (error.code === 'LIMIT' || error.code === 'BAD_SHADER')) return 'f32';
    throw error;
  }
}
