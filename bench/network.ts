// A network with seeded weights on a device: what every measurement starts from, and what differs between the families.

import { type Engine, type Program, prepare } from '../src/gpu/executor.ts';
import { BufferUsage, READ, TextureUsage } from '../src/gpu/flags.ts';
import { decodeClasses, decodeValue, readBuffer } from '../src/gpu/transfer.ts';
import { constantReader, type ReadConstant } from '../src/graph/constant.ts';
import type { Graph } from '../src/graph/graph.ts';
import { classRow } from '../src/graph/layout.ts';
import { infer, macs } from '../src/graph/ops.ts';
import { select } from '../src/graph/select.ts';
import { expectedTensors, findNetwork, type Network } from '../src/models/registry.ts';
import { fuse } from '../src/passes/index.ts';
import type { AdapterFacts, Tuned, VariantChoice } from '../src/plan/choose.ts';
import { lower } from '../src/plan/lower.ts';
import type { Plan } from '../src/plan/plan.ts';
import type { Precision, ShaderLibrary } from '../src/shader/source.ts';
import { imagenet } from '../src/weights/card.ts';
import { seededTensor, uniform } from '../src/weights/seeded.ts';
import { toFloat32 } from '../src/weights/tensor.ts';

export interface Size {
  readonly h: number;
  readonly w: number;
}

/** A size, and what the hidden widths are divided by. */
export interface Trial extends Size {
  readonly divide: number;
}

export interface Bench {
  readonly device: GPUDevice;
  readonly facts: AdapterFacts;
  readonly library: ShaderLibrary;
  /** Winners of this run; undefined: those that ship. */
  readonly tuned?: Tuned;
}

export interface Choice {
  readonly precision: Precision;
  readonly variants: VariantChoice;
}

/** The truth: what every plan is held against, link by link. */
export const PLAIN: Choice = { precision: 'f32', variants: 'plain' };

interface Family {
  fits(network: Network): boolean;
  /** Without --size: the paper's on a GPU, one that takes a second or less on a CPU adapter. */
  readonly sizes: { readonly hardware: Size; readonly software: Size };
  readonly classes: number;
  build(network: Network, trial: Trial): Graph;
  /** Where the plain rows meet the CPU reference, in every run. */
  readonly trust: Trial;
  /** Where the CPU reference may be timed when the timed size takes too long, largest first. */
  readonly references: readonly Trial[];
  /** The output whose numbers are compared; classes alone would hide small errors. */
  readonly numbers: string;
  readonly normalisation: Pick<typeof imagenet, 'mean' | 'std'>;
}

const whole = (h: number, w: number): Trial => ({ h, w, divide: 1 });

/** The special ones before the general. */
const families: readonly Family[] = [
  {
    fits: () => true,
    sizes: { hardware: { h: 1024, w: 2048 }, software: { h: 128, w: 256 } },
    classes: 19,
    build: (network, { h, w }) => network.build({ classes: 19, h, w }),
    trust: whole(64, 128),
    references: [whole(256, 512), whole(128, 256), whole(64, 128)],
    numbers: 'decoder',
    normalisation: imagenet,
  },
];

/** A network's family. Every network of the registry has one. */
export function familyOf(model: string): Family {
  const network = findNetwork(model);
  return families.find(({ fits }) => fits(network))!;
}

/** A network whose weights are in memory. */
export interface Loaded {
  readonly family: Family;
  readonly read: ReadConstant;
  build(size: Size): Graph;
}

/** Seeded weights follow from names and shapes, so no file is read. */
export function load(model: string, divide = 1): Loaded {
  const [network, family] = [findNetwork(model), familyOf(model)];
  const build = (size: Size): Graph => family.build(network, { ...size, divide });
  const tensors = new Map([...expectedTensors(build(family.trust))].map(([name, shape]) => [name, seededTensor(name, shape)]));
  return { family, build, read: constantReader(tensors, toFloat32) };
}

export function graphMacs(graph: Graph): number {
  const values = infer(graph);
  return graph.nodes.reduce((sum, node) => sum + macs(node, values.get(node.name)!.shape), 0);
}

export function planFor(
  graph: Graph,
  { facts, library, tuned }: Bench,
  choice: Choice,
  { mean, std }: Family['normalisation'],
): Plan {
  return lower(graph, { ...choice, facts, tuned, stem: 'texture', mean, std, shaderFacts: library.facts });
}

/** The fixtures' seeded picture in eight bits. */
export function picture({ h, w }: Size): Uint8Array<ArrayBuffer> {
  const rgba = new Uint8Array(h * w * 4).fill(255);
  const planes = uniform('input', 3 * h * w);
  for (let pixel = 0; pixel < h * w; pixel++) {
    for (let channel = 0; channel < 3; channel++) rgba[pixel * 4 + channel] = planes[channel * h * w + pixel] * 256;
  }
  return rgba;
}

export interface Running {
  readonly program: Program;
  readonly frame: GPUTexture;
}

/** Everything up to the first frame: plan, pipelines, weights and buffers on the device. */
export async function start(
  engine: Engine,
  bench: Bench,
  net: Loaded,
  size: Size,
  choice: Choice,
  outputs: readonly string[] = ['classes'],
): Promise<Running> {
  const graph = fuse(select(net.build(size), outputs));
  const plan = planFor(graph, bench, choice, net.family.normalisation);
  const usage = TextureUsage.TEXTURE_BINDING | TextureUsage.COPY_DST;
  const frame = bench.device.createTexture({ label: 'frame', size: [size.w, size.h], format: 'rgba8unorm', usage });
  const program = await prepare(engine, graph, plan, net.read, frame.createView());
  return { program, frame };
}

export function stop({ program, frame }: Running): void {
  program.destroy();
  frame.destroy();
}

/** The numbers of a program's first output after one frame. */
export async function numbersOf(
  device: GPUDevice,
  { program, frame }: Running,
  rgba: Uint8Array<ArrayBuffer>,
): Promise<Float32Array> {
  device.queue.writeTexture({ texture: frame }, rgba, { bytesPerRow: frame.width * 4 }, [frame.width, frame.height]);
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

/** Share of pixels that two class maps of one size agree on. */
export function equalShare(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((sum, value, n) => sum + Number(value === b[n]), 0) / a.length;
}

export interface Session {
  /** Bytes in memory → classes in memory. */
  frame(): Promise<Uint8Array>;
  /** Frames a second with several in flight. */
  throughput(frames: number): Promise<number>;
  close(): void;
}

export const IN_FLIGHT = 3;

/** Frames through a program that makes classes. */
export function open(device: GPUDevice, { program, frame }: Running, rgba: Uint8Array<ArrayBuffer>): Session {
  const source = program.buffer('classes');
  const [h, w] = program.plan.to;
  const usage = BufferUsage.MAP_READ | BufferUsage.COPY_DST;
  const ring = Array.from({ length: IN_FLIGHT }, () => device.createBuffer({ label: 'classes', size: source.size, usage }));
  const submit = async (target: GPUBuffer): Promise<Uint8Array> => {
    device.queue.writeTexture({ texture: frame }, rgba, { bytesPerRow: frame.width * 4 }, [frame.width, frame.height]);
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
    async throughput(frames) {
      const begin = performance.now();
      const lanes = ring.map(async (target, lane) => {
        for (let n = lane; n < frames; n += ring.length) await submit(target);
      });
      await Promise.all(lanes);
      return (frames * 1000) / (performance.now() - begin);
    },
    close() {
      for (const buffer of ring) buffer.destroy();
    },
  };
}

export function sizeText({ h, w }: Size): string {
  return `${h}x${w}`;
}
