// `--tune`: which variant of a kernel is fastest on this adapter, asked of the plan's own steps with their real buffers, the variants in turns.

import { AtrousError } from '../src/errors.ts';
import { createEngine, destroyEngine } from '../src/gpu/executor.ts';
import { statistics, stepSamples } from '../src/gpu/timing.ts';
import { kernels, rowsOf } from '../src/kernels/index.ts';
import type { Variant } from '../src/kernels/kernel.ts';
import { type FastestVariants, isPossible, meets, scaleOf } from '../src/plan/choose.ts';
import type { Plan } from '../src/plan/plan.ts';
import type { Precision } from '../src/shader/source.ts';
import { type Bench, load, type Running, type Size, sizeText, start, stop } from './network.ts';
import { round } from './round.ts';

/** Kind of step → size of its result (`scaleOf`) → what was timed there. */
export type Tuning = Readonly<Record<string, Readonly<Record<string, Timed>>>>;

export interface Timed {
  readonly fastest: string;
  /** Median microseconds of all steps of this kind together that every one of these variants has made, by variant. */
  readonly us: Readonly<Record<string, number>>;
  readonly steps: number;
  /** Model and size whose steps these are. */
  readonly at: string;
}

/** Turns of all variants. */
const ROUNDS = 9;
/** Less than this share of the time is noise: the best guess stays. */
export const MARGIN = 0.03;

/** Times every variant that this device can run. Throws `BAD_USAGE` on a device without timestamps. */
export async function tune(bench: Bench, model: string, size: Size, precision: Precision): Promise<Tuning> {
  const { device, library, facts } = bench;
  if (!facts.features.includes('timestamp-query'))
    throw new AtrousError('BAD_USAGE', `--tune needs timestamps, which ${facts.name} lacks: choose another adapter`);
  const engine = createEngine(device, library);
  const net = load(model);
  const running: Running[] = [];
  try {
    // Slow barriers are timed; what is made for CPU adapters is nothing for a GPU.
    const timed = (variant: Variant): boolean =>
      (!variant.needs.software || facts.software) && isPossible(variant, precision, facts);
    const names = new Set(
      kernels()
        .map(rowsOf)
        .flatMap(rows => (rows.length > 1 ? rows.filter(timed).map(({ name }) => name) : [])),
    );
    for (const name of names) running.push(await start(engine, bench, net, size, { precision, variants: [name] }));
    const programs = running.map(({ program }) => program);
    await stepSamples(device, programs, 1);
    const samples = (await stepSamples(device, programs, ROUNDS))!;
    const plans = programs.map(({ plan }) => plan);
    const medians = samples.map(steps => steps.map(times => statistics(times).median / 1e3));
    return tuningOf([...names], plans, medians, bench, `${model} ${sizeText(size)}`);
  } finally {
    for (const each of running) stop(each);
    destroyEngine(engine);
  }
}

/** `plans[n]` prefers the variant `names[n]`; `us[n][step]` is what its steps took. */
export function tuningOf(
  names: readonly string[],
  plans: readonly Plan[],
  us: readonly (readonly number[])[],
  { facts }: Pick<Bench, 'facts'>,
  at: string,
): Tuning {
  const groups = new Map<string, Group>();
  for (const [n, { steps, values }] of plans.entries()) {
    for (const [index, step] of steps.entries()) {
      // Plans give kernels that have no variant of this name their best guess: timed under its own name.
      if (step.variant !== names[n]) continue;
      const made = Object.values(step.writes).find(value => value !== null)!;
      const [{ kind, kernel }, scale] = [step, scaleOf(values[made])];
      const key = `${kind} ${scale}`;
      const group = groups.get(key) ?? { kind, kernel, scale, times: new Map() };
      const times = group.times.get(step.variant) ?? new Map<string, number>();
      groups.set(key, group);
      group.times.set(step.variant, times.set(made, us[n][index]));
    }
  }
  const tuning: Record<string, Record<string, Timed>> = {};
  for (const { kind, kernel, scale, times } of groups.values()) {
    // A variant that fits some steps of a kind alone, or in whose graph another pass took them, is compared where all were.
    const steps = [...[...times.values()][0].keys()].filter(step => [...times.values()].every(each => each.has(step)));
    if (times.size < 2 || steps.length === 0) continue;
    const sums = new Map([...times].map(([name, each]) => [name, steps.reduce((sum, step) => sum + each.get(step)!, 0)]));
    const variants = rowsOf(kernels().find(({ name }) => name === kernel)!);
    // Of those that can make these steps.
    const guess = variants.find(variant => sums.has(variant.name) && meets(variant, facts))?.name;
    const [best, least] = [...sums].sort(([, a], [, b]) => a - b)[0];
    const fastest = guess !== undefined && least >= sums.get(guess)! * (1 - MARGIN) ? guess : best;
    const rounded = Object.fromEntries([...sums].map(([name, time]) => [name, round(time)]));
    tuning[kind] = { ...tuning[kind], [scale]: { fastest, us: rounded, steps: steps.length, at } };
  }
  return tuning;
}

/** Steps of one kind and size. */
interface Group {
  readonly kind: string;
  readonly kernel: string;
  readonly scale: number;
  /** Variant → value that a step writes → µs. */
  readonly times: Map<string, Map<string, number>>;
}

/** What the second says replaces what the first says of the same kind and size. */
export function mergeTuning(before: Tuning, after: Tuning): Tuning {
  const kinds = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return Object.fromEntries(kinds.map(kind => [kind, { ...before[kind], ...after[kind] }]));
}

export function fastestVariants(tuning: Tuning): FastestVariants {
  const named = (sizes: Tuning[string]): Record<string, string> =>
    Object.fromEntries(Object.entries(sizes).map(([scale, { fastest }]) => [scale, fastest]));
  return Object.fromEntries(Object.entries(tuning).map(([kind, sizes]) => [kind, named(sizes)]));
}
