// Which variant of a kernel an adapter gets: a pure function of facts, so that a plan can be made for an adapter that is not here.
import { AtrousError } from '../errors.ts';
import type { Node } from '../graph/graph.ts';
import type { Kernel, Variant } from '../kernels/kernel.ts';

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
  if (needs.software && !facts.software) return 'a CPU behind it';
  return needs.features?.find(feature => !facts.features.includes(feature)) ?? null;
}

/**
 * The first variant that fits the node and whose needs are met; the last one, `plain`, needs nothing. One that is named is taken wherever its
 * features are there, be it slow or not.
 */
export function choose(kernel: Kernel, node: Node, facts: AdapterFacts, choice: VariantChoice): Variant {
  const fitting = kernel.variants.filter(({ fits }) => fits?.(node) ?? true);
  if (choice === 'plain') return fitting.at(-1)!;
  const able = fitting.filter(variant => lacks(variant, facts) === null);
  if (choice === 'auto') return able[0];
  const possible = fitting.filter(({ needs }) => lacks({ needs: { features: needs.features } }, facts) === null);
  return possible.find(({ name }) => choice.includes(name)) ?? able[0];
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
