// A loaded model: pictures in, class maps out. It owns a device (or borrows one), keeps a few sizes ready, and survives the device's loss.
import { AtrousError, checkSignal } from './errors.ts';
import { factsOf } from './gpu/device.ts';
import { createEngine, destroyEngine, type Engine, type Program, prepare, scoped } from './gpu/executor.ts';
import { BufferUsage, READ, TextureUsage } from './gpu/flags.ts';
import { decodeClasses } from './gpu/transfer.ts';
import { constantReader, type ReadConstant } from './graph/constant.ts';
import type { Graph } from './graph/graph.ts';
import { classRow } from './graph/layout.ts';
import { networkSize, type Size } from './image/size.ts';
import { classShares } from './image/statistics.ts';
import { kernels } from './kernels/index.ts';
import type { Colour } from './models/palettes.ts';
import type { Network } from './models/registry.ts';
import { fuse } from './passes/index.ts';
import { type AdapterFacts, checkChoice, machineOf, type VariantChoice } from './plan/choose.ts';
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
  /** What the result holds: the class map. */
  readonly output?: 'classes';
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
}

/** A size that is ready or in the making, and how many calls are at it. */
interface Entry {
  readonly key: string;
  readonly making: Promise<Ready>;
  users: number;
}

interface Opened {
  readonly device: GPUDevice;
  readonly engine: Engine;
  readonly facts: AdapterFacts;
  /** Newest last. */
  readonly sizes: Map<string, Entry>;
  lost: boolean;
}

/** Sizes kept ready; the one used longest ago goes first. */
const MAX_SIZES = 3;

export class Segmenter {
  readonly #parts: Parts;
  readonly #read: ReadConstant;
  /** Replaced when its device is lost. */
  #opened: Promise<Opened>;
  #latest: Plan | null = null;
  readonly #running = new Set<Promise<unknown>>();
  #disposal: Promise<void> | null = null;

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

