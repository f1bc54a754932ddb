// One model at one size and precision: first held against slower truths, then timed.

import { AtrousError } from '../src/errors.ts';
import { createEngine, destroyEngine, type Engine, type Program, prepare } from '../src/gpu/executor.ts';
import { BufferUsage, READ, TextureUsage } from '../src/gpu/flags.ts';
import { type Statistics, statistics, timer } from '../src/gpu/timing.ts';
import { decodeClasses, decodeValue, readBuffer } from '../src/gpu/transfer.ts';
import { constantReader, type ReadConstant } from '../src/graph/constant.ts';
import type { Graph } from '../src/graph/graph.ts';
import { classRow } from '../src/graph/layout.ts';
import { select } from '../src/graph/select.ts';
import { expectedTensors, findNetwork } from '../src/models/registry.ts';
import { fuse } from '../src/passes/index.ts';
import { type AdapterFacts, machineOf, type VariantChoice } from '../src/plan/choose.ts';
import { lower } from '../src/plan/lower.ts';
import { type Plan, peakBytes, pipelineKey, pipelines, type Step } from '../src/plan/plan.ts';
import { preprocess } from '../src/reference/preprocess.ts';
import { run as runReference } from '../src/reference/run.ts';
import type { Precision, ShaderLibrary } from '../src/shader/source.ts';
import { imagenet } from '../src/weights/card.ts';
import { seededTensor, uniform } from '../src/weights/seeded.ts';
import { toFloat32 } from '../src/weights/tensor.ts';
import { type MeasuredLimits, round } from './limits.ts';

export interface Bench {
  readonly device: GPUDevice;
  readonly facts: AdapterFacts;
  readonly library: ShaderLibrary;
  readonly limits: MeasuredLimits;
}

export interface Wish {
  readonly model: string;
  readonly size: { readonly h: number; readonly w: number };
  readonly precision: Precision;
  readonly variants: VariantChoice;
  /** Timed runs; undefined: as many as fit into some seconds. */
  readonly runs: number | undefined;
  readonly steps: boolean;
}

/** One element of `results`. What is not known is null. */
export interface Result {
  readonly model: string;
  readonly size: string;
  readonly precision: Precision;
  readonly variants: string;
  readonly gpu_ms: Statistics | null;
  readonly wall_ms: Statistics;
  readonly fps: number;
  readonly throughput_fps: number;
  readonly cpu_reference: { readonly size: string; readonly ms: number; readonly fps: number; readonly extrapolated: boolean };
  readonly ratio: number;
  readonly dispatches: number;
  readonly pipelines: number;
  readonly plan: string;
  readonly macs: number;
  readonly bytes: number;
  readonly peak_bytes: number;
  /** Least time by the adapter's measured limits, over the time taken. */
  readonly roofline: number;
  readonly first_frame_ms: number;
  readonly first_frame: { readonly compile_ms: number; readonly run_ms: number };
  /** Against the plain rows in f32 on the same device, at this size. */
  readonly agreement: { readonly logits_error: number; readonly classes: number; readonly against: string };
  readonly steps?: readonly StepTime[];
}

export interface StepTime {
  readonly node: string;
  readonly pipeline: string;
  readonly us: number;
  readonly floor_us: number;
  readonly macs: number;
  readonly bytes: number;
}

/** The CPU reference runs for no longer than this. */
const CPU_SECONDS = 10;
const TRUST = { h: 64, w: 128 };
const CLASSES = 19;
const IN_FLIGHT = 3;

interface Network {
  readonly read: ReadConstant;
  build(size: { h: number; w: number }): Graph;
}

function network(model: string): Network {
  const found = findNetwork(model);
  const build = (size: { h: number; w: number }): Graph => found.build({ classes: CLASSES, ...size });
  const tensors = new Map([...expectedTensors(build(TRUST))].map(([name, shape]) => [name, seededTensor(name, shape)]));
  return { build, read: constantReader(tensors, toFloat32) };
}

interface Running {
  readonly program: Program;
  readonly frame: GPUTexture;
}

