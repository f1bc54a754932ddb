// A loaded model: pictures in, class maps out. It owns a device (or borrows one), keeps a few sizes ready, and survives the device's loss; each of
// these has its room in `front/`.
import type { Canvas, StreamSource } from './browser/types.ts';
import { AtrousError, checkSignal, forPrograms } from './errors.ts';
import type { encode } from './front/encode.ts';
import { life } from './front/life.ts';
import type { Lender, Stream, StreamOptions } from './front/live.ts';
import { type Opened, type Parts, type Survivor, survive } from './front/opened.ts';
import { type SegmentOptions, thresholdOf, tileOf } from './front/options.ts';
import type { Profile } from './front/profile.ts';
import { resultOf, type SegmentInfo, type SegmentResult, type Ties } from './front/result.ts';
import type { OnCompile } from './front/sizes.ts';
import { type Picture, take } from './front/sources.ts';
import type { Taken, Taker } from './front/taken.ts';
import { constantReader, type ReadConstant } from './graph/constant.ts';
import { networkSize, type Size } from './image/size.ts';
import type { Runnable } from './models/network.ts';
import { type FrameStem, type Material, type Output, type Pipeline, wholePicture } from './pipeline.ts';
import type { AdapterFacts } from './plan/choose.ts';
import type { Plan } from './plan/plan.ts';
import type { Precision } from './shader/source.ts';
import type { Card, Colour } from './weights/card.ts';
import { toFloat64 } from './weights/tensor.ts';

export type { Stream, StreamOptions, StreamStats } from './front/live.ts';
export type { Loss, Parts } from './front/opened.ts';
export type { Progress, SegmentOptions } from './front/options.ts';
export type { Pixels } from './front/pixels.ts';
export type { DrawOptions, SegmentInfo, SegmentResult } from './front/result.ts';
export type { Picture } from './front/sources.ts';
export type { Copy } from './front/taken.ts';

/** For a worker, which serves the streams and results of a page. */
export let lend: (segmenter: Segmenter) => Lender;

export class Segmenter {
  readonly #parts: Parts;
  readonly #read: ReadConstant;
  readonly #survivor: Survivor;
  #latest: Plan | null = null;
  readonly #life = life();

  /** Null on a device of our own, where nobody can submit what it records. */
  readonly #encode: typeof encode | null;

  static {
    lend = segmenter => segmenter.#lend();
  }

  private constructor(parts: Parts, survivor: Survivor, recorder: typeof encode | null) {
    this.#parts = parts;
    this.#encode = recorder;
    this.#read = constantReader(parts.tensors, toFloat64);
    this.#survivor = survivor;
  }

  /** Use `load`. Throws `ABORTED`, and `DEVICE_LOST` when the device goes while `auto` is settled on it. */
  static async create(parts: Parts, options: Pick<SegmentOptions, 'signal' | 'onProgress'> = {}): Promise<Segmenter> {
    if (typeof parts.variants !== 'string') (await import('./plan/names.ts')).checkChoice(parts.variants);
    const recorder = parts.borrowed ? (await import('./front/encode.ts')).encode : null;
    return new Segmenter(parts, await survive(parts, options), recorder);
  }

  /** What maps are stored in on the present device. */
  get precision(): Precision | 'int8' {
    return this.#stated(this.#survivor.latest());
  }