  /** The plan of the size that was used last. Throws `NOT_PREPARED` before the first. */
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
    await this.#retrying(opened => this.#using(opened, { h: height, w: width }, options, async () => {}));
  }

  /**
   * The class of every pixel, at the picture's own size. Throws `BAD_IMAGE` for pixels that are not width × height × 4 (or 3) bytes, `ABORTED`
   * when the signal fires, `LIMIT` when the size does not fit the adapter. A lost device is replaced and the call repeated once.
   */
  async segment(source: Pixels, options: SegmentOptions = {}): Promise<SegmentResult> {
    checkOptions(options);
    const rgba = checkPixels(source);
    const frame = { h: source.height, w: source.width };
    return this.#retrying(opened =>
      this.#using(opened, frame, options, async ready => {
        const start = performance.now();
        const classes = await classify(opened.device, ready, rgba, frame);
        const ms = performance.now() - start;
        checkSignal(options.signal);
        return this.#result(classes, frame, ready.size, opened.facts, ms);
      }),
    );
  }

  /**
   * Waits for the calls under way, then frees the device and all that is on it; a device that was passed in is only cleaned. Further
   * calls throw `DISPOSED`.
   */
  dispose(): Promise<void> {
    this.#disposal ??= this.#close();
    return this.#disposal;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#running);
    await close(await this.#opened, this.#parts.borrowed);
  }

  async #retrying<T>(work: (opened: Opened) => Promise<T>): Promise<T> {
    if (this.#disposal) throw new AtrousError('DISPOSED', 'this model was disposed: load it again');
    const call = this.#attempt(work);
    this.#running.add(call);
    return call.finally(() => this.#running.delete(call));
  }

  async #attempt<T>(work: (opened: Opened) => Promise<T>): Promise<T> {
    const current = this.#opened;
    const first = await unlessLost(await current, work);
    if (first !== LOST) return first;
    if (this.#parts.borrowed)
      throw new AtrousError('DEVICE_LOST', 'the device that was passed in is lost: pass a new one to load()');
    // Of several calls that met the loss the first replaces the device. Where that fails the next call tries again.
    if (this.#opened === current) {
      const fresh = open(this.#parts);
      this.#opened = fresh;
      fresh.catch(() => {
        this.#opened = current;
      });
    }
    const again = await unlessLost(await this.#opened, work);
    if (again === LOST) throw new AtrousError('DEVICE_LOST', 'the device was lost and so was the one that replaced it: call again');
    return again;
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

  /** Lends the program for a frame size, made if it must be. Callers share what is in the making, so no one's signal stops it. */
  async #using<T>(opened: Opened, frame: Size, options: SegmentOptions, work: (ready: Ready) => Promise<T>): Promise<T> {
    checkSignal(options.signal);
    const wanted = options.size
      ? { h: options.size.height, w: options.size.width }
      : networkSize(frame, this.card.preprocessing.max_area);
    checkFrame(wanted);
    const key = [frame.h, frame.w, wanted.h, wanted.w].join('×');
    const entry = opened.sizes.get(key) ?? this.#start(opened, key, frame, wanted, options);
    opened.sizes.delete(key);
    opened.sizes.set(key, entry);
    entry.users++;
    try {
      const ready = await untilAborted(entry.making, options.signal);
      this.#latest = ready.program.plan;
      return await work(ready);
    } finally {
      entry.users--;
      if (opened.sizes.get(key) !== entry) retire(entry);
    }
  }

  #start(opened: Opened, key: string, frame: Size, size: Size, options: SegmentOptions): Entry {
    const entry: Entry = { key, making: this.#make(opened, frame, size, options), users: 0 };
    entry.making.then(
      () => evict(opened),
      () => {
        if (opened.sizes.get(key) === entry) opened.sizes.delete(key);
      },
    );
    return entry;
  }

  async #make({ device, engine, facts }: Opened, frame: Size, size: Size, { signal, onProgress }: SegmentOptions): Promise<Ready> {
    const { network, precision, variants, library, card } = this.#parts;
    const { mean, std } = card.preprocessing;
    const graph: Graph = fuse(network.build({ classes: card.classes.length, ...size, to: frame }), machineOf({ facts, variants }));
    const plan = lower(graph, { precision, facts, variants, stem: 'texture', frame, mean, std, shaderFacts: library.facts });
    const limit = device.limits.maxTextureDimension2D;
    if (Math.max(frame.h, frame.w) > limit) {
      throw new AtrousError(
        'LIMIT',
        `the picture is ${frame.h}×${frame.w}, the adapter's textures hold at most ${limit}×${limit}: shrink it first`,
      );
    }
    const usage = TextureUsage.TEXTURE_BINDING | TextureUsage.COPY_DST;
    const described: GPUTextureDescriptor = { label: 'frame', size: [frame.w, frame.h], format: 'rgba8unorm', usage };
    const texture = await scoped(device, plan, () => device.createTexture(described));
    try {
      const program = await prepare(engine, graph, plan, this.#read, texture.createView(), {
        onProgress: (done, total) => {
          if (!signal?.aborted) onProgress?.({ phase: 'compile', done, total });
        },
      });
      return { size, program, frame: texture, staging: [] };
    } catch (error) {
      texture.destroy();
      throw error;
    }
  }
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
  const made = await Promise.allSettled([...sizes.values()].map(({ making }) => making));
  for (const size of made) if (size.status === 'fulfilled') destroy(size.value);
  sizes.clear();
  destroyEngine(engine);
  if (!borrowed) device.destroy();
}

const LOST = Symbol('lost');

/** What the work gives, or `LOST` when the device is lost, before or meanwhile. */
async function unlessLost<T>(opened: Opened, work: (opened: Opened) => Promise<T>): Promise<T | typeof LOST> {
  if (opened.lost) return LOST;
  try {
    return await work(opened);
  } catch (error) {
    // The loss is reported beside the failure, not always before it.
    await new Promise(resolve => setTimeout(resolve));
    if (!opened.lost) throw error;
    return LOST;
  }
}

/** The promise's value, or `ABORTED` as soon as the signal fires. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  let stop = (): void => {};
  const fired = new Promise<void>(resolve => {
    stop = resolve;
    signal.addEventListener('abort', stop);
  });
  try {
    return await Promise.race([work, fired.then(() => checkSignal(signal)).then(() => work)]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function destroy({ program, frame, staging }: Ready): void {
  program.destroy();
  frame.destroy();
  for (const buffer of staging) buffer.destroy();
}

/** Lets go of sizes beyond the newest three; one that is still in use goes when its last user is done. */
function evict({ sizes }: Opened): void {
  for (const [key, entry] of [...sizes].slice(0, Math.max(0, sizes.size - MAX_SIZES))) {
    sizes.delete(key);
    retire(entry);
  }
}

/** Destroys an entry that is out of the list, unless somebody is at it. */
function retire({ making, users }: Entry): void {
  if (users > 0) return;
  making.then(destroy, () => {});
}

async function classify(
  device: GPUDevice,
  { program, frame, staging }: Ready,
  rgba: Uint8Array<ArrayBuffer>,
  { h, w }: Size,
): Promise<Uint8Array> {
  const source = program.buffer('classes');
  const usage = BufferUsage.MAP_READ | BufferUsage.COPY_DST;
  const create = (): GPUBuffer => device.createBuffer({ label: 'classes', size: source.size, usage });
  const target = staging.pop() ?? (await scoped(device, program.plan, create));
  // From here to the submit nothing waits, so that no other call's frame comes between.
  device.queue.writeTexture({ texture: frame }, rgba, { bytesPerRow: w * 4 }, [w, h]);
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

/** An option that does not exist would otherwise vanish without a word. */
function checkOptions(options: SegmentOptions): void {
  const known = ['signal', 'onProgress', 'size', 'output'];
  const unknown = Object.keys(options).filter(option => !known.includes(option));
  if (unknown.length > 0)
    throw new AtrousError('BAD_USAGE', `segment() has no option ${unknown.join(', ')}: there are ${known.join(', ')}`);
  if (options.output !== undefined && options.output !== 'classes') {
    throw new AtrousError('BAD_USAGE', `output "${options.output}": this version gives 'classes' only`);
  }
}

function checkFrame({ h, w }: Size): void {
  if (![h, w].every(size => Number.isInteger(size) && size > 0)) {
    throw new AtrousError('BAD_USAGE', `the size is ${h}×${w}: height and width must be whole numbers of pixels, 1 or more`);
  }
}

/** The source as RGBA. */
function checkPixels(source: Pixels): Uint8Array<ArrayBuffer> {
  const { data, width, height } = source ?? {};
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0)) {
    throw new AtrousError('BAD_IMAGE', `the picture is ${width} wide and ${height} high: both must be whole numbers, 1 or more`);
  }
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray)) {
    throw new AtrousError('BAD_IMAGE', 'the picture’s data must be a Uint8Array or Uint8ClampedArray, eight bits a channel');
  }
  const pixels = width * height;
  if (data.length === pixels * 4) return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  if (data.length !== pixels * 3) {
    throw new AtrousError(
      'BAD_IMAGE',
      `the picture has ${data.length} bytes: ${width}×${height} pixels take ${pixels * 4} as RGBA or ${pixels * 3} as RGB`,
    );
  }
  const rgba = new Uint8Array(pixels * 4).fill(255);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < 3; channel++) rgba[pixel * 4 + channel] = data[pixel * 3 + channel];
  }
  return rgba;
}
