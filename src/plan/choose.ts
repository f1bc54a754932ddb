// Which variant of a kernel an adapter gets: a pure function of facts, so that a plan can be made for an adapter that is not here.
import { AtrousError } from '../errors.ts';
import type { Kernel, Variant } from '../kernels/kernel.ts';
import type { Machine } from '../passes/pass.ts';

/** The limits that a plan can break. */
export interface Limits {
  readonly maxBufferSize: number;
  readonly maxStorageBufferBindingSize: number;
  readonly maxComputeWorkgroupsPerDimension: number;
}

export interface AdapterFacts {
  readonly name: string;
  /** A CPU behind a GPU's interface: barriers are slow there. */
  readonly software: boolean;
  readonly features: readonly string[];
  readonly limits: Limits;
}

/** A discrete GPU in a browser that was asked for nothing: WebGPU's default limits, no features. */
export const defaultFacts: AdapterFacts = {
  name: 'default (discrete GPU, default limits, no features)',
  software: false,
  features: [],
  limits: { maxBufferSize: 256 * 2 ** 20, maxStorageBufferBindingSize: 128 * 2 ** 20, maxComputeWorkgroupsPerDimension: 65535 },
};

/** `auto`, `plain`, or names of variants, the first that a kernel has and the adapter can run. */
export type VariantChoice = 'auto' | 'plain' | readonly string[];

/** What an adapter lacks for a variant, or null. */
export function lacks({ needs }: Pick<Variant, 'needs'>, facts: AdapterFacts): string | null {
  if (needs.barriers && facts.software) return 'cheap barriers';
  return needs.features?.find(feature => !facts.features.includes(feature)) ?? null;
}

/**
 * The first variant whose needs are met, else the last: `plain`, which needs nothing, or the only one, whose barriers are slow. One that is
 * named is taken even where its barriers are slow.
 */
export function choose(kernel: Kernel, facts: AdapterFacts, choice: VariantChoice): Variant {
  const able = kernel.variants.filter(variant => lacks(variant, facts) === null);
  if (choice === 'plain') return kernel.variants.at(-1)!;
  const first = able[0] ?? kernel.variants.at(-1)!;
  if (choice === 'auto') return first;
  const possible = kernel.variants.filter(({ needs }) => lacks({ needs: { features: needs.features } }, facts) === null);
  return possible.find(({ name }) => choice.includes(name)) ?? first;
}

/** What the passes may count on. Plain rows ask for a plain graph; who names the rows of workgroups wants the graph that they are for. */
export function machineOf({ facts, variants }: { readonly facts: AdapterFacts; readonly variants: VariantChoice }): Machine {
  if (variants === 'plain') return { barriers: false };
  return { barriers: !facts.software || (variants !== 'auto' && variants.includes('workgroup')) };
}

/** Throws `BAD_USAGE` for a name that no kernel has. */
export function checkChoice(kernels: readonly Kernel[], choice: VariantChoice): void {
  if (typeof choice === 'string') return;
  const known = new Set(kernels.flatMap(({ variants }) => variants.map(({ name }) => name)));
  for (const name of choice) {
    if (!known.has(name))
      throw new AtrousError('BAD_USAGE', `--variants: no kernel has a variant "${name}"; known are auto, ${[...known].join(', ')}`);
  }
}
