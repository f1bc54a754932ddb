// A network with seeded weights on a device: what every measurement starts from, and what differs between the families.

import { AtrousError } from '../src/errors.ts';
import { type Engine, type Program, prepare, submit } from '../src/gpu/executor.ts';
import { TextureUsage } from '../src/gpu/flags.ts';
import { readValue } from '../src/gpu/transfer.ts';
import { constantReader, type ReadConstant } from '../src/graph/constant.ts';
import { boundaryOf, THRESHOLD } from '../src/graph/decision.ts';
import type { Graph } from '../src/graph/graph.ts';
import { infer, macs } from '../src/graph/ops.ts';
import { select } from '../src/graph/select.ts';
import { decodeWeights } from '../src/load.ts';
import { defaultCard } from '../src/models/cards.ts';
import { dilatedNets, narrowed } from '../src/models/dilatednet.ts';
import { expectedTensors, findNetwork } from '../src/models/registry.ts';
import { resolveFrom } from '../src/node/files.ts';
import { isModelFile, readCardBeside, readModelFile } from '../src/node/onnx-file.ts';
import { fuse } from '../src/passes/index.ts';
import { frames } from '../src/pipeline.ts';
import { type AdapterFacts, type Tuned, targetOf, type VariantChoice } from '../src/plan/choose.ts';
import { lower } from '../src/plan/lower.ts';
import type { Plan } from '../src/plan/plan.ts';
import type { Field } from '../src/reference/field.ts';
import { preprocess, tile } from '../src/reference/preprocess.ts';
import type { Precision, ShaderLibrary } from '../src/shader/source.ts';
import { imagenet, type Preprocessing } from '../src/weights/card.ts';
import { seededTensor, uniform } from '../src/weights/seeded.ts';
import { toFloat64 } from '../src/weights/tensor.ts';

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
  /** The fastest by this run; undefined: those that ship. */
  readonly tuned?: Tuned;
}

export interface Choice {
  readonly precision: Precision;
  readonly variants: VariantChoice;
}

/** The truth: what every plan is held against, link by link. */
export const PLAIN: Choice = { precision: 'f32', variants: 'plain' };

interface Family {
  /** Without --size: the paper's on a GPU, on a CPU adapter one that takes a second or less (DilatedNet: half a minute). */
  readonly sizes: { readonly hardware: Size; readonly software: Size };
  readonly classes: number;
  build(trial: Trial): Graph;
  /** Where the plain rows meet the CPU reference, in every run; null for a file whose network would take it minutes. */
  readonly trust: Trial | null;
  /** Where the CPU reference may be timed when the timed size takes too long, largest first. */
  readonly references: readonly Trial[];
  /** The output whose numbers are compared; classes alone would hide small errors. */
  readonly numbers: string;
  readonly preprocessing: Preprocessing;
  /** What of the network's size the picture's reflection makes, on every side; undefined: the picture fills it. */
  readonly margin?: number;
  /** Of a file of int8 codes. */
  readonly stated?: 'int8';
  /** Of a single channel of scores: what those of class 1 are above. */
  readonly boundary?: number;
}

const whole = (h: number, w: number): Trial => ({ h, w, divide: 1 });

/** Networks that were read from files, by what they are called on the command line. */
const files = new Map<string, Loaded>();

/** Multiply-adds that the CPU reference makes in some seconds. */
const FEW_MACS = 1e9;

/** Reads a model that is a file: from then on `familyOf` and `load` know it; of `precision` only int8 says something. Throws as `decodeWeights`. */
export async function readModel(model: string, precision?: string): Promise<void> {
  if (!isModelFile(model) || files.has(model)) return;
  const path = resolveFrom(model);
  const { bytes, beside } = await readModelFile(path);
  const asked = precision === 'int8' ? precision : undefined;
  const { network, tensors, card, stated } = await decodeWeights(bytes, path, {
    beside,
    card: await readCardBeside(path),
    precision: asked,
  });
  if (network.tile)
    throw new AtrousError('BAD_USAGE', `${model} takes tiles of pictures: name its network, whose weights don't matter here`);
  const build = (size: Size): Graph => network.build(size);
  const [hardware, software] = [whole(1024, 2048), whole(128, 256)].map(size => network.inside?.(size, null) ?? size);
  const graph = build(software);
  const { threshold, activation } = { threshold: THRESHOLD, activation: network.end.activation ?? 'sigmoid' };
  const family: Family = {
    sizes: { hardware, software },
    classes: network.end.channels,
    build,
    trust: graphMacs(graph) <= FEW_MACS ? whole(software.h, software.w) : null,
    references: [],
    numbers: graph.nodes.find(({ name }) => name === 'classes')!.inputs.x,
    preprocessing: card.preprocessing,
    stated,
    ...(network.end.channels === 1 && { boundary: boundaryOf(threshold, { activation }) }),
  };
  files.set(model, { family, build, read: constantReader(tensors, toFloat64) });
}