  #stated({ precision }: Pick<Opened, 'precision'>): Precision | 'int8' {
    return this.#parts.stated ?? precision;
  }

  get card(): Card {
    return this.#parts.card;
  }

  /** What builds its graph at a size. */
  get network(): Runnable {
    return this.#parts.network;
  }

  /** What `load` took for granted because several networks, or several dicts of a checkpoint, fit: a sentence that names them; else null. */
  get assumed(): string | null {
    return this.#parts.assumed ?? null;
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
    return (await this.#survivor.opened()).facts;
  }

  /** Compiles everything for frames of height × width pixels, so that the first `segment` of that size is as fast as the next. */
  async prepare(frame: { readonly height: number; readonly width: number }, options?: SegmentOptions): Promise<void> {
    const { readCall, readSize } = await import('./front/given.ts');
    const { height: h, width: w } = readSize(frame);
    const checked = readCall('prepare()', options);
    await this.#retrying(async opened => {
      await this.#using(opened, { h, w }, 'texture', checked, async () => {});
      const { page } = this.#parts;
      await page?.ready();
      if (!page || !this.#taker(opened).external) return;
      const { compileStem } = await import('./ahead.ts');
      await compileStem(this.#material(opened), { h, w }, this.#inside({ h, w }, checked));
    });
  }

  /**
   * The class of every pixel, at the picture's own size. The picture is taken before the call returns its promise, so that a buffer, canvas or video is
   * free for the next frame; a GPUTexture is read when its turn comes. Throws `BAD_IMAGE` for what is no picture, is closed, empty or another origin's, `ABORTED`
   * when the signal fires (at once while the call waits for a pipeline or for its turn, else between tiles and at the end), `LIMIT` when the size does not
   * fit the adapter. A lost device is replaced and the call repeated once.
   */
  async segment<O extends Output = 'classes'>(
    source: Picture,
    options?: SegmentOptions & { readonly output?: O },
  ): Promise<SegmentResult<O>> {
    this.#life.check();
    const { card } = this.#parts;
    const tied = this.#ties(source);
    const result = this.#taking(source, given('segment()', options), async (taken, pipeline, opened, checked) => {
      const { signal, onProgress, threshold, output } = checked;
      const start = performance.now();
      const onTile = (done: number, total: number): void => {
        if (total > 1) onProgress?.({ phase: 'tile', done, total });
      };
      const classified = await pipeline.run(taken.frame(this.#taker(opened)), { signal, onTile, threshold, output });
      const ms = performance.now() - start;
      checkSignal(signal);
      return resultOf(classified, taken.size, card, this.#info(taken, pipeline, opened, checked, ms), tied);
    });
    return this.#tracked(result as Promise<SegmentResult<O>>);
  }

  /**
   * Records what makes a texture's class map into the caller's own encoder, on the device that was passed to `load`. The map goes into `into` (r8uint of the
   * texture's size, usage COPY_DST), or into a texture of the model's, which is given back and holds until the next `encode` of that size in queue order.
   * Throws `NOT_PREPARED` unless the size was prepared, `BAD_IMAGE` for textures that can't be read or written.
   */
  encode(encoder: GPUCommandEncoder, texture: GPUTexture, into?: GPUTexture): GPUTexture {
    this.#life.check();
    if (!this.#encode)
      throw new AtrousError('BAD_USAGE', 'encode() records for the caller’s own device: pass it to load(name, { device })');
    const { map, plan } = this.#encode(this.#survivor.latest().sizes, encoder, texture, into);
    this.#latest = plan;
    return map;
  }

  /**
   * Times a picture's way through the network step by step, and all steps in one pass; see `Profile`. Throws as `segment` does. `segment` and `profile` of
   * one size in turns, not at once: they share the device.
   */
  async profile(source: Picture, options?: SegmentOptions): Promise<Profile> {
    this.#life.check();
    const { profile } = await import('./front/profile.ts');
    const profiled = this.#taking(source, given('profile()', options), async (taken, pipeline, opened) => {
      const staged = await pipeline.stage(taken.frame(this.#taker(opened)));
      const { device, facts } = opened;
      const precision = this.#stated(opened);
      const { size, tiles } = pipeline;
      return profile(device, facts, staged, { model: this.#parts.network.name, precision, height: size.h, width: size.w, tiles });
    });
    return this.#tracked(profiled);
  }

  /**
   * Segments a video as it plays and draws every frame with its classes on a canvas, as `draw` does: a video element, a MediaStream such as a camera's, or a
   * ReadableStream of VideoFrames, which are closed behind it. Up to `most` frames are under way; what comes meanwhile is dropped. It rests while the page is
   * hidden or the video paused, and lasts until `stop()`, `dispose()` or the end of a MediaStream or ReadableStream. What is wrong rejects `finished`.
   */
  stream(source: StreamSource, canvas: Canvas, options?: StreamOptions): Stream {
    this.#life.check();
    const { page } = this.#parts;
    if (!page) throw new AtrousError('BAD_USAGE', 'stream() needs a canvas of a page: in Node call segment() for each frame');
    return this.#life.stream(over => page.stream(this.#lend(), source, canvas, options, over));
  }

  /**
   * Stops its streams and waits for the calls under way, then frees the device and all that is on it; a device that was passed in is only cleaned. Further
   * calls throw `DISPOSED`.
   */
  dispose(): Promise<void> {
    return this.#life.end(() => this.#survivor.close());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  #lend(): Lender {
    return {
      card: this.#parts.card,
      frame: (picture, options, work) => {
        this.#life.check();
        return this.#tracked(this.#taking(picture, () => options, work, false));
      },
      info: (...call) => this.#info(...call),
      ties: picture => this.#ties(picture),
    };
  }

  #taker({ device, ring }: Opened): Taker {
    const external = tileOf(this.#parts) === null && typeof device.importExternalTexture === 'function';
    return { device, ring, external };
  }

  /** Takes the picture at once, for the device that is there, and lends the pipeline for it. `inPlace`: a video's own frame will do. */
  async #taking<T>(
    source: Picture,
    read: () => SegmentOptions | Promise<SegmentOptions>,
    work: (taken: Taken, pipeline: Pipeline, opened: Opened, options: SegmentOptions) => Promise<T>,
    inPlace = true,
  ): Promise<T> {
    const taker = this.#taker(this.#survivor.latest());
    const taken = await take(source, { ...taker, external: inPlace && taker.external }, this.#parts.page?.take);
    const stem = taken.copy === 'external' ? 'external' : 'texture';
    try {
      const options = await read();
      return await this.#survivor.attempt(opened =>
        this.#using(opened, taken.size, stem, options, pipeline => work(taken, pipeline, opened, options)),
      );
    } finally {
      taken.release();
    }
  }

  #ties(source: Picture): Ties {
    const { page } = this.#parts;
    return {
      count: texture => this.#retrying(async ({ engine }) => (await import('./gpu/count.ts')).countPixels(engine, texture)),
      draw: async (result, canvas, options) => {
        if (!page) throw new AtrousError('BAD_USAGE', 'draw() needs a canvas of a page: in Node use writePng() or toImageData()');
        await this.#retrying(opened => {
          const on = { ...this.#taker(opened), external: false, finisher: opened.finisher };
          return page.draw(result, source, canvas, options, on);
        });
      },
    };
  }

  async #retrying<T>(work: (opened: Opened) => Promise<T>): Promise<T> {
    this.#life.check();
    return this.#tracked(this.#survivor.attempt(work));
  }

  /** `dispose` waits for it. */
  #tracked<T>(call: Promise<T>): Promise<T> {
    return this.#life.track(this.#parts.program ? forPrograms(call) : call);
  }

  #info(
    { copy }: Taken,
    { size, tiles }: Pipeline,
    opened: Pick<Opened, 'facts' | 'precision'>,
    options: SegmentOptions,
    ms: number,
  ): SegmentInfo {
    const { network } = this.#parts;
    const threshold = thresholdOf(network, options);
    const { name: adapter, software } = opened.facts;
    return {
      model: network.name,
      adapter,
      software,
      precision: this.#stated(opened),
      height: size.h,
      width: size.w,
      tiles,
      threshold,
      copy,
      ms,
    };
  }

  /** Lends the pipeline for a frame size, made if it must be. */
  async #using<T>(
    opened: Opened,
    frame: Size,
    stem: FrameStem,
    options: SegmentOptions,
    work: (pipeline: Pipeline) => Promise<T>,
  ): Promise<T> {
    checkSignal(options.signal);
    if (options.size || options.tile || options.threshold) (await import('./front/given.ts')).checkKind(this.#parts, options);
    const { size, tile = 'published', scores = false, matte = false, raw = [], signal, onProgress } = options;
    const key = JSON.stringify([frame, size, tile, scores, matte, raw, stem]);
    return opened.sizes.using(
      key,
      onCompile => this.#make(opened, frame, stem, options, onCompile),
      { signal, onCompile: (done, total) => onProgress?.({ phase: 'compile', done, total }) },
      pipeline => {
        this.#latest = pipeline.plan;
        return work(pipeline);
      },
    );
  }

  #material({ engine, facts, precision }: Opened, onCompile?: OnCompile): Material {
    const { network, variants, tuned, card } = this.#parts;
    return { engine, facts, network, card, precision, variants, tuned, read: this.#read, onCompile };
  }

  /** A frame's size inside a network that takes it whole. */
  #inside(frame: Size, { size }: SegmentOptions): Size {
    const asked = size ? { h: size.height, w: size.width } : null;
    const { network, card } = this.#parts;
    return network.inside?.(frame, asked) ?? asked ?? networkSize(frame, card.preprocessing.max_area);
  }

  async #make(opened: Opened, frame: Size, stem: FrameStem, options: SegmentOptions, onCompile: OnCompile): Promise<Pipeline> {
    const material = this.#material(opened, onCompile);
    const { tile = 'published', scores = false, matte = false, raw = [] } = options;
    const wish = { scores, matte, raw };
    const cut = tileOf(this.#parts);
    if (cut) return (await import('./tiled.ts')).tiledPicture(material, frame, cut, tile, wish);
    return wholePicture(material, frame, this.#inside(frame, options), stem, wish);
  }
}

/** A call's options as they are now, to be checked when its picture is taken. */
function given(who: string, options: SegmentOptions | undefined): () => Promise<SegmentOptions> {
  let held = options;
  try {
    // What has getters of its own is read once, where what it throws is told.
    if (options?.constructor === Object) held = { ...options };
  } catch {}
  return async () => (held === undefined ? {} : (await import('./front/given.ts')).readCall(who, held));
}
