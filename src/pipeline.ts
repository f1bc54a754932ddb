// A picture's way through a network on a device, once everything for its size is there: pixels in memory → class map in memory.
import { type Engine, type Program, prepare, scoped } from './gpu/executor.ts';
import { BufferUsage, READ, TextureUsage } from './gpu/flags.ts';
import { decodeClasses, decodeValue } from './gpu/transfer.ts';
import type { ReadConstant } from './graph/constant.ts';
import { withScores } from './graph/end.ts';
import type { Graph } from './graph/graph.ts';
import { byteLength, classRow, QUAD } from './graph/layout.ts';
import { shrink } from './image/shrink.ts';
import type { Size } from './image/size.ts';
import type { Network } from './models/registry.ts';
import { fuse } from './passes/index.ts';
import { type AdapterFacts, type Tuned, targetOf, type VariantChoice } from './plan/choose.ts';
import { type LowerOptions, lower } from './plan/lower.ts';
import type { Plan } from './plan/plan.ts';
import { decidedAt } from './plan/threshold.ts';
import type { Precision } from './shader/source.ts';
import type { Card } from './weights/card.ts';

/** What every pipeline of a model is made of. */
export interface Material {
  readonly engine: Engine;
  readonly facts: AdapterFacts;
  readonly network: Network;
  readonly card: Card;
  readonly precision: Precision;
  readonly variants: VariantChoice;
  readonly read: ReadConstant;
  /** What adapters are known to be fastest at; default: what ships. */
  readonly tuned?: Tuned;
  /** Pipelines compiled so far, of how many. */
  readonly onCompile?: (done: number, total: number) => void;
}

/** Probabilities at the network's last grid: one a class, or a single channel, class 1's. */
export interface Scores {
  /** c×h×w. */
  readonly data: Float32Array;
  readonly c: number;
  readonly h: number;
  readonly w: number;
  /** Pixels of the picture that a cell stands for: pixel (x, y) lies in column ⌊(x + ½) / width⌋ and row ⌊(y + ½) / height⌋. */
  readonly cell: { readonly height: number; readonly width: number };
}

export interface Classified {
  readonly classes: Uint8Array;
  /** Null unless the pipeline was made for them. */
  readonly scores: Scores | null;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly onTile?: (done: number, total: number) => void;
  /** Of a network with a single channel of scores. Default: the one of its graph. */
  readonly threshold?: number;
}

export interface Pipeline {
  /** Of the network; what stands around it is not in it. */
  readonly plan: Plan;
  /** What the network reads at once, in pixels. */
  readonly size: Size;
  readonly tiles: number;
  /** `rgba` has the picture's size. Throws `ABORTED` between tiles. */
  run(rgba: Uint8Array<ArrayBuffer>, options?: RunOptions): Promise<Classified>;
  destroy(): void;
}

/** The choices of `lower` that follow from the material. */
export function lowering({ engine, facts, card, precision, variants, tuned }: Material): Omit<LowerOptions, 'stem'> {
  const { mean, std, channels } = card.preprocessing;
  return { precision, facts, variants, tuned, mean, std, channels, shaderFacts: engine.library.brief };
}

/**
 * A network that reads a picture at once, resized to `size` where that is not the picture's own: on the device, or on the CPU where no texture holds the
 * picture. `scores`: the probabilities too.
 */
export async function wholePicture(material: Material, picture: Size, size: Size, scores: boolean): Promise<Pipeline> {
  const { engine, network, read, onCompile, facts } = material;
  const { device } = engine;
  const fits = ({ h, w }: Size): boolean => Math.max(h, w) <= facts.limits.maxTextureDimension2D;
  const shrinks = !fits(picture) && fits(size);
  const uploaded = shrinks ? size : picture;
  const built = network.build({ ...size, to: picture });
  const asked = scores ? withScores(built) : { graph: built, scores: null };
  const graph = fuse(asked.graph, targetOf(material));
  const plan = lower(graph, { ...lowering(material), stem: 'texture', frame: uploaded });
  const frame = await frameTexture(device, plan, uploaded);
  try {
    const program = await prepare(engine, graph, plan, read, frame.createView(), { onProgress: onCompile });
    const classifier = frames(device, program, frame, asked.scores);
    const decide = decider(program, graph);
    return {
      plan,
      size,
      tiles: 1,
      run: (rgba, { threshold } = {}) => classifier.run(shrinks ? shrink(rgba, picture, size) : rgba, () => decide(threshold)),
      destroy() {
        program.destroy();
        classifier.destroy();
        frame.destroy();
      },
    };
  } catch (error) {
    frame.destroy();
    throw error;
  }
}