/** A network's family. Every network of the registry has one. */
export function familyOf(model: string): Family {
  const file = files.get(model);
  if (file) return file.family;
  const network = findNetwork(model);
  const { canonical, publishedClasses: classes, tile, grid } = network;
  if (!tile || !grid) {
    return {
      sizes: { hardware: { h: 1024, w: 2048 }, software: { h: 128, w: 256 } },
      classes,
      build: ({ h, w }) => network.build({ h, w }),
      trust: whole(64, 128),
      references: [whole(256, 512), whole(128, 256), whole(64, 128)],
      numbers: 'decoder',
      preprocessing: imagenet,
    };
  }
  const { preprocessing } = defaultCard(canonical, classes);
  return {
    sizes: { hardware: { h: tile.height, w: tile.width }, software: { h: 388, w: 388 } },
    classes,
    build: ({ h, w, divide }) => network.build({ h, w, widths: narrowed(dilatedNets.get(canonical)!, divide) }),
    trust: { h: 412, w: 428, divide: 16 },
    references: [
      { h: 412, w: 428, divide: 4 },
      { h: 412, w: 428, divide: 16 },
    ],
    numbers: grid.value,
    preprocessing,
    margin: tile.margin,
  };
}

/** The picture's size behind the network's. */
export function frameSize({ h, w }: Size, { margin = 0 }: Pick<Family, 'margin'>): Size {
  return { h: h - 2 * margin, w: w - 2 * margin };
}

/** The picture as the network reads it, on the CPU. */
export function inputOf(size: Size, { preprocessing, margin }: Pick<Family, 'preprocessing' | 'margin'>): Field {
  const frame = frameSize(size, { margin });
  const pixels = { data: picture(frame), width: frame.w, height: frame.h };
  const { mean, std, channels = 'rgb' } = preprocessing;
  const normalisation = { mean, std, channels };
  return margin === undefined
    ? preprocess(pixels, size, normalisation)
    : tile(pixels, size, normalisation, { margin, top: 0, left: 0 });
}

/** A network whose weights are in memory. */
export interface Loaded {
  readonly family: Family;
  readonly read: ReadConstant;
  build(size: Size): Graph;
}

/** Seeded weights follow from names and shapes, so no file is read. */
export function load(model: string, divide = 1): Loaded {
  const file = files.get(model);
  if (file) return file;
  const family = familyOf(model);
  const build = (size: Size): Graph => family.build({ ...size, divide });
  const tensors = new Map([...expectedTensors(build(family.trust!))].map(([name, shape]) => [name, seededTensor(name, shape)]));
  return { family, build, read: constantReader(tensors, toFloat64) };
}

export function graphMacs(graph: Graph): number {
  const values = infer(graph);
  return graph.nodes.reduce((sum, node) => sum + macs(node, values.get(node.name)!.shape), 0);
}

export interface Planned {
  readonly graph: Graph;
  readonly plan: Plan;
}

/** The network fused and lowered for some outputs. */
export function planFor(
  { facts, library, tuned }: Bench,
  { family, build }: Loaded,
  size: Size,
  choice: Choice,
  outputs: readonly string[] = ['classes'],
): Planned {
  const { mean, std, channels } = family.preprocessing;
  const graph = fuse(select(build(size), outputs), targetOf({ ...choice, facts }));
  const stem = { stem: 'texture', frame: frameSize(size, family), margin: family.margin, mean, std, channels } as const;
  return { graph, plan: lower(graph, { ...choice, ...stem, facts, tuned, shaderFacts: library.brief }) };
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
  const { graph, plan } = planFor(bench, net, size, choice, outputs);
  const { h, w } = frameSize(size, net.family);
  const usage = TextureUsage.TEXTURE_BINDING | TextureUsage.COPY_DST;
  const frame = bench.device.createTexture({ label: 'frame', size: [w, h], format: 'rgba8unorm', usage });
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
  submit(device, program);
  return readValue(device, program, program.plan.outputs[0]);
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

/** Share of pixels that two class maps agree on; 0 where their sizes differ. */
export function equalShare(a: Uint8Array, b: Uint8Array): number {
  return a.length === b.length ? a.reduce((sum, value, n) => sum + Number(value === b[n]), 0) / a.length : 0;
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
  const { run, destroy } = frames(device, program, frame);
  return {
    frame: async () => (await run({ kind: 'pixels', rgba })).classes!,
    async throughput(count) {
      const begin = performance.now();
      const lanes = Array.from({ length: IN_FLIGHT }, async (_, lane) => {
        for (let n = lane; n < count; n += IN_FLIGHT) await run({ kind: 'pixels', rgba });
      });
      await Promise.all(lanes);
      return (count * 1000) / (performance.now() - begin);
    },
    close: destroy,
  };
}

export function sizeText({ h, w }: Size): string {
  return `${h}x${w}`;
}
