// A loaded model: pictures in, class maps out. It owns a device (or borrows one), keeps a few sizes ready, and survives the device's loss.
import { AtrousError, checkSignal } from './errors.ts';
import { factsOf } from './gpu/device.ts';
import { createEngine, destroyEngine, type Engine, type Program, prepare } from './gpu/executor.ts';
import { BufferUsage, READ, TextureUsage } from './gpu/flags.ts';
import { decodeClasses } from './gpu/transfer.ts';
import { constantReader, type ReadConstant } from './graph/constant.ts';
import type { Graph } from './graph/graph.ts';
import { networkSize, type Size } from './image/size.ts';
import { classShares } from './image/statistics.ts';
import { kernels } from './kernels/index.ts';
import type { Colour } from './models/palettes.ts';
import type { Network } from './models/registry.ts';
import { fuse } from './passes/index.ts';
import { type AdapterFacts, checkChoice, type VariantChoice } from './plan/choose.ts';
import { classRow } from './plan/layout.ts';
import { lower } from './plan/lower.ts';
import type { Plan } from './plan/plan.ts';
import type { Precision, ShaderLibrary } from './shader/source.ts';
import type { Card } from './weights/card.ts';
import { type Tensors, toFloat32 } from './weights/tensor.ts';

/** RGBA or RGB, eight bits a channel, rows from the top. `ImageData` is one. */
export interface Pixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

export interface Progress {
  readonly phase: 'download' | 'compile';
  readonly done: number;
  /** 0 while unknown. */
  readonly total: number;
}

export interface SegmentOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Size inside the network in pixels; default: the picture's own, up to the card's largest area. */
  readonly size?: { readonly height: number; readonly width: number };
}

export interface SegmentInfo {
  readonly model: string;
  readonly adapter: string;
  readonly software: boolean;
  readonly precision: Precision;
  /** Inside the network. */
  readonly height: number;
  readonly width: number;
  /** From pixels in memory to class map in memory, in milliseconds. */
  readonly ms: number;
}

export interface SegmentResult {
  /** One class index a pixel, height × width, rows from the top. */
  readonly classes: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly labels: readonly string[];
  readonly palette: readonly Colour[];
  readonly info: SegmentInfo;
  /** Share of the picture by label, largest first; classes that do not occur are left out. */
  shares(): Record<string, number>;
  /** Class and label of the pixel in column x, row y. Throws `BAD_USAGE` outside the picture. */
  at(x: number, y: number): { readonly index: number; readonly label: string };
}

/** What a segmenter is made of. */
export interface Parts {
  readonly network: Network;
  readonly tensors: Tensors;
  readonly card: Card;
  readonly library: ShaderLibrary;
  readonly precision: Precision;
  readonly variants: VariantChoice;
  /** A new device of the segmenter's own, or the caller's. */
  openDevice(): Promise<GPUDevice>;
  /** True for the caller's device: never destroyed, never replaced. */
  readonly borrowed: boolean;
}

/** A size that is ready: its program, the frame that it reads and the buffers that class maps come back in. */
interface Ready {
  readonly size: Size;
  readonly program: Program;
  readonly frame: GPUTexture;
  readonly staging: GPUBuffer[];
  users: number;
  /** No longer among the sizes kept: the last user destroys it. */
  retired: boolean;
}

interface Opened {
  readonly device: GPUDevice;
  readonly engine: Engine;
  readonly facts: AdapterFacts;
  /** Newest last. */
  readonly sizes: Map<string, Promise<Ready>>;
  lost: boolean;
}

/** Sizes kept ready; the one used longest ago goes first. */
const MAX_SIZES = 3;

export class Segmenter {
  readonly #parts: Parts;
  readonly #read: ReadConstant;
  #opened: Promise<Opened>;
  #latest: Plan | null = null;
  #disposed = false;

  private constructor(parts: Parts, opened: Opened) {
    this.#parts = parts;
    this.#read = constantReader(parts.tensors, toFloat32);
    this.#opened = Promise.resolve(opened);
  }

  /** Use `load`. */
  static async create(parts: Parts): Promise<Segmenter> {
    checkChoice(kernels, parts.variants);
    return new Segmenter(parts, await open(parts));
  }

  get card(): Card {
    return this.#parts.card;
  }

  get labels(): readonly string[] {
    return this.#parts.card.classes;
  }

  get palette(): readonly Colour[] {
    return this.#parts.card.palette;
  }

