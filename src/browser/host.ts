// The worker of `atrous/worker`: it answers one page, for one model.
import { AtrousError, describe } from '../errors.ts';
import type { Source } from '../front/load-options.ts';
import { resultOf, type SegmentResult } from '../front/result.ts';
import { load } from '../index.ts';
import type { Plan } from '../plan/plan.ts';
import { lend, type Segmenter } from '../segmenter.ts';
import type { Calls, Parcel, Segmented, Target, ToPage, ToWorker } from './messages.ts';
import type { Step } from './pump.ts';
import type { Canvas } from './types.ts';

type Answers = { readonly [call in keyof Calls]: (ask: Parameters<Calls[call]>[0]) => Promise<ReturnType<Calls[call]>> };

const page = globalThis as unknown as Pick<Worker, 'postMessage' | 'addEventListener'>;
let model: Segmenter;
let latest: Plan | null = null;
const canvases = new Map<number, OffscreenCanvas>();
const streams = new Map<number, { readonly step: Step; readonly back: OffscreenCanvas | null }>();
const aborts = new Map<number, AbortController>();

/** The canvas to draw on. One whose picture goes back to the page has no number, and is 2-D: such a one keeps its picture until somebody asks for it. */
function canvasOf({ number, canvas }: Target): OffscreenCanvas {
  if (number === 0) {
    const back = new OffscreenCanvas(1, 1);
    back.getContext('2d');
    return back;
  }
  if (canvas) canvases.set(number, canvas);
  return canvases.get(number)!;
}

/** Frames and bitmaps that came by post are nobody else's. */
async function using<T>(picture: Parcel, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    if ('close' in picture) picture.close();
  }
}

const plain = ({ classes, width, height, info, scores, matte, raw }: SegmentResult): Segmented => ({
  ...{ classes, width, height, info, scores, matte, raw },
});

const answers: Answers = {
  async load({ source, options }) {
    model = await load(source as Source, options);
    const { card, assumed, precision } = model;
    return { card, assumed, precision };
  },
  async prepare({ size, options }) {
    await model.prepare(size as { height: number; width: number }, options);
    latest = model.plan;
    return latest;
  },
  segment: ({ picture, options }) =>
    using(picture, async () => {
      const result = plain(await model.segment(picture, { ...options, output: 'classes' }));
      // A plan is long, and the same for all frames of a size.
      const plan = model.plan === latest ? null : model.plan;
      latest = model.plan;
      return { ...result, plan };
    }),
  profile: ({ picture, options }) => using(picture, () => model.profile(picture, options)),
  facts: () => model.facts(),
  drawFieldsOfView: async () => (await import('../drawings.ts')).drawFieldsOfView(model),
  draw: ({ result, picture, target, options }) =>
    using(picture, async () => {
      const canvas = canvasOf(target);
      const { classes, width: w, height: h, info, matte } = result;
      const tied = resultOf(
        { classes, texture: null, scores: null, matte, raw: null },
        { h, w },
        model.card,
        info,
        lend(model).ties(picture),
      );
      await tied.draw(canvas as Canvas, options);
      return target.number === 0 ? createImageBitmap(canvas) : null;
    }),
  async stream({ stream, target, options, results }) {
    const { stepWith } = await import('./stream.ts');
    const canvas = canvasOf(target);
    const step = stepWith(lend(model), canvas, results ? { ...options, onResult() {} } : options);
    streams.set(stream, { step, back: target.number === 0 ? canvas : null });
    return null;
  },
  frame: ({ stream, picture, time }) =>
    using(picture, async () => {
      const { step, back } = streams.get(stream)!;
      const { copy, gpuMs, result } = await step.run(picture, time);
      return { copy, gpuMs, result: result && plain(result), bitmap: back && (await createImageBitmap(back)) };
    }),
  async close({ stream }) {
    streams.get(stream)?.step.close();
    streams.delete(stream);
    return null;
  },
  async forget({ canvas }) {
    canvases.delete(canvas);
    return null;
  },
  async dispose() {
    await model.dispose();
    return null;
  },
};

function post(message: ToPage, transfer: Transferable[] = []): void {
  page.postMessage(message, transfer);
}

/** What of an answer is the page's from now on. */
function given(answer: unknown): Transferable[] {
  if (answer instanceof ImageBitmap) return [answer];
  const { classes, scores, matte, result, bitmap } = (answer ?? {}) as Partial<
    Segmented & { result: Segmented; bitmap: ImageBitmap }
  >;
  const arrays = [classes, scores?.data, matte, result?.classes].filter(array => array instanceof Object);
  return [...arrays.map(({ buffer }) => buffer as ArrayBuffer), ...(bitmap ? [bitmap] : [])];
}

page.addEventListener('message', async ({ data }: MessageEvent<ToWorker>) => {
  const { id } = data;
  if ('abort' in data) return aborts.get(id)?.abort(data.abort);
  const ask = { ...data.ask };
  const { options } = ask as { options?: object };
  if (options) {
    const callbacks = data.callbacks.map(callback => [callback, (...told: unknown[]) => post({ id, callback, told })]);
    const control = data.aborts ? new AbortController() : null;
    if (control) aborts.set(id, control);
    ask.options = { ...options, ...Object.fromEntries(callbacks), ...(control && { signal: control.signal }) };
  }
  try {
    const answer = await (answers[data.call] as (ask: unknown) => Promise<unknown>)(ask);
    post({ id, answer }, given(answer));
  } catch (error) {
    post({ id, error: { code: error instanceof AtrousError ? error.code : null, message: describe(error) } });
  } finally {
    aborts.delete(id);
  }
});

// The lock is free when the worker is gone, however it goes.
const lock = `atrous ${crypto.randomUUID()}`;
void globalThis.navigator?.locks?.request(lock, () => {
  post({ lock });
  return new Promise(() => {});
});