/** Sets the threshold of a program for what is submitted next; without one it is the graph's. */
export function decider(program: Program, graph: Graph): (threshold?: number) => void {
  const own = graph.nodes.flatMap(({ attributes }) =>
    'threshold' in attributes && attributes.threshold !== null ? attributes.threshold : [],
  );
  let [present] = own;
  return (threshold = own[0]) => {
    if (threshold === present) return;
    for (const [step, params] of decidedAt(program.plan, graph, threshold)) program.update(step, params);
    present = threshold;
  };
}

/** Frames through a program that makes classes of a texture, as many at a time as are asked for. */
export interface Frames {
  /** `ready` is called right before the frame is submitted. */
  run(rgba: Uint8Array<ArrayBuffer>, ready?: () => void): Promise<Classified>;
  destroy(): void;
}

/** `scores` names the value that holds them, or null. */
export function frames(device: GPUDevice, program: Program, texture: GPUTexture, scores: string | null = null): Frames {
  const { width, height } = texture;
  const [h, w] = program.plan.to;
  const reader = endReader(device, program, { h, w }, scores);
  return {
    async run(rgba, ready) {
      const staging = await reader.staging();
      // From here to the submit nothing waits, so that no other call's frame comes between.
      ready?.();
      device.queue.writeTexture({ texture }, rgba, { bytesPerRow: width * 4 }, [width, height]);
      const encoder = device.createCommandEncoder();
      program.encode(encoder);
      reader.encode(encoder, staging);
      device.queue.submit([encoder.finish()]);
      return reader.read(staging);
    },
    destroy: reader.destroy,
  };
}

/** Throws `LIMIT` when the device has no memory left. */
export async function frameTexture(device: GPUDevice, plan: Plan, { h, w }: Size): Promise<GPUTexture> {
  const usage = TextureUsage.TEXTURE_BINDING | TextureUsage.COPY_DST;
  return scoped(device, plan, () => device.createTexture({ label: 'frame', size: [w, h], format: 'rgba8unorm', usage }));
}

/** What a program makes back in memory, through a ring of buffers that grows to as many as are under way. */
export interface EndReader {
  staging(): Promise<GPUBuffer>;
  encode(encoder: GPUCommandEncoder, staging: GPUBuffer): void;
  /** Once the work is done. */
  read(staging: GPUBuffer): Promise<Classified>;
  destroy(): void;
}

/** Reads the class map, h×w, and the value called `scores` where it is not null; its cells are `cell` pixels, by default as many as the picture has. */
export function endReader(
  device: GPUDevice,
  program: Program,
  { h, w }: Size,
  scores: string | null,
  cell?: Scores['cell'],
): EndReader {
  const { plan } = program;
  const classBytes = h * classRow(w);
  const place = scores === null ? null : plan.values[scores];
  const scoreBytes = place ? byteLength({ ...place, c: place.stride * QUAD }, place.kind, plan.precision) : 0;
  const free: GPUBuffer[] = [];
  const usage = BufferUsage.MAP_READ | BufferUsage.COPY_DST;
  const size = classBytes + scoreBytes;
  return {
    staging: async () => free.pop() ?? scoped(device, plan, () => device.createBuffer({ label: 'readback', size, usage })),
    encode(encoder, staging) {
      encoder.copyBufferToBuffer(program.buffer('classes'), 0, staging, 0, classBytes);
      if (place) encoder.copyBufferToBuffer(program.buffer(scores!), place.start, staging, classBytes, scoreBytes);
    },
    async read(staging) {
      await staging.mapAsync(READ);
      const classes = decodeClasses(staging.getMappedRange(0, classBytes), { h, w });
      const decoded = place && {
        data: decodeValue(staging.getMappedRange(classBytes, scoreBytes), place, plan.precision),
        ...{ c: place.c, h: place.h, w: place.w },
        cell: cell ?? { height: h / place.h, width: w / place.w },
      };
      staging.unmap();
      free.push(staging);
      return { classes, scores: decoded };
    },
    destroy() {
      for (const buffer of free) buffer.destroy();
    },
  };
}
