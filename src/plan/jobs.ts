// A plan as work for compilers: what a GPU's driver is asked to compile, and which steps use it. For programs that judge the code of machines
// that are not here.
import { matrixText } from '../shader/matrix-text.ts';
import { isCurved, type ShaderLibrary } from '../shader/source.ts';
import { type Plan, pipelineKey, type Step } from './plan.ts';

/** One pipeline, whole. */
export interface Job {
  readonly key: string;
  readonly shader: string;
  /** WGSL with the entry point `main`. */
  readonly code: string;
  /** Pipeline constants: flags are 0 or 1. */
  readonly constants: Readonly<Record<string, number>>;
  /** Of group 0. */
  readonly bindings: readonly { readonly binding: number; readonly kind: string }[];
}

export interface JobStep extends Pick<Step, 'node' | 'shader' | 'overrides' | 'params' | 'grid' | 'macs' | 'bytes'> {
  readonly index: number;
  /** Of its job. */
  readonly key: string;
  /** Channels, height and width of what it writes first. */
  readonly out: { readonly c: number; readonly h: number; readonly w: number } | null;
}

/** Every distinct pipeline of a plan, and every step in order. */
export function jobsOf(plan: Plan, library: ShaderLibrary): { jobs: Job[]; steps: JobStep[] } {
  const jobs = new Map<string, Job>();
  const steps = plan.steps.map((step, index): JobStep => {
    const { node, shader, overrides, params, grid, macs, bytes } = step;
    const key = pipelineKey(step, plan.precision);
    if (!jobs.has(key)) {
      jobs.set(key, {
        key,
        shader,
        code: step.matrix
          ? matrixText(library, step, plan.precision, step.matrix)
          : library.text(shader, step.codec ?? plan.precision, step.store, isCurved(step)),
        constants: Object.fromEntries(Object.entries(overrides).map(([name, value]) => [name, Number(value)])),
        bindings: library.facts(shader, plan.precision).bindings.map(({ binding, kind }) => ({ binding, kind })),
      });
    }
    const written = plan.values[Object.values(step.writes).find(value => value !== null)!];
    const out = written ? { c: written.c, h: written.h, w: written.w } : null;
    return { index, node, key, shader, overrides, params, grid, macs, bytes, out };
  });
  return { jobs: [...jobs.values()], steps };
}
