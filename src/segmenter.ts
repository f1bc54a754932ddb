// A loaded model: pictures in, class maps out. It owns a device (or borrows one), keeps a few sizes ready, and survives the device's loss; each of
// these has its room in `front/`.
import { guarded, readOptions, size } from './check.ts';
import { AtrousError, checkSignal } from './errors.ts';
import { type Opened, type Parts, type Survivor, survive } from './front/opened.ts';
import { checkFit, type SegmentOptions, segmentChecks, thresholdOf, tileOf } from './front/options.ts';
import { type Pixels, readPixels, rgbaOf } from './front/pixels.ts';
import { resultOf, type SegmentInfo, type SegmentResult } from './front/result.ts';
import type { OnCompile } from './front/sizes.ts';
import { constantReader, type ReadConstant } from './graph/constant.ts';
import { networkSize, type Size } from './image/size.ts';
import { tilesOf } from './image/tiles.ts';
import { kernels } from './kernels/index.ts';
import { type Material, type Pipeline, wholePicture } from './pipeline.ts';
import { type AdapterFacts, checkChoice } from './plan/choose.ts';
import type { Plan } from './plan/plan.ts';
import type { Precision } from './shader/source.ts';
import { tiledPicture } from './tiled.ts';
import type { Card, Colour } from './weights/card.ts';
import { toFloat32 } from './weights/tensor.ts';

export type { Parts } from './front/opened.ts';
export type { Progress, SegmentOptions } from './front/options.ts';
export type { Pixels } from './front/pixels.ts';
export type { SegmentInfo, SegmentResult } from './front/result.ts';

export class Segmenter {
  readonly #parts: Parts;
  readonly #read: ReadConstant;
  readonly #survivor: Survivor;
  #latest: Plan | null = null;
  readonly #running = new Set<Promise<unknown>>();
  #disposal: Promise<void> | null = null;

  private constructor(parts: Parts, survivor: Survivor) {
    this.#parts = parts;
    this.#read = constantReader(parts.tensors, toFloat32);
    this.#survivor = survivor;
  }

  /** Use `load`. Throws `ABORTED`, and `DEVICE_LOST` when the device goes while `auto` is settled on it. */
  static async create(parts: Parts, options: Pick<SegmentOptions, 'signal' | 'onProgress'> = {}): Promise<Segmenter> {
    checkChoice(kernels, parts.variants);
    return new Segmenter(parts, await survive(parts, options));
  }

  /** What maps are stored in on the present device. */
  get precision(): Precision {
    return this.#survivor.precision();
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
    return (await this.#survivor.opened()).facts;
  }

  /** Compiles everything for frames of height × width pixels, so that the first `segment` of that size is as fast as the next. */
  async prepare(frame: { readonly height: number; readonly width: number }, options?: SegmentOptions): Promise<void> {
    const { height, width } = guarded("prepare()'s size", () => size(frame, 'the size'));
    const checked = readOptions('prepare()', options, segmentChecks);
    await this.#retrying(opened => this.#using(opened, { h: height, w: width }, checked, async () => {}));
  }

  /**
   * The class of every pixel, at the picture's own size. The pixels are copied before the call returns its promise, so that the caller's buffer is
   * free for the next frame. Throws `BAD_IMAGE` for pixels that are not width × height × 4 (or 3) bytes, `ABORTED` when the signal fires (at once
   * while the call waits for a pipeline or for its turn, else between tiles and at the end), `LIMIT` when the size does not fit the adapter. A lost
   * device is replaced and the call repeated once.
   */
  async segment(source: Pixels, options?: SegmentOptions): Promise<SegmentResult> {
    const checked = readOptions('segment()', options, segmentChecks);
    const { signal, onProgress } = checked;
    const picture = readPixels(source);
    const rgba = rgbaOf(picture);
    const frame = { h: picture.height, w: picture.width };
    return this.#retrying(opened =>
      this.#using(opened, frame, checked, async pipeline => {
        const start = performance.now();
        const onTile = (done: number, total: number): void => {
          if (total > 1) onProgress?.({ phase: 'tile', done, total });
        };
        const classified = await pipeline.run(rgba, { signal, onTile, threshold: checked.threshold });
        const ms = performance.now() - start;
        checkSignal(signal);
        return resultOf(classified, frame, this.#parts.card, this.#info(pipeline, opened, checked, ms));
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
    await this.#survivor.close();
  }

  async #retrying<T>(work: (opened: Opened) => Promise<T>): Promise<T> {
    if (this.#disposal) throw new AtrousError('DISPOSED', 'this model was disposed: load it again');
    const call = this.#survivor.attempt(work);
    this.#running.add(call);
    return call.finally(() => this.#running.delete(call));
  }

  #info({ size, tiles }: Pipeline, { facts, precision }: Opened, options: SegmentOptions, ms: number): SegmentInfo {
    const { network } = this.#parts;
    const threshold = thresholdOf(network, options);
    const { name: adapter, software } = facts;
    return { model: network.name, adapter, software, precision, height: size.h, width: size.w, tiles, threshold, ms };
  }

  /** Lends the pipeline for a frame size, made if it must be. */
  async #using<T>(opened: Opened, frame: Size, options: SegmentOptions, work: (pipeline: Pipeline) => Promise<T>): Promise<T> {
    checkSignal(options.signal);
    checkFit(this.#parts, options);
    const { size, tile = 'published', scores = false, signal, onProgress } = options;
    const key = JSON.stringify([frame, size, tile, scores]);
    return opened.sizes.using(
      key,
      onCompile => this.#make(opened, frame, options, onCompile),
      { signal, onCompile: (done, total) => onProgress?.({ phase: 'compile', done, total }) },
      pipeline => {
        this.#latest = pipeline.plan;
        return work(pipeline);
      },
    );
  }

  async #make(
    { engine, facts, precision }: Opened,
    frame: Size,
    { size, tile = 'published', scores = false }: SegmentOptions,
    onCompile: OnCompile,
  ): Promise<Pipeline> {
    const { network, variants, tuned, card } = this.#parts;
    const material: Material = { engine, facts, network, card, precision, variants, tuned, read: this.#read, onCompile };
    const cut = tileOf(this.#parts);
    if (cut) return tiledPicture(material, frame, tilesOf(frame, cut, tile), scores);
    const inside = size ? { h: size.height, w: size.width } : networkSize(frame, card.preprocessing.max_area);
    return wholePicture(material, frame, inside, scores);
  }
}