  /** The plan of the size that was prepared last. Throws `NOT_PREPARED` before the first. */
  get plan(): Plan {
    if (!this.#latest)
      throw new AtrousError('NOT_PREPARED', 'no size is prepared yet: await model.prepare({ height, width }) first');
    return this.#latest;
  }

  async facts(): Promise<AdapterFacts> {
    return (await this.#opened).facts;
  }

  /** Compiles everything for frames of height × width pixels, so that the first `segment` of that size is as fast as the next. */
  async prepare(
    { height, width }: { readonly height: number; readonly width: number },
    options: SegmentOptions = {},
  ): Promise<void> {
    checkFrame({ h: height, w: width });
    await this.#retrying(async opened => {
      const ready = await this.#ready(opened, { h: height, w: width }, options);
      release(ready);
    });
  }

  /**
   * The class of every pixel, at the picture's own size. Throws `BAD_IMAGE` for pixels that are not width × height × 4 (or 3) bytes, `ABORTED`
   * when the signal fires, `LIMIT` when the size does not fit the adapter. A lost device is replaced and the call repeated once.
   */
  async segment(source: Pixels, options: SegmentOptions = {}): Promise<SegmentResult> {
    const rgba = checkPixels(source);
    return this.#retrying(async opened => {
      checkSignal(options.signal);
      const frame = { h: source.height, w: source.width };
      const ready = await this.#ready(opened, frame, options);
      try {
        checkSignal(options.signal);
        const start = performance.now();
        const classes = await classify(opened.device, ready, rgba, frame);
        const ms = performance.now() - start;
        checkSignal(options.signal);
        return this.#result(classes, frame, ready.size, opened.facts, ms);
      } finally {
        release(ready);
      }
    });
  }

  /** Frees the device and all that is on it; a device that was passed in is only cleaned. Further calls throw `DISPOSED`. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    const opened = await this.#opened;
    await Promise.allSettled(opened.sizes.values());
    await close(opened, this.#parts.borrowed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #retrying<T>(work: (opened: Opened) => Promise<T>): Promise<T> {
    if (this.#disposed) throw disposed();
    let opened = await this.#opened;
    if (!opened.lost) {
      try {
        return await work(opened);
      } catch (error) {
        // The loss is reported beside the failure, not always before it.
        await new Promise(resolve => setTimeout(resolve));
        if (this.#disposed) throw disposed();
        if (!opened.lost) throw error;
      }
    }
    if (this.#parts.borrowed)
      throw new AtrousError('DEVICE_LOST', 'the device that was passed in is lost: pass a new one to load()');
    if (opened === (await this.#opened)) this.#opened = open(this.#parts);
    opened = await this.#opened;
    return work(opened);
  }

  #result(classes: Uint8Array, frame: Size, size: Size, facts: AdapterFacts, ms: number): SegmentResult {
    const { card, network, precision } = this.#parts;
    return {
      classes,
      width: frame.w,
      height: frame.h,
      labels: card.classes,
      palette: card.palette,
      info: { model: network.name, adapter: facts.name, software: facts.software, precision, height: size.h, width: size.w, ms },
      shares: () => classShares(classes, card.classes),
      at(x, y) {
        if (!(x >= 0 && x < frame.w && y >= 0 && y < frame.h)) {
          throw new AtrousError('BAD_USAGE', `at(${x}, ${y}) is outside the picture, ${frame.w} wide and ${frame.h} high`);
        }
        const index = classes[Math.floor(y) * frame.w + Math.floor(x)];
        return { index, label: card.classes[index] };
      },
    };
  }

  /** The program for a frame size, made if it must be. Its user must `release` it. */
  async #ready(opened: Opened, frame: Size, options: SegmentOptions): Promise<Ready> {
    const wanted = options.size
      ? { h: options.size.height, w: options.size.width }
      : networkSize(frame, this.card.preprocessing.max_area);
    checkFrame(wanted);
    const key = [frame.h, frame.w, wanted.h, wanted.w].join('×');
    const known = opened.sizes.get(key);
    const making = known ?? this.#make(opened, frame, wanted, options);
    opened.sizes.delete(key);
    opened.sizes.set(key, making);
    try {
      const ready = await making;
      ready.users++;
      this.#latest = ready.program.plan;
      evict(opened);
      return ready;
    } catch (error) {
      opened.sizes.delete(key);
      throw error;
    }
  }

  async #make({ device, engine, facts }: Opened, frame: Size, size: Size, { signal, onProgress }: SegmentOptions): Promise<Ready> {
    const { network, precision, variants, library, card } = this.#parts;
    const { mean, std } = card.preprocessing;
    const graph: Graph = fuse(network.build({ classes: card.classes.length, ...size, to: frame }));
    const plan = lower(graph, { precision, facts, variants, stem: 'texture', frame, mean, std, shaderFacts: library.facts });
    const limit = device.limits.maxTextureDimension2D;
    if (Math.max(frame.h, frame.w) > limit) {
      throw new AtrousError(
        'LIMIT',
        `the picture is ${frame.h}×${frame.w}, the adapter's textures hold at most ${limit}×${limit}: shrink it first`,
      );
    }
    const texture = device.createTexture({
      label: 'frame',
      size: [frame.w, frame.h],
      format: 'rgba8unorm',
      usage: TextureUsage.TEXTURE_BINDING | TextureUsage.COPY_DST,
    });
    try {
      const progress = (done: number, total: number): void => onProgress?.({ phase: 'compile', done, total });
      const program = await prepare(engine, graph, plan, this.#read, texture.createView(), { signal, onProgress: progress });
      return { size, program, frame: texture, staging: [], users: 0, retired: false };
    } catch (error) {
      texture.destroy();
      throw error;
    }
  }
}

