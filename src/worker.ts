// The front door to a model in a worker: the same calls as in the page itself, which posts pictures and receives results and has its thread for the rest.
import { type Flat, replace } from './browser/flat.ts';
import { isBlur } from './browser/look.ts';
import type { Calls, Loaded, Segmented, Target } from './browser/messages.ts';
import { wrap } from './browser/parcel.ts';
import { paceChecks, pump, type Step } from './browser/pump.ts';
import { type Remote, remote } from './browser/remote.ts';
import type { Canvas, StreamSource } from './browser/types.ts';
import { guarded, readOptions } from './check.ts';
import { AtrousError, describe } from './errors.ts';
import { disposed, life } from './front/life.ts';
import { live, type Running, type Stream, type StreamOptions } from './front/live.ts';
import type { LoadOptions, Source } from './front/load-options.ts';
import type { SegmentOptions } from './front/options.ts';
import type { Profile } from './front/profile.ts';
import { type DrawOptions, resultOf, type SegmentResult, type Ties } from './front/result.ts';
import type { Picture } from './front/sources.ts';
import type { AdapterFacts } from './plan/choose.ts';
import type { Plan } from './plan/plan.ts';
import type { Precision } from './shader/source.ts';
import type { Card, Colour } from './weights/card.ts';

export { AtrousError, type ErrorCode } from './errors.ts';
export type { Stream, StreamOptions, StreamStats } from './front/live.ts';
export type { LoadOptions, Source } from './front/load-options.ts';
export type { DrawOptions, SegmentInfo, SegmentResult } from './front/result.ts';
export type { Picture } from './front/sources.ts';

/** Of a worker that can't be started; nobody needs it else. */
const LOAD = 'import { load } from "atrous" instead';

/**
 * Loads a model in a worker of its own, which `dispose` ends. Takes what `load` of `atrous` takes but `device`, which stays on its thread. Throws the same,
 * and `WORKER_LOST` where the worker can't be started or has died; so do all calls of its model.
 */
export async function load(source: Source, options: Omit<LoadOptions, 'device'> = {}): Promise<RemoteSegmenter> {
  if ((options as LoadOptions)?.device !== undefined)
    throw new AtrousError(
      'BAD_USAGE',
      `device: a GPUDevice stays on its thread, and a worker opens one of its own: leave it out, or ${LOAD}`,
    );
  const given = { ...options, ...(options?.baseUrl !== undefined && { baseUrl: absolute(options.baseUrl) }) };
  const sent = await sendable(source);
  const ends = remote(start());
  try {
    return new RemoteSegmenter(ends, await ends.call('load', { source: sent, options: given }));
  } catch (error) {
    ends.end(new AtrousError('DISPOSED', 'the model could not be loaded'));
    throw error;
  }
}

/** Bundlers know workers by this form. */
function start(): Worker {
  try {
    return new Worker(new URL('./worker-host.js', import.meta.url), { type: 'module', name: 'atrous' });
  } catch (error) {
    const next = `serve the package from the page's own origin, or ${LOAD}`;
    throw new AtrousError('WORKER_LOST', `a worker can't be started: ${describe(error).slice(0, 120)}; ${next}`, { cause: error });
  }
}

/** Addresses are the page's, not the worker's; a bare word is a name. */
function absolute(url: string | URL): string {
  return guarded('the URL', () => new URL(url, globalThis.document?.baseURI ?? globalThis.location.href).href);
}

async function sendable(source: Source): Promise<unknown> {
  if (source instanceof URL) return source.href;
  if (typeof source === 'string') return /^[\w-]+$/.test(source) ? source : absolute(source);
  if (source instanceof Response) return source.arrayBuffer();
  return source;
}

/** A model in a worker: what `Segmenter` has, but `encode` and results as textures, which belong to a device of the caller's thread. */
export class RemoteSegmenter {
  readonly #remote: Remote;
  readonly #loaded: Loaded;
  readonly #life = life();
  readonly #canvases = new WeakMap<Canvas, number>();
  readonly #forgotten = new FinalizationRegistry<number>(canvas => void this.#remote.call('forget', { canvas }).catch(() => {}));
  #precision: Precision | 'int8';
  #plan: Plan | null = null;
  #numbers = 0;

