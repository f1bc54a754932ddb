// One model at one size and precision: first held against slower truths, then timed.

import { AtrousError } from '../src/errors.ts';
import { createEngine, destroyEngine, type Engine, type Program } from '../src/gpu/executor.ts';
import { floorOf, type MeasuredLimits } from '../src/gpu/roofline.ts';
import { gpuTimes, type Statistics, statistics, stepSamples } from '../src/gpu/timing.ts';
import { select } from '../src/graph/select.ts';
import { type Plan, peakBytes, pipelineKey, pipelines } from '../src/plan/plan.ts';
import { run as runReference } from '../src/reference/run.ts';
import type { Precision } from '../src/shader/source.ts';
import {
  type Bench,
  type Choice,
  equalShare,
  familyOf,
  frameSize,
  graphMacs,
  IN_FLIGHT,
  inputOf,
  type Loaded,
  load,
  numbersOf,
  open,
  PLAIN,
  picture,
  planFor,
  relativeError,
  type Size,
  sizeText,
  start,
  stop,
  type Trial,
} from './network.ts';
import { round } from './round.ts';

export interface Wish extends Choice {
  readonly model: string;
  readonly size: Size;
  /** Timed runs; undefined: as many as fit into some seconds. */
  readonly runs: number | undefined;
  readonly steps: boolean;
}

/** One element of `results`. What is not known is null. */
export interface Result {
  readonly model: string;
  readonly size: string;
  readonly precision: Precision | 'int8';
  readonly variants: string;
  readonly gpu_ms: Statistics | null;
  readonly wall_ms: Statistics;
  readonly fps: number;
  readonly throughput_fps: number;
  readonly cpu_reference: {
    readonly size: string;
    readonly ms: number;
    readonly fps: number;
    readonly extrapolated: boolean;
  } | null;
  readonly ratio: number | null;
  readonly dispatches: number;
  readonly pipelines: number;
  readonly plan: string;
  readonly macs: number;
  readonly bytes: number;
  readonly peak_bytes: number;
  /** Least time by the adapter's measured limits, over the time taken. */
  readonly roofline: number;
  readonly first_frame_ms: number;
  /** Its parts: weights in memory; plan, pipelines, weights and buffers on the device; the first run. */
  readonly first_frame: { readonly load_ms: number; readonly compile_ms: number; readonly run_ms: number };
  /** Milliseconds a million pixels, of the medians. */
  readonly ms_per_mp: { readonly gpu: number | null; readonly wall: number };
  /** Against the plain rows in f32 on the same device, at this size; `trust` is those against the CPU reference. */
  readonly agreement: {
    readonly logits_error: number;
    readonly classes: number;
    readonly against: string;
    readonly trust: { readonly size: string; readonly error: number } | null;
  };
  readonly steps?: readonly StepTime[] | null;
}

export interface StepTime {
  readonly node: string;
  readonly kernel: string;
  readonly variant: string;
  readonly pipeline: string;
  readonly us: number;
  readonly floor_us: number;
  readonly macs: number;
  readonly bytes: number;
}

/** The CPU reference runs for no longer than this. */
const CPU_SECONDS = 10;
/** Frames are timed for about as long. */
const FRAMES_MS = 4000;
/** Of the largest number: the plain rows in f32 against float64. */
const TRUSTED = 2e-4;

/** What the CPU reference took on a whole network. */
interface Trusted {
  readonly ms: number;
  readonly macs: number;
  readonly error: number;
  readonly size: string;
}

function trialText({ divide, ...size }: Trial): string {
  return divide === 1 ? sizeText(size) : `${sizeText(size)}, hidden widths / ${divide}`;
}

/** The plain rows in f32 against the CPU reference on the whole network, null where that takes too long. Throws `BAD_SHADER` when they differ. */
async function trust(engine: Engine, bench: Bench, model: string): Promise<Trusted | null> {
  const family = familyOf(model);
  const { trust: trial, numbers } = family;
  if (!trial) return null;
  const net = load(model, trial.divide);
  const rgba = picture(frameSize(trial, family));
  const running = await start(engine, bench, net, trial, PLAIN, [numbers]);
  const got = await numbersOf(bench.device, running, rgba);
  stop(running);
  const input = inputOf(trial, family);
  const graph = select(net.build(trial), [numbers]);
  const begin = performance.now();
  const [expected] = runReference(graph, input, net.read).values();
  const ms = performance.now() - begin;
  const error = relativeError(got, expected.data);
  const size = trialText(trial);
  if (!(error <= TRUSTED)) {
    throw new AtrousError(
      'BAD_SHADER',
      `the plain f32 rows differ from the CPU reference by ${error.toExponential(1)} of the largest number of ${numbers} at ${size} (allowed ${TRUSTED}): nothing is timed`,
    );
  }
  return { ms, macs: graphMacs(graph), error: round(error), size };
}

/** Runs the CPU reference at the largest trial that takes at most ten seconds, and scales by multiply-adds where that is not the timed one. */
function cpuReference(model: string, net: Loaded, size: Size, trusted: Trusted): NonNullable<Result['cpu_reference']> {
  const timed = { ...size, divide: 1 };
  const all = graphMacs(net.build(size));
  const trials = [timed, ...net.family.references].map(trial => {
    const scaled = trial.divide === 1 ? net : load(model, trial.divide);
    return { trial, scaled, macs: graphMacs(scaled.build(trial)) };
  });
  const soon = trials.find(({ macs }) => macs <= all && (trusted.ms * macs) / trusted.macs <= CPU_SECONDS * 1000);
  const { trial, scaled, macs } = soon ?? trials.at(-1)!;
  const input = inputOf(trial, net.family);
  const begin = performance.now();
  runReference(scaled.build(trial), input, scaled.read);
  const ms = ((performance.now() - begin) * all) / macs;
  return { size: trialText(trial), ms: round(ms), fps: round(1000 / ms), extrapolated: trial !== timed };
}