function disposed(): AtrousError {
  return new AtrousError('DISPOSED', 'this model was disposed: load it again');
}

async function open(parts: Parts): Promise<Opened> {
  const device = await parts.openDevice();
  const opened: Opened = {
    device,
    engine: createEngine(device, parts.library),
    facts: factsOf(device),
    sizes: new Map(),
    lost: false,
  };
  void device.lost.then(() => {
    opened.lost = true;
  });
  return opened;
}

async function close({ device, engine, sizes }: Opened, borrowed: boolean): Promise<void> {
  for (const making of sizes.values()) destroy(await making);
  sizes.clear();
  destroyEngine(engine);
  if (!borrowed) device.destroy();
}

function destroy({ program, frame, staging }: Ready): void {
  program.destroy();
  frame.destroy();
  for (const buffer of staging) buffer.destroy();
}

/** Lets go of sizes beyond the newest three; one that is still in use goes when its last user is done. */
function evict({ sizes }: Opened): void {
  for (const [key, making] of [...sizes].slice(0, Math.max(0, sizes.size - MAX_SIZES))) {
    sizes.delete(key);
    void making.then(ready => {
      ready.retired = true;
      if (ready.users === 0) destroy(ready);
    });
  }
}

function release(ready: Ready): void {
  ready.users--;
  if (ready.users === 0 && ready.retired) destroy(ready);
}

async function classify(
  device: GPUDevice,
  { program, frame, staging }: Ready,
  rgba: Uint8Array<ArrayBuffer>,
  { h, w }: Size,
): Promise<Uint8Array> {
  device.queue.writeTexture({ texture: frame }, rgba, { bytesPerRow: w * 4 }, [w, h]);
  const source = program.buffer('classes');
  const target =
    staging.pop() ??
    device.createBuffer({ label: 'classes', size: source.size, usage: BufferUsage.MAP_READ | BufferUsage.COPY_DST });
  const encoder = device.createCommandEncoder();
  program.encode(encoder);
  encoder.copyBufferToBuffer(source, 0, target, 0, h * classRow(w));
  device.queue.submit([encoder.finish()]);
  await target.mapAsync(READ);
  const classes = decodeClasses(target.getMappedRange(), { h, w }, classRow(w));
  target.unmap();
  staging.push(target);
  return classes;
}

function checkFrame({ h, w }: Size): void {
  if (![h, w].every(size => Number.isInteger(size) && size > 0)) {
    throw new AtrousError('BAD_USAGE', `the size is ${h}×${w}: height and width must be whole numbers of pixels, 1 or more`);
  }
}

/** The source as RGBA. */
function checkPixels({ data, width, height }: Pixels): Uint8Array<ArrayBuffer> {
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0)) {
    throw new AtrousError('BAD_IMAGE', `the picture is ${width} wide and ${height} high: both must be whole numbers, 1 or more`);
  }
  const pixels = width * height;
  if (data?.length === pixels * 4) return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  if (data?.length !== pixels * 3) {
    throw new AtrousError(
      'BAD_IMAGE',
      `the picture has ${data?.length ?? 'no'} bytes: ${width}×${height} pixels take ${pixels * 4} as RGBA or ${pixels * 3} as RGB`,
    );
  }
  const rgba = new Uint8Array(pixels * 4).fill(255);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < 3; channel++) rgba[pixel * 4 + channel] = data[pixel * 3 + channel];
  }
  return rgba;
}