  /** Use `load`. */
  constructor(ends: Remote, loaded: Loaded) {
    this.#remote = ends;
    this.#loaded = loaded;
    this.#precision = loaded.precision;
  }

  /** What maps are stored in; of the newest result. */
  get precision(): Precision | 'int8' {
    return this.#precision;
  }

  get card(): Card {
    return this.#loaded.card;
  }

  /** As in `Segmenter`. */
  get assumed(): string | null {
    return this.#loaded.assumed;
  }

  get labels(): readonly string[] {
    return this.#loaded.card.classes;
  }

  get palette(): readonly Colour[] {
    return this.#loaded.card.palette;
  }

  /** The plan of the size that was used last by `prepare` or `segment`. Throws `NOT_PREPARED` before the first. */
  get plan(): Plan {
    if (this.#plan) return this.#plan;
    throw new AtrousError('NOT_PREPARED', 'no size is prepared yet: await model.prepare({ height, width }) first');
  }

  async facts(): Promise<AdapterFacts> {
    return this.#call('facts', {});
  }

  /** What `drawFieldsOfView` of `atrous/drawings` draws of a model on the page's own thread: SVG, of the size that was used last. Throws `NOT_PREPARED`. */
  async drawFieldsOfView(): Promise<string> {
    return this.#call('drawFieldsOfView', {});
  }

  /** As in `Segmenter`. */
  async prepare(frame: { readonly height: number; readonly width: number }, options: SegmentOptions = {}): Promise<void> {
    const size = { height: frame?.height, width: frame?.width };
    this.#plan = await this.#call('prepare', { size, options });
  }

  /**
   * As in `Segmenter`, its result in memory: the picture is that of the call. A video's or canvas's frame is handed over, a VideoFrame shared; other pictures
   * are copied.
   */
  async segment(source: Picture, options: Omit<SegmentOptions, 'output'> = {}): Promise<SegmentResult> {
    const { output } = options as SegmentOptions;
    if (output !== undefined && output !== 'classes')
      throw new AtrousError(
        'BAD_USAGE',
        `output "${output}": a texture stays with its device, and results of a worker are classes: leave it out`,
      );
    this.#life.check();
    return this.#life.track(
      (async () => {
        const { parcel, transfer } = await wrap(source);
        const { plan, ...result } = await this.#remote.call('segment', { picture: parcel, options }, transfer);
        this.#plan = plan ?? this.#plan;
        return this.#revive(result, source);
      })(),
    );
  }

  /** As in `Segmenter`. */
  async profile(source: Picture, options: SegmentOptions = {}): Promise<Profile> {
    this.#life.check();
    const { parcel, transfer } = await wrap(source);
    return this.#call('profile', { picture: parcel, options }, transfer);
  }

  /**
   * As in `Segmenter`. A canvas without a context is the worker's from then on, and shows frames whatever the page is at; one with a 2-D context is drawn on by
   * the page.
   */
  stream(source: StreamSource, canvas: Canvas, options?: StreamOptions): Stream {
    this.#life.check();
    return this.#life.stream(over => live(stop => this.#begin(source, canvas, options, stop), options, over));
  }

  /** Stops its streams, waits for the calls under way, and ends the worker. Further calls throw `DISPOSED`. */
  dispose(): Promise<void> {
    return this.#life.end(async () => {
      // A worker that has died has nothing left to free.
      await this.#remote.call('dispose', {}).catch(() => {});
      this.#remote.end(disposed());
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #call<C extends keyof Calls>(
    call: C,
    ask: Parameters<Calls[C]>[0],
    transfer?: Transferable[],
  ): Promise<ReturnType<Calls[C]>> {
    this.#life.check();
    return this.#life.track(this.#remote.call(call, ask, transfer));
  }

  #revive({ classes, width: w, height: h, info, scores, matte, raw }: Segmented, source: Picture): SegmentResult {
    this.#precision = info.precision;
    return resultOf<'classes'>({ classes, texture: null, scores, matte, raw }, { h, w }, this.card, info, this.#ties(source));
  }