async function start(
  engine: Engine,
  bench: Bench,
  net: Network,
  wish: Pick<Wish, 'size' | 'precision' | 'variants'>,
  outputs: readonly string[],
): Promise<Running> {
  const { h, w } = wish.size;
  const graph = fuse(select(net.build(wish.size), outputs), machineOf({ facts: bench.facts, variants: wish.variants }));
  const plan = planFor(graph, bench, wish);
  const usage = TextureUsage.TEXTURE_BINDING | TextureUsage.COPY_DST;
  const frame = bench.device.createTexture({ label: 'frame', size: [w, h], format: 'rgba8unorm', usage });
  const program = await prepare(engine, graph, plan, net.read, frame.createView());
  return { program, frame };
}

function planFor(graph: Graph, { facts, library }: Bench, { precision, variants }: Pick<Wish, 'precision' | 'variants'>): Plan {
  const { mean, std } = imagenet;
  return lower(graph, { precision, facts, variants, stem: 'texture', mean, std, shaderFacts: library.facts });
}

/** The fixtures' seeded picture in eight bits. */
function picture({ h, w }: { h: number; w: number }): Uint8Array<ArrayBuffer> {
  const rgba = new Uint8Array(h * w * 4).fill(255);
  const planes = uniform('input', 3 * h * w);
  for (let pixel = 0; pixel < h * w; pixel++) {
    for (let channel = 0; channel < 3; channel++) rgba[pixel * 4 + channel] = planes[channel * h * w + pixel] * 256;
  }
  return rgba;
}

/** The plain rows in f32 against the CPU reference on the whole network. Returns the reference's milliseconds and multiply-adds. */
async function trust(engine: Engine, bench: Bench, net: Network): Promise<{ ms: number; macs: number }> {
  const rgba = picture(TRUST);
  const plain = { size: TRUST, precision: 'f32', variants: 'plain' } as const;
  const running = await start(engine, bench, net, plain, ['decoder']);
  const logits = await decoderLogits(bench, running, rgba, TRUST);
  const input = preprocess({ data: rgba, width: TRUST.w, height: TRUST.h }, TRUST, imagenet);
  const graph = select(net.build(TRUST), ['decoder']);
  const begin = performance.now();
  const [expected] = runReference(graph, input, net.read).values();
  const ms = performance.now() - begin;
  const error = relativeError(logits, expected.data);
  const { macs } = totals(running.program.plan);
  stop(running);
  if (!(error <= 2e-4)) {
    throw new AtrousError(
      'BAD_SHADER',
      `the plain f32 rows differ from the CPU reference by ${error.toExponential(1)} of the largest logit at 64x128 (allowed 2e-4): nothing is timed`,
    );
  }
  return { ms, macs };
}

async function decoderLogits(
  { device }: Bench,
  { program, frame }: Running,
  rgba: Uint8Array<ArrayBuffer>,
  { h, w }: { h: number; w: number },
): Promise<Float32Array> {
  device.queue.writeTexture({ texture: frame }, rgba, { bytesPerRow: w * 4 }, [w, h]);
  const encoder = device.createCommandEncoder();
  program.encode(encoder);
  device.queue.submit([encoder.finish()]);
  const [name] = program.plan.outputs;
  const place = program.plan.values[name];
  return decodeValue(await readBuffer(device, program.buffer(name)), place, program.plan.precision);
}

/** Largest difference over the largest expected value. */
export function relativeError(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [worst, largest] = [0, 0];
  for (let n = 0; n < expected.length; n++) {
    worst = Math.max(worst, Math.abs(got[n] - expected[n]));
    largest = Math.max(largest, Math.abs(expected[n]));
  }
  return Number.isNaN(worst) ? Number.POSITIVE_INFINITY : worst / largest;
}

function stop({ program, frame }: Running): void {
  program.destroy();
  frame.destroy();
}

function totals({ steps }: Plan): { macs: number; bytes: number } {
  return { macs: steps.reduce((sum, step) => sum + step.macs, 0), bytes: steps.reduce((sum, step) => sum + step.bytes, 0) };
}

/** Seconds that a step takes at least. */
function floorOf({ macs, bytes }: Pick<Step, 'macs' | 'bytes'>, limits: MeasuredLimits): number {
  return Math.max((2 * macs) / (limits.multiply_add_gflops * 1e9), bytes / (limits.copy_gb_per_s * 1e9));
}

