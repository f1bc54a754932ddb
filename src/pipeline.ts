// A picture's way through a network on a device, once everything for its size is there: a frame → a class map, in memory or as a texture.
import type { Beside, More, Wish } from './asked.ts';
import { AtrousError } from './errors.ts';
import { type Engine, type Program, prepare, scoped } from './gpu/executor.ts';
import { BufferUsage, READ, TextureUsage } from './gpu/flags.ts';
import type { Frame } from './gpu/frames.ts';
import type { Smoother } from './gpu/smooth.ts';
import { decodeClasses } from './gpu/transfer.ts';
import type { ReadConstant } from './graph/constant.ts';
import type { Graph } from './graph/graph.ts';
import { byteLength, classRow, QUAD } from './graph/layout.ts';
import type { Size } from './image/size.ts';
import type { Runnable } from './models/network.ts';
import { fuse } from './passes/index.ts';
import { type AdapterFacts, type Tuned, targetOf, type VariantChoice } from './plan/choose.ts';
import { fetchLimits, fetchPreprocess } from './plan/fetch.ts';
import { type LowerOptions, lower } from './plan/lower.ts';
import type { Plan, Stem } from './plan/plan.ts';
import { isTooLarge } from './plan/room.ts';
import type { Precision } from './shader/source.ts';
import type { Card } from './weights/card.ts';

export type { Raw, Scores } from './asked.ts';

/** What every pipeline of a model is made of. */
export interface Material {
  readonly engine: Engine;
  readonly facts: AdapterFacts;
  readonly network: Runnable;
  readonly card: Card;
  readonly precision: Precision;
  readonly variants: VariantChoice;
  readonly read: ReadConstant;
  /** What adapters are known to be fastest at; default: what ships. */
  readonly tuned?: Tuned;
  /** Pipelines compiled so far, of how many. */
  readonly onCompile?: (done: number, total: number) => void;
}

/** Stems that take a picture. */
export type FrameStem = Extract<Stem, 'texture' | 'external'>;

/** Where the class map is wanted: in memory, as a texture, or both. */
export type Output = 'classes' | 'texture' | 'both';

const none: More = { scores: null, matte: null, raw: null };
const nothing: Beside = { values: [], finish: () => none };

export interface Classified extends More {
  /** Null where only the texture was asked for. */
  readonly classes: Uint8Array | null;
  /** r8uint, the pipeline's own: its next run writes it anew. */
  readonly texture: GPUTexture | null;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly onTile?: (done: number, total: number) => void;
  /** Of a network with a single channel of scores. Default: the one of its graph. */
  readonly threshold?: number;
  /** Default: classes. */
  readonly output?: Output;
}

export interface EncodeOptions {
  readonly into?: GPUTexture;
  /** As in `RunOptions`, for all that is submitted from now on. */
  readonly threshold?: number;
  /** From `smoother`. */
  readonly smoother?: Smoother;
}

export interface Staged {
  readonly program: Program;
  readonly frame?: GPUBindGroup;
}

export interface Pipeline {
  /** Of a picture that is read at once: where else its values are, such as its matte. */
  readonly program?: Program;
  /** Of the network; what stands around it is not in it. */
  readonly plan: Plan;
  /** Of the pictures. */
  readonly picture: Size;
  /** What a frame must be for `encode`, and for `run` beside pixels. */
  readonly stem: FrameStem;
  /** What the network reads at once, in pixels. */
  readonly size: Size;
  readonly tiles: number;
  /** `frame` has the picture's size. Throws `ABORTED` between tiles, `BAD_IMAGE` for a texture that the device can't read. */
  run(frame: Frame, options?: RunOptions): Promise<Classified>;
  /** Records all that makes a picture's class map of a texture, and the copy of that into `into`, or into its own texture. */
  encode(encoder: GPUCommandEncoder, frame: GPUTexture, options?: EncodeOptions): GPUTexture;
  /** What averages scores over the frames that are encoded with it. */
  smoother(): Promise<Smoother>;
  /** For a profile: the frame in place, and the programs that follow each other, of several tiles the first one's. */
  stage(frame: Frame): Promise<readonly Staged[]>;
  destroy(): void;
}

/** The choices of `lower` that follow from the material. */
export function lowering({ engine, facts, card, precision, variants, tuned }: Material): Omit<LowerOptions, 'stem'> {
  const { mean, std, channels } = card.preprocessing;
  return { precision, facts, variants, tuned, mean, std, channels, shaderFacts: engine.library.brief };
}

/**
 * A network that reads a picture at once, resized to `size` where that is not the picture's own: on the device, or on the CPU where no texture holds the
 * picture.
 */
