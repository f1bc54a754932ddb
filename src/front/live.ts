// A stream as its caller holds it: a handle that is there at once, for work that is fetched when somebody streams.

import type { AtrousError } from '../errors.ts';
import type { Finisher } from '../gpu/finish.ts';
import type { FrameRing } from '../gpu/frames.ts';
import type { Pipeline } from '../pipeline.ts';
import type { AdapterFacts } from '../plan/choose.ts';
import type { Precision } from '../shader/source.ts';
import type { Card } from '../weights/card.ts';
import type { SegmentOptions } from './options.ts';
import type { DrawOptions, SegmentInfo, SegmentResult, Ties } from './result.ts';
import type { Picture } from './sources.ts';
import type { Copy, Taken } from './taken.ts';

/** `draw`'s options, and those of `segment` that a video can have. A picture behind the classes or the matte is taken once. */
export interface StreamOptions extends DrawOptions, Pick<SegmentOptions, 'size' | 'tile' | 'threshold' | 'matte'> {
  /** Scores are averaged over the frames, with this half-life in milliseconds of the video's own time, so that classes do not flicker. Default: not. */
  readonly smoothing?: number;
  /** Of every frame, in their order, when it is shown; without it no class map is read back. */
  readonly onResult?: (result: SegmentResult) => void;
  /** A frame that can't be had is told, and the stream goes on; what ends the stream is told, and rejects `finished`. Without it everything ends the stream. */
  readonly onError?: (error: AtrousError) => void;
  /** Frames under way at a time. Default: 2. */
  readonly most?: number;
}

/** Over the last 60 frames, since the stream last rested. */
export interface StreamStats {
  /** Frames shown a second; 0 while there are fewer than two. */
  readonly fps: number;
  /** Milliseconds from taking a frame to having shown it; null before the first. */
  readonly p50: number | null;
  readonly p95: number | null;
  /** How frames come to the network; null before the first. */
  readonly copy: Copy | null;
  /** Of the frame measured last, on the device alone; null without timestamps. */
  readonly gpuMs: number | null;
  /** Frames that came while others were under way, of all. */
  readonly dropped: number;
  /** Frames shown, of all. */
  readonly frames: number;
}

export interface Stream {
  readonly stats: StreamStats;
  /** Frames under way are still shown. */
  stop(): void;
  /** When all is over and given back: `stopped`, or `ended` with its source. Rejects with what ended it otherwise. */
  readonly finished: Promise<'stopped' | 'ended'>;
}

/** A stream behind its handle. */
export interface Running {
  stats(): StreamStats;
  readonly finished: Stream['finished'];
}

/** What a stream borrows of its model. */
export interface Lender {
  readonly card: Card;
  /** Takes a picture by a copy, and lends what segments it. */
  frame<T>(picture: Picture, options: SegmentOptions, work: (taken: Taken, pipeline: Pipeline, on: Lent) => Promise<T>): Promise<T>;
  info(taken: Taken, pipeline: Pipeline, on: Lent, options: SegmentOptions, ms: number): SegmentInfo;
  ties(picture: Picture): Ties;
}

/** The model's present device. */
export interface Lent {
  readonly device: GPUDevice;
  readonly ring: FrameRing;
  readonly finisher: Finisher;
  readonly facts: AdapterFacts;
  readonly precision: Precision;
}

/** What became of a frame. */
export interface Stepped {
  readonly copy: Copy;
  /** Null where it was not measured. */
  readonly gpuMs: number | null;
  readonly result: SegmentResult | null;
}

const none: StreamStats = { fps: 0, p50: null, p95: null, copy: null, gpuMs: null, dropped: 0, frames: 0 };

/** `over` is called when all is given back. */
export function live(begin: (stop: AbortSignal) => Promise<Running>, options: StreamOptions | undefined, over: () => void): Stream {
  const control = new AbortController();
  let running: Running | null = null;
  const run = async (): Stream['finished'] => {
    try {
      running = await begin(control.signal);
      return await running.finished;
    } catch (error) {
      if (typeof options?.onError === 'function') tell(options.onError, error as AtrousError);
      throw error;
    } finally {
      over();
    }
  };
  const finished = run();
  // Who has been told needs no second word; anybody else hears of what nobody catches.
  if (options?.onError) finished.catch(() => {});
  return {
    get stats() {
      return running?.stats() ?? none;
    },
    stop: () => control.abort(),
    finished,
  };
}

/** A caller's callback. What it throws is the page's affair, as of an event's listener. */
export function tell<T>(callback: ((value: T) => void) | undefined, value: T): void {
  try {
    callback?.(value);
  } catch (error) {
    reportError(error);
  }
}