/** Checks, then times. Throws `BAD_SHADER` when a check fails: nothing is timed after one. */
export async function measure(bench: Bench, limits: MeasuredLimits, wish: Wish): Promise<Result> {
  const { device } = bench;
  const { model, size } = wish;
  const engine = createEngine(device, bench.library);
  try {
    const rgba = picture(frameSize(size, familyOf(model)));
    // The first frame before anything else, so that it holds all compilation; it counts only if the checks that follow pass.
    const begin = performance.now();
    const net = load(model);
    const loaded = performance.now();
    const running = await start(engine, bench, net, size, wish);
    const compiled = performance.now();
    const session = open(device, running, rgba);
    const classes = await session.frame();
    const ran = performance.now();
    const trusted = await trust(engine, bench, model);
    const { plan } = running.program;
    const agreement = await agree(engine, bench, net, wish, plan, classes, rgba);
    const runs = wish.runs ?? runsFor(ran - compiled);
    const wall = statistics(await repeat(runs, session.frame));
    const times = await gpuTimes(device, running.program, runs);
    const gpu = times && statistics(times);
    const throughput = await session.throughput(Math.max(IN_FLIGHT, Math.min(2 * runs, 50)));
    const steps = wish.steps ? await stepTimes(device, running.program, limits) : undefined;
    session.close();
    stop(running);
    const sum = (field: 'macs' | 'bytes'): number => plan.steps.reduce((total, step) => total + step[field], 0);
    const reference = trusted && cpuReference(model, net, size, trusted);
    const floor = plan.steps.reduce((total, step) => total + floorOf(step, limits), 0) * 1e3;
    const megapixels = (size.h * size.w) / 1e6;
    const fps = 1000 / wall.median;
    return {
      model,
      size: sizeText(size),
      precision: net.family.stated ?? wish.precision,
      variants: typeof wish.variants === 'string' ? wish.variants : wish.variants.join(','),
      gpu_ms: gpu,
      wall_ms: wall,
      fps: round(fps),
      throughput_fps: round(throughput),
      cpu_reference: reference,
      ratio: reference && round(fps / reference.fps),
      dispatches: plan.steps.length,
      pipelines: pipelines(plan).size,
      plan: plan.hash,
      macs: sum('macs'),
      bytes: sum('bytes'),
      peak_bytes: peakBytes(plan),
      roofline: round(floor / (gpu ?? wall).median),
      first_frame_ms: round(ran - begin),
      first_frame: { load_ms: round(loaded - begin), compile_ms: round(compiled - loaded), run_ms: round(ran - compiled) },
      ms_per_mp: { gpu: gpu && round(gpu.median / megapixels), wall: round(wall.median / megapixels) },
      agreement: { ...agreement, trust: trusted && { size: trusted.size, error: trusted.error } },
      ...(steps === undefined ? {} : { steps }),
    };
  } finally {
    destroyEngine(engine);
  }
}

/** Frames of so many milliseconds for about four seconds, five at least; two where one alone takes longer. */
export function runsFor(frame: number): number {
  const fitting = Math.ceil(FRAMES_MS / frame);
  return Math.max(fitting === 1 ? 2 : 5, Math.min(50, fitting));
}

/** The timed plan against the plain rows in f32: the numbers behind the classes, and the classes, at the timed size. */
async function agree(
  engine: Engine,
  bench: Bench,
  net: Loaded,
  { size, ...choice }: Wish,
  plan: Plan,
  classes: Uint8Array,
  rgba: Uint8Array<ArrayBuffer>,
): Promise<Omit<Result['agreement'], 'trust'>> {
  if (planFor(bench, net, size, PLAIN).plan.hash === plan.hash) {
    return { logits_error: 0, classes: 1, against: 'itself: on this adapter the plan is the plain rows in f32' };
  }
  const numbers = async (what: Choice): Promise<Float32Array> => {
    const running = await start(engine, bench, net, size, what, [net.family.numbers]);
    const values = await numbersOf(bench.device, running, rgba);
    stop(running);
    return values;
  };
  const { precision, variants } = choice;
  const error = relativeError(await numbers({ precision, variants }), await numbers(PLAIN));
  const running = await start(engine, bench, net, size, PLAIN);
  const session = open(bench.device, running, rgba);
  const expected = await session.frame();
  session.close();
  stop(running);
  return { logits_error: round(error), classes: round(equalShare(classes, expected)), against: 'the plain rows in f32' };
}

export async function repeat(runs: number, work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < runs; n++) times.push(await timed(work));
  return times;
}

/** Milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** The median of five for each step. */
async function stepTimes(device: GPUDevice, program: Program, limits: MeasuredLimits): Promise<StepTime[] | null> {
  const { plan } = program;
  const samples = await stepSamples(device, [program], 5);
  if (!samples) return null;
  return plan.steps.map((step, index) => ({
    node: step.node,
    kernel: step.kernel,
    variant: step.variant,
    pipeline: pipelineKey(step, plan.precision),
    us: round(statistics(samples[0][index]).median / 1e3),
    floor_us: round(floorOf(step, limits) * 1e6),
    macs: step.macs,
    bytes: step.bytes,
  }));
}