export async function wholePicture(material: Material, picture: Size, size: Size, stem: FrameStem, wish: Wish): Promise<Pipeline> {
  const { engine, network, read, onCompile, facts } = material;
  const { device } = engine;
  const fits = ({ h, w }: Size): boolean => Math.max(h, w) <= facts.limits.maxTextureDimension2D;
  const options = { ...size, to: picture };
  const wished = wish.scores || wish.matte || wish.raw.length > 0;
  const asked = wished ? (await import('./asked.ts')).ask(network, options, wish) : { ...nothing, graph: network.build(options) };
  const shrinks = !fits(picture) && fits(size);
  const uploaded: Size = shrinks ? asked.graph.input : picture;
  const { shrink } = shrinks ? await import('./image/shrink.ts') : { shrink: null };
  const shrunk = (frame: Frame): Frame =>
    shrink && frame.kind === 'pixels' ? { kind: 'pixels', rgba: shrink(frame.rgba, picture, uploaded) } : frame;
  const graph = fuse(asked.graph, targetOf(material));
  if (uploaded.h !== size.h || uploaded.w !== size.w) await fetchPreprocess();
  const planned = (): Plan => lower(graph, { ...lowering(material), stem, frame: uploaded });
  let plan = planned();
  if (isTooLarge(plan, uploaded, facts)) {
    await fetchLimits();
    plan = planned();
  }
  const own = stem === 'texture' ? await frameTexture(device, plan, uploaded) : null;
  try {
    const program = await prepare(engine, graph, plan, read, own?.createView() ?? null, { onProgress: onCompile });
    const classifier = frames(device, program, own, asked);
    const decide = decides(graph) ? (await import('./decide.ts')).decider(program, graph) : () => {};
    return {
      program,
      plan,
      picture,
      stem,
      size,
      tiles: 1,
      run: (frame, { threshold, output } = {}) => classifier.run(shrunk(frame), { output, ready: () => decide(threshold) }),
      encode(encoder, frame, { into, threshold, smoother } = {}) {
        decide(threshold);
        program.encode(encoder, undefined, classifier.bind(frame), smoother);
        return classifier.map.copy(encoder, into);
      },
      smoother: async () => (await import('./gpu/smooth.ts')).smoother(engine, program),
      async stage(frame) {
        const bound = await classifier.bound(shrunk(frame));
        return [{ program, frame: bound() }];
      },
      destroy() {
        program.destroy();
        classifier.destroy();
        own?.destroy();
      },
    };
  } catch (error) {
    own?.destroy();
    throw error;
  }
}

/** Does a threshold decide at its end? */
function decides({ nodes }: Graph): boolean {
  return nodes.some(({ attributes }) => 'threshold' in attributes && attributes.threshold !== null);
}

/** How frames reach the step that reads them. */
export interface Binder {
  /** A texture of the device. */
  bind(frame: GPUTexture): GPUBindGroup;
  /**
   * Checks what can be checked before. The function that it gives, to be called right before the submit, uploads pixels and binds what is not bound:
   * undefined for the program's own texture. Throws `BAD_IMAGE` for a texture that the device can't read.
   */
  bound(frame: Frame): Promise<() => GPUBindGroup | undefined>;
}

/** `own` is what the program was prepared with, where pixels go. */
export function binder(device: GPUDevice, program: Program, own: GPUTexture | null): Binder {
  const groups = new WeakMap<GPUTexture, GPUBindGroup>();
  const bind = (frame: GPUTexture): GPUBindGroup => {
    const group = groups.get(frame) ?? program.bindFrame(frame.createView());
    groups.set(frame, group);
    return group;
  };
  return {
    bind,
    async bound(frame) {
      if (frame.kind === 'texture') {
        const group = await readable(device, program.plan, () => bind(frame.texture)).catch(error => {
          groups.delete(frame.texture);
          throw error;
        });
        return () => group;
      }
      return () => {
        if (frame.kind === 'external') return program.bindFrame(frame.texture);
        const { width, height } = own!;
        device.queue.writeTexture({ texture: own! }, frame.rgba, { bytesPerRow: width * 4 }, [width, height]);
        return undefined;
      };
    },
  };
}

/** What the device says of a texture that is not ours is told as an error of the picture. */
export async function readable<T>(device: GPUDevice, plan: Plan, work: () => T): Promise<T> {
  try {
    return await scoped(device, plan, work);
  } catch (error) {
    if (!(error instanceof AtrousError && error.code === 'BAD_SHADER')) throw error;
    const { unreadable } = await import('./texture-failure.ts');
    throw unreadable(error);
  }
}

/** The class map of a program as a texture, one for all its frames. */
export interface ClassTexture {
  /** Records the copy; returns the texture that it goes to. */
  copy(encoder: GPUCommandEncoder, into?: GPUTexture): GPUTexture;
  destroy(): void;
}