/** Checks, then times. Throws `BAD_SHADER` when a check fails: nothing is timed after one. */
export async function measure(bench: Bench, wish: Wish): Promise<Result> {
  const { device, limits } = bench;
  const { size } = wish;
  const net = network(wish.model);
  const engine = createEngine(device, bench.library);
  try {
    const rgba = picture(size);
    // The first frame before anything else, so that it holds all compilation; it counts only if the checks that follow pass.
    const begin = performance.now();
    const running = await start(engine, bench, net, wish, ['classes']);
    const compiled = performance.now();
    const session = open(bench, running, rgba, size);
    const classes = await session.frame();
    const ran = performance.now();
    const cpu = await trust(engine, bench, net);
    const { plan } = running.program;
    const agreement = await agree(engine, bench, net, wish, plan, classes, rgba);
    const runs = wish.runs ?? Math.max(5, Math.min(50, Math.ceil(4000 / (ran - compiled))));
    const wall = await repeat(runs, session.frame);
    const gpu = await gpuTimes(device, running.program, runs);
    const throughput = await session.throughput(Math.max(IN_FLIGHT * 2, Math.min(runs, 50)));
    const steps = wish.steps ? await stepTimes(device, running.program, limits) : undefined;
    session.close();
    stop(running);
    const { macs, bytes } = totals(plan);
    const reference = cpuReference(cpu, macs, size, net);
    const floor = plan.steps.reduce((sum, step) => sum + floorOf(step, limits), 0) * 1e3;
    const wallStatistics = statistics(wall);
    const fps = 1000 / wallStatistics.median;
    return {
      model: wish.model,
      size: `${size.h}x${size.w}`,
      precision: wish.precision,
      variants: typeof wish.variants === 'string' ? wish.variants : wish.variants.join(','),
      gpu_ms: gpu && statistics(gpu),
      wall_ms: wallStatistics,
      fps: round(fps),
      throughput_fps: round(throughput),
      cpu_reference: reference,
      ratio: round(fps / reference.fps),
      dispatches: plan.steps.length,
      pipelines: pipelines(plan).size,
      plan: plan.hash,
      macs,
      bytes,
      peak_bytes: peakBytes(plan),
      roofline: round(floor / (gpu ? statistics(gpu) : wallStatistics).median),
      first_frame_ms: round(ran - begin),
      first_frame: { compile_ms: round(compiled - begin), run_ms: round(ran - compiled) },
      agreement,
      ...(steps ? { steps } : {}),
    };
  } finally {
    destroyEngine(engine);
  }
}

/** Runs the CPU reference at the largest size that takes at most ten seconds, and scales by multiply-adds where that is not the timed one. */
function cpuReference(
  cpu: { ms: number; macs: number },
  macs: number,
  size: { h: number; w: number },
  net: Network,
): Result['cpu_reference'] {
  const sizes = [size, { h: 256, w: 512 }, { h: 128, w: 256 }].filter(({ h, w }) => h * w <= size.h * size.w);
  for (const { h, w } of sizes) {
    const share = (h * w) / (size.h * size.w);
    if ((cpu.ms * macs * share) / cpu.macs > CPU_SECONDS * 1000) continue;
    const input = preprocess({ data: picture({ h, w }), width: w, height: h }, { h, w }, imagenet);
    const begin = performance.now();
    runReference(net.build({ h, w }), input, net.read);
    const ms = (performance.now() - begin) / share;
    return { size: `${h}x${w}`, ms: round(ms), fps: round(1000 / ms), extrapolated: share !== 1 };
  }
  const ms = (cpu.ms * macs) / cpu.macs;
  return { size: `${TRUST.h}x${TRUST.w}`, ms: round(ms), fps: round(1000 / ms), extrapolated: true };
}

