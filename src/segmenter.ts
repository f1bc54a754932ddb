// A loaded model: pictures in, class maps out. It owns a device (or borrows one), keeps a few sizes ready, and survives the device's loss.
import { settle } from './audit.ts';
import { AtrousError, checkSignal, untilAborted } from './errors.ts';
import { factsOf } from './gpu/device.ts';
import { createEngine, destroyEngine, type Engine } from './gpu/executor.ts';
import { constantReader, type ReadConstant } from './graph/constant.ts';
import { networkSize, type Size } from './image/size.ts';
import { classShares } from './image/statistics.ts';
import { type Tiling, tilesOf } from './image/tiles.ts';
import { kernels } from './kernels/index.ts';
import type { Colour } from './models/palettes.ts';
import type { Network } from './models/registry.ts';
import { type Material, type Pipeline, type Scores, wholePicture } from './pipeline.ts';
import { type AdapterFacts, checkChoice, type Tuned, type VariantChoice } from './plan/choose.ts';
import type { Plan } from './plan/plan.ts';
import type { Precision, ShaderLibrary } from './shader/source.ts';
import { tiledPicture } from './tiled.ts';
import type { Card, Tile } from './weights/card.ts';
import { type Tensors, toFloat32 } from './weights/tensor.ts';

/** RGBA or RGB, eight bits a channel, rows from the top. `ImageData` is one. */
export interface Pixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

export interface Progress {
  /** `tile`: of a picture that goes through the network in several. */
  readonly phase: 'download' | 'compile' | 'tile';
  readonly done: number;
  /** 0 while unknown. */
  readonly total: number;
}

export interface SegmentOptions {
  /** What the result holds: the class map. */
  readonly output?: 'classes';
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Size inside the network in pixels; default: the picture's own, up to the card's largest area. Not for networks that read tiles. */
  readonly size?: { readonly height: number; readonly width: number };
  /**
   * For networks that read tiles (DilatedNet): `published` (the default) cuts as the authors did; `none` takes the picture as one tile, whose context
   * module sees zeros beyond the picture's border alone and not beyond every tile's, so that results differ near the edges of tiles; a size in
   * pixels, both margins of 186 included, suits a small GPU.
   */
  readonly tile?: Tiling;
  /** For the same networks: the probabilities too. */
  readonly scores?: boolean;
}

export interface SegmentInfo {
  readonly model: string;
  readonly adapter: string;
  readonly software: boolean;
  readonly precision: Precision;
  /** Inside the network. */
  readonly height: number;
  readonly width: number;
  /** How many of them the picture took. */
  readonly tiles: number;
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
  /** Where they were asked for: softmax on the stitched grid, a cell for 8×8 pixels from the top left; for Cityscapes' network at the picture's size. */
  readonly scores: Scores | null;
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
  /** `auto` is settled on every device anew. */
  readonly precision: Precision | 'auto';
  readonly variants: VariantChoice;
  /** What adapters are known to be fastest at; default: what ships. */
  readonly tuned?: Tuned;
  /** A new device of the segmenter's own, or the caller's. */
  openDevice(): Promise<GPUDevice>;
  /** True for the caller's device: never destroyed, never replaced. */
  readonly borrowed: boolean;
}

/** A size that is ready or in the making, and how many calls are at it. */
interface Entry {
  readonly key: string;
  readonly making: Promise<Pipeline>;
  users: number;
}

interface Opened {
  readonly device: GPUDevice;
  readonly engine: Engine;
  readonly facts: AdapterFacts;
  /** Settled before anybody sees it. */
  precision: Precision;
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
  #precision: Precision;
  #latest: Plan | null = null;
  readonly #running = new Set<Promise<unknown>>();
  #disposal: Promise<void> | null = null;

  private constructor(parts: Parts, opened: Opened) {
    this.#parts = parts;
    this.#read = constantReader(parts.tensors, toFloat32);
    this.#opened = Promise.resolve(opened);
    this.#precision = opened.precision;
  }

  /** Use `load`. Throws `ABORTED`, and `DEVICE_LOST` when the device goes while `auto` is settled on it. */
  static async create(parts: Parts, options: Pick<SegmentOptions, 'signal' | 'onProgress'> = {}): Promise<Segmenter> {
    checkChoice(kernels, parts.variants);
    return new Segmenter(parts, await open(parts, options));
  }

