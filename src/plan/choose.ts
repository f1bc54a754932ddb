// Which variant of a kernel an adapter gets: a pure function of facts, so that a plan can be made for an adapter that is not here.
import type { Shape } from '../graph/graph.ts';
import type { BufferLimits } from '../graph/layout.ts';
import type { Kernel, Variant } from '../kernels/kernel.ts';
import type { Target } from '../passes/pass.ts';
import type { Codec, MatrixForm, Precision } from '../shader/source.ts';
import { pipelineKey, type Step } from './plan.ts';
import shipped from './tuned.json' with { type: 'json' };

/** The limits that a plan can break. */
export interface Limits extends BufferLimits {
  readonly maxComputeWorkgroupsPerDimension: number;
  readonly maxTextureDimension2D: number;
}

export interface AdapterFacts {
  readonly name: string;
  /** `<vendor>-<architecture>`, under which its tuning is kept; null for one that nobody can have measured. */
  readonly id: string | null;
  /** A CPU behind a GPU's interface: barriers are slow there. */
  readonly software: boolean;
  readonly features: readonly string[];
  readonly limits: Limits;
  /** Subgroup matrices that the engine has a use for. */
  readonly matrices: readonly MatrixForm[];
}

/** A discrete GPU in a browser that was asked for nothing: WebGPU's default limits, no features. */
export const defaultFacts: AdapterFacts = {
  name: 'default (discrete GPU, default limits, no features)',
  id: null,
  software: false,
  features: [],
  limits: {
    maxBufferSize: 256 * 2 ** 20,
    maxStorageBufferBindingSize: 128 * 2 ** 20,
    maxComputeWorkgroupsPerDimension: 65535,
    maxTextureDimension2D: 8192,
  },
  matrices: [],
};

/** What maps can be stored in on an adapter with these features. */
export function precisionsOf(features: readonly string[]): Precision[] {
  return features.includes('shader-f16') ? ['f32', 'half', 'f16'] : ['f32', 'half'];
}

/** `auto`, `plain`, or names of variants, the first that a kernel has and the adapter can run. */
export type VariantChoice = 'auto' | 'plain' | readonly string[];

/** Does an adapter have all that a variant needs? */
export function meets({ needs }: Pick<Variant, 'needs'>, facts: Pick<AdapterFacts, 'software' | 'features' | 'matrices'>): boolean {
  const { barriers, software, features, matrix } = needs;
  return (
    !(facts.software ? barriers : software) &&
    (!features || features.every(feature => facts.features.includes(feature))) &&
    (!matrix || matrixFor(matrix, facts) !== null)
  );
}

/** Can an adapter run a variant, slow as that may be? Rounded operands are for plans that round maps to halves. */
export function isPossible(
  { needs: { features, matrix } }: Pick<Variant, 'needs'>,
  precision: Codec,
  facts: Pick<AdapterFacts, 'software' | 'features' | 'matrices'>,
): boolean {
  return (matrix?.operands !== 'f16' || ['half', 'f16'].includes(precision)) && meets({ needs: { features, matrix } }, facts);
}

/** The largest form of these types, or null. */
export function matrixFor(
  { operands, sums }: NonNullable<Variant['needs']['matrix']>,
  { matrices }: Pick<AdapterFacts, 'matrices'>,
): MatrixForm | null {
  const able = matrices.filter(form => form.operands === operands && form.sums === sums);
  const [first] = able.sort((a, b) => b.m * b.n * b.k - a.m * a.n * a.k);
  return first ?? null;
}

/** What `bench --tune` found to be fastest, by adapter. */
export type Tuned = Readonly<Record<string, Fastest>>;

export interface Fastest {
  /** Of whole frames; what `auto` stands for where the model's self-test holds in it (src/audit.ts). */
  readonly precision: Precision;
  readonly variants: FastestVariants;
}

/** Kind of step → size of its result, as `scaleOf` has it → variant. */
export type FastestVariants = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What ships. */
export const tuned = shipped as Tuned;

/** The precision that was measured to be fastest on adapters of this kind, if it has it; f32 where nothing was measured. */
export function fastestOn({ id, features }: Pick<AdapterFacts, 'id' | 'features'>, table: Tuned = tuned): Precision {
  const found = (id !== null && table[id]?.precision) || 'f32';
  return precisionsOf(features).includes(found) ? found : 'f32';
}

/** What a choice may depend on, beside the adapter. */
export interface Task {
  readonly overrides: Step['overrides'];
  readonly precision: Codec;
  readonly store: Step['store'];
  /** What the step writes. */
  readonly y: Pick<Shape, 'h' | 'w'>;
}

/** Steps that differ in nothing but sizes and offsets are of one kind: `pointwise/f32?QUADS=64&RELU=1`. */
export function kindOf(
  { name }: Pick<Kernel, 'name'>,
  { overrides, precision, store }: Pick<Task, 'overrides' | 'precision' | 'store'>,
): string {
  return pipelineKey({ shader: name, overrides, store }, precision);
}

/** Pixels by powers of two: a form that fills a GPU with a large map may starve it with a small one. */
export function scaleOf({ h, w }: Task['y']): number {
  return Math.round(Math.log2(h * w));
}

/**
 * The first variant whose needs are met, unless the table of this adapter names another for this kind of step, at this size or the nearest
 * that was timed; else the last: `plain`, which needs nothing, or the only one, whose barriers are slow. One that is named, here or there, is
 * taken even where its barriers are slow.
 */
export function choose(task: Task, kernel: Kernel, facts: AdapterFacts, choice: VariantChoice, table: Tuned = tuned): Variant {
  const { variants } = kernel;
  if (choice === 'plain') return variants.at(-1)!;
  const possible = variants.filter(variant => isPossible(variant, task.precision, facts));
  const first = possible.find(variant => meets(variant, facts)) ?? variants.at(-1)!;
  if (variants.length === 1) return first;
  const names = choice === 'auto' ? [fastestVariant(task, kernel, facts, table)] : choice;
  return possible.find(({ name }) => names.includes(name)) ?? first;
}

/** The variant that was timed to be fastest, or nothing. Of two sizes that are equally near, the smaller. */
function fastestVariant(task: Task, kernel: Kernel, { id }: AdapterFacts, table: Tuned): string | undefined {
  const sizes = Object.entries((id && table[id]?.variants[kindOf(kernel, task)]) || {});
  const away = (size: string): number => Math.abs(Number(size) - scaleOf(task.y));
  return sizes.sort(([a], [b]) => away(a) - away(b) || Number(a) - Number(b))[0]?.[1];
}

/** What the passes may count on. Plain rows ask for a plain graph; who names the rows of workgroups wants the graph that they are for. */
export function targetOf({ precision, facts, variants }: TargetFacts): Target {
  const named = variants !== 'auto' && (variants.includes('workgroup') || variants.includes('matrix'));
  const matrices = precision !== 'f32' && facts.matrices.some(({ operands }) => operands === 'f16');
  return { precision, limits: facts.limits, barriers: variants !== 'plain' && (!facts.software || named), matrices };
}

interface TargetFacts {
  readonly precision: Precision;
  readonly facts: AdapterFacts;
  readonly variants: VariantChoice;
}
