// A picture's way through a network on a device, once everything for its size is there: pixels in memory → class map in memory.
import { type Engine, type Program, prepare, scoped } from './gpu/executor.ts';
import { BufferUsage, READ, TextureUsage } from './gpu/flags.ts';
import { decodeClasses } from './gpu/transfer.ts';
import type { ReadConstant } from './graph/constant.ts';
import { classRow } from './graph/layout.ts';
import type { Size } from './image/size.ts';
import type { Network } from './models/registry.ts';
import { fuse } from './passes/index.ts';
import { type AdapterFacts, type Tuned, targetOf, type VariantChoice } from './plan/choose.ts';
import { type LowerOptions, lower } from './plan/lower.ts';
import type { Plan } from './plan/plan.ts';
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

/** Probabilities as the network makes them. */
export interface Scores {
  /** c×h×w. */
  readonly data: Float32Array;
  readonly c: number;
  readonly h: number;
  readonly w: number;
}

export interface Classified {
  readonly classes: Uint8Array;
  /** Null unless the pipeline was made for them. */
  readonly scores: Scores | null;
}

export interface Pipeline {
  /** Of the network; what stands around it is not in it. */
  readonly plan: Plan;
  /** What the network reads at once, in pixels. */
  readonly size: Size;
  readonly tiles: number;
  /** `rgba` has the picture's size. Throws `ABORTED` between tiles. */
  run(rgba: Uint8Array<ArrayBuffer>, signal?: AbortSignal, onTile?: (done: number, total: number) => void): Promise<Classified>;
  destroy(): void;
}

/** The choices of `lower` that follow from the material. */
export function lowering({ engine, facts, card, precision, variants, tuned }: Material): Omit<LowerOptions, 'stem'> {
  const { mean, std, channels } = card.preprocessing;
  return { precision, facts, variants, tuned, mean, std, channels, shaderFacts: engine.library.brief };
}

/** A network that reads a picture at once, resized to `size` where that is not the picture's own. */
export async function wholePicture(material: Material, picture: Size, size: Size): Promise<Pipeline> {
  const { engine, network, card, read, onCompile } = material;
  const { device } = engine;
  const graph = fuse(network.build({ classes: card.classes.length, ...size, to: picture }), targetOf(material));
  const plan = lower(graph, { ...lowering(material), stem: 'texture', frame: picture });
  const frame = await frameTexture(device, plan, picture);
  try {
    const program = await prepare(engine, graph, plan, read, frame.createView(), { onProgress: onCompile });
    const classifier = frames(device, program, frame);
    return {
      plan,
      size,
      tiles: 1,
      run: async rgba => ({ classes: await classifier.classes(rgba), scores: null }),
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

/** Frames through a program that makes classes of a texture, as many at a time as are asked for. */
export function frames(
  device: GPUDevice,
  program: Program,
  texture: GPUTexture,
): { classes(rgba: Uint8Array<ArrayBuffer>): Promise<Uint8Array>; destroy(): void } {
  const { width, height } = texture;
  const [h, w] = program.plan.to;
  const reader = classReader(device, program, { h, w });
  return {
    async classes(rgba) {
      const staging = await reader.staging();
      // From here to the submit nothing waits, so that no other call's frame comes between.
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

/** Class maps of a program back in memory, through a ring of buffers that grows to as many as are under way. */
export interface ClassReader {
  staging(): Promise<GPUBuffer>;
  encode(encoder: GPUCommandEncoder, staging: GPUBuffer): void;
  /** h×w, once the work is done. */
  read(staging: GPUBuffer): Promise<Uint8Array>;
  destroy(): void;
}

export function classReader(device: GPUDevice, program: Program, { h, w }: Size): ClassReader {
  const source = program.buffer('classes');
  const bytes = h * classRow(w);
  const free: GPUBuffer[] = [];
  const usage = BufferUsage.MAP_READ | BufferUsage.COPY_DST;
  return {
    staging: async () =>
      free.pop() ?? scoped(device, program.plan, () => device.createBuffer({ label: 'classes', size: bytes, usage })),
    encode: (encoder, staging) => encoder.copyBufferToBuffer(source, 0, staging, 0, bytes),
    async read(staging) {
      await staging.mapAsync(READ);
      const classes = decodeClasses(staging.getMappedRange(), { h, w });
      staging.unmap();
      free.push(staging);
      return classes;
    },
    destroy() {
      for (const buffer of free) buffer.destroy();
    },
  };
}