/** r8uint can't be written by a shader in core WebGPU: it is copied from the buffer. */
export function classTexture(device: GPUDevice, program: Program, { h, w }: Size): ClassTexture {
  const usage = TextureUsage.TEXTURE_BINDING | TextureUsage.COPY_SRC | TextureUsage.COPY_DST;
  let own: GPUTexture | null = null;
  return {
    copy(encoder, into) {
      own ??= into ? null : device.createTexture({ label: 'classes', size: [w, h], format: 'r8uint', usage });
      const texture = into ?? own!;
      encoder.copyBufferToTexture({ buffer: program.buffer('classes'), bytesPerRow: classRow(w) }, { texture }, [w, h]);
      return texture;
    },
    destroy: () => own?.destroy(),
  };
}

/** Frames through a program that makes classes, as many at a time as are asked for. */
export interface Frames extends Binder {
  /** `ready` is called right before the frame is submitted. */
  run(frame: Frame, options?: { readonly output?: Output; readonly ready?: () => void }): Promise<Classified>;
  readonly map: ClassTexture;
  destroy(): void;
}

export function frames(device: GPUDevice, program: Program, texture: GPUTexture | null, asked?: Beside): Frames {
  const [h, w] = program.plan.to;
  const map = classTexture(device, program, { h, w });
  const reader = endReader(device, program, { h, w }, map, asked);
  const bound = binder(device, program, texture);
  return {
    ...bound,
    map,
    async run(frame, { output = 'classes', ready } = {}) {
      const bind = await bound.bound(frame);
      return reader.read(
        output,
        encoder => {
          ready?.();
          program.encode(encoder, undefined, bind());
        },
        frame.kind === 'texture',
      );
    },
    destroy() {
      reader.destroy();
      map.destroy();
    },
  };
}

/** Throws `LIMIT` when the device has no memory left. */
export async function frameTexture(device: GPUDevice, plan: Plan, { h, w }: Size): Promise<GPUTexture> {
  const usage = TextureUsage.TEXTURE_BINDING | TextureUsage.COPY_DST;
  return scoped(device, plan, () => device.createTexture({ label: 'frame', size: [w, h], format: 'rgba8unorm', usage }));
}

/** What a program makes back in memory, through a ring of buffers that grows to as many as are under way; or as a texture, without waiting. */
export interface EndReader {
  /**
   * Submits what `encode` records and what the output takes behind it. From there to the submit nothing waits, so that no other call comes between.
   * `foreign`: a texture of the caller's is read, and what the device says of that is waited for.
   */
  read(output: Output, encode: (encoder: GPUCommandEncoder) => void, foreign?: boolean): Promise<Classified>;
  destroy(): void;
}

/** Reads the class map, h×w, and what is asked for. */
export function endReader(device: GPUDevice, program: Program, picture: Size, map: ClassTexture, asked = nothing): EndReader {
  const { plan } = program;
  const classBytes = picture.h * classRow(picture.w);
  let size = classBytes;
  const parts = asked.values.map(value => {
    const place = plan.values[value];
    const bytes = byteLength({ ...place, c: place.stride * QUAD }, place.kind, plan.precision);
    size += bytes;
    return { value, start: place.start, at: size - bytes, bytes };
  });
  const free: GPUBuffer[] = [];
  const usage = BufferUsage.MAP_READ | BufferUsage.COPY_DST;
  return {
    async read(output, encode, foreign = false) {
      // What is asked for is read back whatever becomes of the classes.
      const back = output !== 'texture' || size > classBytes;
      const staging = back
        ? (free.pop() ?? (await scoped(device, plan, () => device.createBuffer({ label: 'readback', size, usage }))))
        : null;
      const submit = (): GPUTexture | null => {
        const encoder = device.createCommandEncoder();
        encode(encoder);
        if (staging) {
          encoder.copyBufferToBuffer(program.buffer('classes'), 0, staging, 0, classBytes);
          for (const { value, start, at, bytes } of parts)
            encoder.copyBufferToBuffer(program.buffer(value), start, staging, at, bytes);
        }
        const texture = output === 'classes' ? null : map.copy(encoder);
        device.queue.submit([encoder.finish()]);
        return texture;
      };
      const submitted = foreign ? readable(device, plan, submit) : submit();
      if (!staging) return { classes: null, texture: await submitted, ...none };
      let texture: GPUTexture | null;
      try {
        [texture] = await Promise.all([submitted, staging.mapAsync(READ)]);
      } catch (error) {
        staging.destroy();
        throw error;
      }
      const classes = output === 'texture' ? null : decodeClasses(staging.getMappedRange(0, classBytes), picture);
      const ranges = new Map(parts.map(({ value, at, bytes }) => [value, staging.getMappedRange(at, bytes)]));
      const more = asked.finish(ranges, plan, picture);
      staging.unmap();
      free.push(staging);
      return { classes, texture, ...more };
    },
    destroy() {
      for (const buffer of free) buffer.destroy();
    },
  };
}