  /** What maps are stored in on the present device. */
  get precision(): Precision {
    return this.#precision;
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
   * The class of every pixel, at the picture's own size. The pixels are copied before the call returns its promise, so that the caller's buffer is
   * free for the next frame. Throws `BAD_IMAGE` for pixels that are not width × height × 4 (or 3) bytes, `ABORTED` when the signal fires (at once
   * while the call waits for a pipeline or for its turn, else between tiles and at the end), `LIMIT` when the size does not fit the adapter. A lost
   * device is replaced and the call repeated once.
   */
  async segment(source: Pixels, options: SegmentOptions = {}): Promise<SegmentResult> {
    checkOptions(options);
    const rgba = checkPixels(source);
    const frame = { h: source.height, w: source.width };
    return this.#retrying(opened =>
      this.#using(opened, frame, options, async pipeline => {
        const start = performance.now();
        const onTile = (done: number, total: number): void => {
          if (total > 1) options.onProgress?.({ phase: 'tile', done, total });
        };
        const { classes, scores } = await pipeline.run(rgba, options.signal, onTile);
        const ms = performance.now() - start;
        checkSignal(options.signal);
        return { ...this.#result(classes, frame, pipeline, opened, ms), scores };
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
      fresh.then(
        ({ precision }) => {
          this.#precision = precision;
        },
        () => {
          this.#opened = current;
        },
      );
    }
    const again = await unlessLost(await this.#opened, work);
    if (again === LOST) throw new AtrousError('DEVICE_LOST', 'the device was lost and so was the one that replaced it: call again');
    return again;
  }

  #result(
    classes: Uint8Array,
    frame: Size,
    { size, tiles }: Pipeline,
    { facts, precision }: Opened,
    ms: number,
  ): Omit<SegmentResult, 'scores'> {
    const { card, network } = this.#parts;
    return {
      classes,
      width: frame.w,
      height: frame.h,
      labels: card.classes,
      palette: card.palette,
      info: {
        ...{ model: network.name, adapter: facts.name, software: facts.software, precision },
        ...{ height: size.h, width: size.w, tiles, ms },
      },
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

  /** Lends the pipeline for a frame size, made if it must be. Callers share what is in the making, so no one's signal stops it. */
  async #using<T>(opened: Opened, frame: Size, options: SegmentOptions, work: (pipeline: Pipeline) => Promise<T>): Promise<T> {
    checkSignal(options.signal);
    checkFit(this.#parts, options);
    const { size, tile = 'published', scores = false } = options;
    if (size) checkFrame({ h: size.height, w: size.width });
    const key = JSON.stringify([frame, size, tile, scores]);
    const entry = opened.sizes.get(key) ?? this.#start(opened, key, frame, options);
    opened.sizes.delete(key);
    opened.sizes.set(key, entry);
    entry.users++;
    try {
      const pipeline = await untilAborted(entry.making, options.signal);
      this.#latest = pipeline.plan;
      return await work(pipeline);
    } finally {
      entry.users--;
      if (opened.sizes.get(key) !== entry) retire(entry);
    }
  }

  #start(opened: Opened, key: string, frame: Size, options: SegmentOptions): Entry {
    const entry: Entry = { key, making: this.#make(opened, frame, options), users: 0 };
    entry.making.then(
      () => evict(opened),
      () => {
        if (opened.sizes.get(key) === entry) opened.sizes.delete(key);
      },
    );
    return entry;
  }

  async #make({ engine, facts, precision }: Opened, frame: Size, options: SegmentOptions): Promise<Pipeline> {
    const { network, variants, tuned, card } = this.#parts;
    const { signal, onProgress, size, tile = 'published', scores = false } = options;
    const onCompile = (done: number, total: number): void => {
      if (!signal?.aborted) onProgress?.({ phase: 'compile', done, total });
    };
    const material: Material = { engine, facts, network, card, precision, variants, tuned, read: this.#read, onCompile };
    const cut = tileOf(this.#parts);
    if (cut) return tiledPicture(material, frame, tilesOf(frame, cut, tile), scores);
    const inside = size ? { h: size.height, w: size.width } : networkSize(frame, card.preprocessing.max_area);
    return wholePicture(material, frame, inside);
  }
}

async function open(parts: Parts, { signal, onProgress }: Pick<SegmentOptions, 'signal' | 'onProgress'> = {}): Promise<Opened> {
  const device = await parts.openDevice();
  const opened: Opened = {
    device,
    engine: createEngine(device, parts.library),
    facts: factsOf(device),
    precision: 'f32',
    sizes: new Map(),
    lost: false,
  };
  void device.lost.then(() => {
    opened.lost = true;
  });
  const { precision, tensors, tuned } = parts;
  const onCompile = (done: number, total: number): void => onProgress?.({ phase: 'compile', done, total });
  const settled = async (): Promise<Precision> =>
    precision === 'auto'
      ? settle({ ...parts, ...opened, read: constantReader(tensors, toFloat32), onCompile }, tuned, signal)
      : precision;
  try {
    const found = await unlessLost(opened, settled);
    checkSignal(signal);
    if (found === LOST) throw new AtrousError('DEVICE_LOST', 'the device was lost while the model was made: load it again');
    opened.precision = found;
    return opened;
  } catch (error) {
    await close(opened, parts.borrowed);
    throw error;
  }
}

async function close({ device, engine, sizes }: Opened, borrowed: boolean): Promise<void> {
  const made = await Promise.allSettled([...sizes.values()].map(({ making }) => making));
  for (const size of made) if (size.status === 'fulfilled') size.value.destroy();
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
  making.then(
    pipeline => pipeline.destroy(),
    () => {},
  );
}

/** An option that does not exist would otherwise vanish without a word. */
function checkOptions(options: SegmentOptions): void {
  const known = ['signal', 'onProgress', 'size', 'output', 'tile', 'scores'];
  const unknown = Object.keys(options).filter(option => !known.includes(option));
  if (unknown.length > 0)
    throw new AtrousError('BAD_USAGE', `segment() has no option ${unknown.join(', ')}: there are ${known.join(', ')}`);
  if (options.output !== undefined && options.output !== 'classes') {
    throw new AtrousError('BAD_USAGE', `output "${options.output}": this version gives 'classes' only`);
  }
}

/** What a network that reads tiles takes at once: the card may have other sizes than the published ones. */
export function tileOf({ network, card }: { readonly network: Network; readonly card: Card | null }): Tile | null {
  return network.tile && (card?.preprocessing.tile ?? network.tile);
}

/** Throws `BAD_USAGE` for options of the other kind of network, and for tiles that are none, whatever the picture. */
export function checkFit(parts: Pick<Parts, 'network' | 'card'>, options: Pick<SegmentOptions, 'size' | 'tile' | 'scores'>): void {
  const cut = tileOf(parts);
  const wrong = (['size', 'tile', 'scores'] as const).filter(
    option => options[option] !== undefined && options[option] !== false && (option === 'size') === (cut !== null),
  );
  if (wrong.length > 0) {
    const why = cut
      ? 'reads tiles of the picture at its own size: give `tile` instead'
      : 'reads the picture at once; DilatedNet alone reads tiles and gives scores';
    throw new AtrousError('BAD_USAGE', `${wrong.join(' and ')}: ${parts.network.name} ${why}`);
  }
  if (cut && options.tile !== undefined) tilesOf({ h: 1, w: 1 }, cut, options.tile);
}

function checkFrame({ h, w }: Size): void {
  if (![h, w].every(size => Number.isInteger(size) && size > 0)) {
    throw new AtrousError('BAD_USAGE', `the size is ${h}×${w}: height and width must be whole numbers of pixels, 1 or more`);
  }
}

/** A copy of the source, as RGBA. */
function checkPixels(source: Pixels): Uint8Array<ArrayBuffer> {
  const { data, width, height } = source ?? {};
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0)) {
    throw new AtrousError('BAD_IMAGE', `the picture is ${width} wide and ${height} high: both must be whole numbers, 1 or more`);
  }
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray)) {
    throw new AtrousError('BAD_IMAGE', 'the picture’s data must be a Uint8Array or Uint8ClampedArray, eight bits a channel');
  }
  const pixels = width * height;
  if (data.length === pixels * 4) return new Uint8Array(data);
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