  #ties(source: Picture): Ties {
    return {
      // Of a result without classes, which a worker never gives.
      count: () => Promise.reject(new AtrousError('BAD_USAGE', 'a worker gives classes')),
      draw: async ({ classes, width, height, info, matte }, canvas, options) => {
        this.#life.check();
        const [{ parcel, transfer }, drawn] = await Promise.all([wrap(source), withBackground(options ?? {})]);
        const { target, given } = this.#target(canvas);
        const result = { classes: classes!, width, height, info, matte };
        const all = [...transfer, ...drawn.transfer, ...given];
        const bitmap = await this.#call('draw', { result, picture: parcel, target, options: drawn.options }, all);
        if (bitmap) show(canvas, bitmap);
      },
    };
  }

  /** The canvas as the worker knows it. One with a context stays here. Throws `BAD_USAGE` where that is no 2-D one. */
  #target(canvas: Canvas): { readonly target: Target; readonly given: Transferable[] } {
    const kind = Object.prototype.toString.call(canvas).slice(8, -1);
    if (kind !== 'HTMLCanvasElement' && kind !== 'OffscreenCanvas')
      throw new AtrousError('BAD_USAGE', `the canvas is ${kind}: give an HTMLCanvasElement or an OffscreenCanvas`);
    const known = this.#canvases.get(canvas);
    if (known) return { target: { number: known, canvas: null }, given: [] };
    const theirs = handedOver(canvas);
    if (!theirs) return { target: { number: 0, canvas: null }, given: [] };
    const number = ++this.#numbers;
    this.#canvases.set(canvas, number);
    this.#forgotten.register(canvas, number);
    return { target: { number, canvas: theirs }, given: [theirs] };
  }

  async #begin(source: StreamSource, canvas: Canvas, given: StreamOptions | undefined, stop: AbortSignal): Promise<Running> {
    const { onResult, onError, most, ...options } = given ?? {};
    const pace = readOptions('stream()', { onResult, onError, most }, paceChecks);
    const drawn = await withBackground(options);
    const { target, given: own } = this.#target(canvas);
    const number = ++this.#numbers;
    const ask = { stream: number, target, options: drawn.options, results: pace.onResult !== undefined };
    await this.#call('stream', ask, [...drawn.transfer, ...own]);
    const step: Step = {
      run: async (picture, time) => {
        const wrapped = wrap(picture);
        const { parcel, transfer } = 'parcel' in wrapped ? wrapped : await wrapped;
        const frame = { stream: number, picture: parcel, time };
        const { result, bitmap, ...measured } = await this.#life.track(this.#remote.call('frame', frame, transfer));
        if (bitmap) show(canvas, bitmap);
        return { ...measured, result: result && this.#revive(result, picture) };
      },
      close: () => void this.#remote.call('close', { stream: number }).catch(() => {}),
    };
    return pump(source, step, pace, stop);
  }
}

/** `draw`'s options with a picture behind the classes as it is posted. */
async function withBackground<T extends DrawOptions>(
  options: T,
): Promise<{ readonly options: T; readonly transfer: Transferable[] }> {
  const { background } = options;
  if (typeof background !== 'object' || background === null || isBlur(background)) return { options, transfer: [] };
  const { parcel, transfer } = await wrap(background);
  return { options: { ...options, background: parcel }, transfer };
}

/** A canvas's own end for another thread; null where it has a context already, and must be 2-D. Throws `BAD_USAGE`. */
function handedOver(canvas: Canvas): OffscreenCanvas | null {
  try {
    return 'transferControlToOffscreen' in canvas
      ? canvas.transferControlToOffscreen()
      : structuredClone(canvas, { transfer: [canvas] });
  } catch {
    if (flatOf(canvas)) return null;
    throw new AtrousError('BAD_USAGE', 'the canvas has a context that is not 2-D, or is another thread’s: give a fresh canvas');
  }
}

function flatOf(canvas: Canvas): Flat | null {
  try {
    return canvas.getContext('2d') as Flat | null;
  } catch {
    return null;
  }
}

/** On a canvas of the page's own. */
function show(canvas: Canvas, bitmap: ImageBitmap): void {
  if (canvas.width !== bitmap.width) canvas.width = bitmap.width;
  if (canvas.height !== bitmap.height) canvas.height = bitmap.height;
  replace(flatOf(canvas)!, bitmap);
  bitmap.close();
}
