// The pace of a stream: the newest frame whenever one may go under way, none while nobody looks, and what became of them.
import { type Checks, callback, whole } from '../check.ts';
import { AtrousError } from '../errors.ts';
import { type Running, type Stepped, type Stream, type StreamOptions, type StreamStats, tell } from '../front/live.ts';
import type { Picture } from '../front/sources.ts';
import type { Copy } from '../front/taken.ts';
import { type Feed, feedOf, type NewFrame } from './feed.ts';
import type { StreamSource } from './types.ts';

/** What a frame goes through; frames are finished in the order in which they are begun. */
export interface Step {
  /** Takes a picture at once, segments and shows it. `time`: in the source's own time, in milliseconds. */
  run(picture: Picture, time: number): Promise<Stepped>;
  close(): void;
}

/** Frames under way, unless another number is asked for; more than the second only grow old. */
const [MOST, LARGEST] = [2, 8];

/** The options that are the pace's own. */
export const paceChecks: Checks<Pick<StreamOptions, 'onResult' | 'onError' | 'most'>> = {
  onResult: callback,
  onError: callback,
  most: whole(1, LARGEST),
};

/** Frames that the statistics run over. */
const WINDOW = 60;
/** Milliseconds without a frame under way, after which the statistics begin anew: the page was hidden, or the video paused. */
const REST = 1000;

/** Runs until `stop` fires, the source ends or something fails; then closes the step. */
export function pump(source: StreamSource, step: Step, options: StreamOptions, stop: AbortSignal): Running {
  const { most = MOST, onResult, onError } = options;
  const tally = counted();
  const page = globalThis.document;
  let underWay = 0;
  let waiting = false;
  let over: 'stopped' | 'ended' | Error | null = null;
  let said = '';
  let settle = (): void => {};
  const settled = new Promise<void>(resolve => {
    settle = resolve;
  });

  const settleIfDone = (): void => {
    if (underWay === 0) settle();
  };
  const end = (why: 'stopped' | 'ended' | Error): void => {
    over ??= why;
    settleIfDone();
  };

  /** `BAD_IMAGE` is of one frame: the next may be another, if there is somebody to be told. */
  const failed = (error: unknown): void => {
    if (!onError || !(error instanceof AtrousError) || error.code !== 'BAD_IMAGE') {
      end(error as Error);
      return;
    }
    // Thirty times a second is no way to say it.
    if (error.message !== said) tell(onError, error);
    said = error.message;
  };

  const begin = ({ picture, time, release }: NewFrame): void => {
    const start = performance.now();
    underWay++;
    step
      .run(picture, time)
      .then(stepped => {
        said = '';
        tally.add(start, stepped);
        if (stepped.result) tell(onResult, stepped.result);
      })
      .catch(failed)
      .finally(() => {
        release();
        underWay--;
        if (over) settleIfDone();
        else go();
      });
  };

  const hidden = (): boolean => page?.visibilityState === 'hidden';
  const go = (): void => {
    while (feed && waiting && underWay < most && !over && !hidden()) {
      waiting = false;
      const frame = feed.take();
      if (frame) begin(frame);
    }
  };

  let feed: Feed | null = null;
  const stopped = (): void => end('stopped');
  page?.addEventListener('visibilitychange', go);
  stop.addEventListener('abort', stopped);
  if (stop.aborted) stopped();

  const run = async (): Stream['finished'] => {
    try {
      feed = feedOf(source, {
        fresh(missed) {
          if (!hidden()) tally.dropped += missed + Number(waiting);
          waiting = true;
          go();
        },
        ended: () => end('ended'),
        failed,
      });
      go();
      await settled;
    } finally {
      page?.removeEventListener('visibilitychange', go);
      stop.removeEventListener('abort', stopped);
      feed?.close();
      step.close();
    }
    if (over instanceof Error) throw over;
    return over!;
  };
  return { stats: tally.stats, finished: run() };
}

function counted() {
  /** When the newest frames were shown, and how long each took. */
  let shown: { readonly at: number; readonly ms: number }[] = [];
  let [copy, gpuMs, frames]: [Copy | null, number | null, number] = [null, null, 0];
  const tally = {
    dropped: 0,
    add(start: number, stepped: Stepped): void {
      const at = performance.now();
      if (shown.length > 0 && start - shown.at(-1)!.at > REST) shown = [];
      shown.push({ at, ms: at - start });
      if (shown.length > WINDOW) shown.shift();
      copy = stepped.copy;
      gpuMs = stepped.gpuMs ?? gpuMs;
      frames++;
    },
    stats(): StreamStats {
      const times = shown.map(({ ms }) => ms).sort((a, b) => a - b);
      const at = (share: number): number | null => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? null;
      const span = times.length > 1 ? shown.at(-1)!.at - shown[0].at : 0;
      const fps = span > 0 ? ((times.length - 1) * 1000) / span : 0;
      return { fps, p50: at(0.5), p95: at(0.95), copy, gpuMs, dropped: tally.dropped, frames };
    },
  };
  return tally;
}
