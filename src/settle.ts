// The precision that `auto` stands for. Sums are float32 everywhere, but maps stored as halves overflow beyond 65504 and round to 11 bits,
// and whether a network bears that is a matter of its weights. So speed alone decides nothing: the card's self-test has to hold as well.
import { type Audit, audit } from './audit.ts';
import { AtrousError } from './errors.ts';
import type { Material } from './pipeline.ts';
import { type AdapterFacts, fastestOn, type Tuned, tuned } from './plan/choose.ts';
import type { Precision } from './shader/source.ts';

export interface Settled {
  readonly precision: Precision;
  /** In words, for people. */
  readonly why: string;
}

/** What is known of the self-test in the fastest precision: null where the card has none. */
type Found = Pick<Audit, 'agreement' | 'least' | 'passed'> | { readonly problem: string } | null;

/** What `auto` stands for where this precision is the fastest. */
export function settled(fastest: Precision, { id }: Pick<AdapterFacts, 'id'>, table: Tuned, found: Found): Settled {
  if (fastest === 'f32') {
    const measured = id === null ? undefined : table[id]?.precision;
    if (measured === undefined) return { precision: 'f32', why: `nothing was measured on ${id ?? 'this adapter'}` };
    return {
      precision: 'f32',
      why: `${measured} was the fastest on ${id}${measured === 'f32' ? '' : ', and this device lacks it'}`,
    };
  }
  const first = `${fastest} was the fastest on ${id}`;
  if (found === null) return { precision: 'f32', why: `${first}, but the card has no self-test to hold it to` };
  if ('problem' in found) return { precision: 'f32', why: `${first}, but can't run here: ${found.problem}` };
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const share = `${percent(found.agreement)} of the self-test's classes are equal, ${percent(found.least)} are asked`;
  return found.passed ? { precision: fastest, why: `${first}, and ${share}` } : { precision: 'f32', why: `${first}, but ${share}` };
}

/**
 * The precision that was measured to be fastest on adapters of this kind, if the self-test holds in it; else, where nothing was measured, and where the
 * device refuses its programs or has no room for it, f32. Throws `ABORTED`.
 */
export async function settle(material: Omit<Material, 'precision'>, table: Tuned = tuned, signal?: AbortSignal): Promise<Settled> {
  const fastest = fastestOn(material.facts, table);
  const tried = async (): Promise<Found> => {
    try {
      return await audit({ ...material, precision: fastest }, 1, signal);
    } catch (error) {
      if (error instanceof AtrousError && (error.code === 'LIMIT' || error.code === 'BAD_SHADER'))
        return { problem: error.message };
      throw error;
    }
  };
  return settled(fastest, material.facts, table, fastest === 'f32' ? null : await tried());
}