/** The timed plan against the plain rows in f32: decoder logits and classes at the timed size. */
async function agree(
  engine: Engine,
  bench: Bench,
  net: Network,
  wish: Wish,
  plan: Plan,
  classes: Uint8Array,
  rgba: Uint8Array<ArrayBuffer>,
): Promise<Result['agreement']> {
  const plain = { size: wish.size, precision: 'f32', variants: 'plain' } as const;
  if (planFor(fuse(net.build(wish.size), machineOf({ facts: bench.facts, variants: 'plain' })), bench, plain).hash === plan.hash) {
    return { logits_error: 0, classes: 1, against: 'itself: on this adapter the plan is the plain rows in f32' };
  }
  const logitsOf = async (what: Pick<Wish, 'size' | 'precision' | 'variants'>): Promise<Float32Array> => {
    const running = await start(engine, bench, net, what, ['decoder']);
    const logits = await decoderLogits(bench, running, rgba, wish.size);
    stop(running);
    return logits;
  };
  const error = relativeError(await logitsOf(wish), await logitsOf(plain));
  const running = await start(engine, bench, net, plain, ['classes']);
  const session = open(bench, running, rgba, wish.size);
  const expected = await session.frame();
  session.close();
  stop(running);
  const equal = classes.reduce((sum, value, n) => sum + Number(value === expected[n]), 0) / classes.length;
  return { logits_error: round(error), classes: round(equal), against: 'the plain rows in f32' };
}

/** Frames through a program: bytes in memory → classes in memory. */
function open({ device }: Bench, { program, frame }: Running, rgba: Uint8Array<ArrayBuffer>, { h, w }: { h: number; w: number }) {
  const source = program.buffer('classes');
  const usage = BufferUsage.MAP_READ | BufferUsage.COPY_DST;
  const ring = Array.from({ length: IN_FLIGHT }, () => device.createBuffer({ label: 'classes', size: source.size, usage }));
  const submit = async (target: GPUBuffer): Promise<Uint8Array> => {
    device.queue.writeTexture({ texture: frame }, rgba, { bytesPerRow: w * 4 }, [w, h]);
    const encoder = device.createCommandEncoder();
    program.encode(encoder);
    encoder.copyBufferToBuffer(source, 0, target, 0, source.size);
    device.queue.submit([encoder.finish()]);
    await target.mapAsync(READ);
    const classes = decodeClasses(target.getMappedRange(), { h, w }, classRow(w));
    target.unmap();
    return classes;
  };
  return {
    frame: () => submit(ring[0]),
    /** Frames a second with several in flight. */
    async throughput(frames: number): Promise<number> {
      const begin = performance.now();
      const lanes = ring.map(async (target, lane) => {
        for (let n = lane; n < frames; n += ring.length) await submit(target);
      });
      await Promise.all(lanes);
      return (frames * 1000) / (performance.now() - begin);
    },
    close(): void {
      for (const buffer of ring) buffer.destroy();
    },
  };
}

async function repeat(runs: number, work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < runs; n++) {
    const begin = performance.now();
    await work();
    times.push(performance.now() - begin);
  }
  return times;
}

/** Milliseconds of the whole pass, the frame on the device already; null without timestamps. */
async function gpuTimes(device: GPUDevice, program: Program, runs: number): Promise<number[] | null> {
  const clock = timer(device, 1);
  if (!clock) return null;
  const times: number[] = [];
  for (let n = 0; n < runs; n++) {
    const encoder = device.createCommandEncoder();
    program.encode(encoder, clock.writes(0));
    clock.resolve(encoder);
    device.queue.submit([encoder.finish()]);
    times.push((await clock.read())[0] / 1e6);
  }
  clock.destroy();
  return times;
}

/** Each step in a pass of its own, the median of five. */
async function stepTimes(device: GPUDevice, program: Program, limits: MeasuredLimits): Promise<StepTime[] | undefined> {
  const { plan } = program;
  const clock = timer(device, plan.steps.length);
  if (!clock) return undefined;
  const samples: number[][] = [];
  for (let n = 0; n < 5; n++) {
    const encoder = device.createCommandEncoder();
    program.encodeSteps(encoder, clock.writes);
    clock.resolve(encoder);
    device.queue.submit([encoder.finish()]);
    samples.push(await clock.read());
  }
  clock.destroy();
  return plan.steps.map((step, index) => ({
    node: step.node,
    pipeline: pipelineKey(step, plan.precision),
    us: round(statistics(samples.map(times => times[index])).median / 1e3),
    floor_us: round(floorOf(step, limits) * 1e6),
    macs: step.macs,
    bytes: step.bytes,
  }));
}
