// Time per pixel at several sizes, side by side: frames of all sizes in turns, so that a machine's mood is the same for each.

import { createEngine, destroyEngine } from '../src/gpu/executor.ts';
import { statistics } from '../src/gpu/timing.ts';
import type { Precision } from '../src/shader/source.ts';
import { round } from './limits.ts';
import { gpuTimes, timed } from './measure.ts';
import {
  type Bench,
  type Choice,
  frameSize,
  load,
  open,
  picture,
  type Running,
  type Session,
  type Size,
  sizeText,
  start,
  stop,
} from './network.ts';

/** One element of `scaling`: milliseconds a pixel at `size` over those at `base`, the smallest; medians over rounds. */
export interface Scaling {
  readonly model: string;
  readonly precision: Precision;
  readonly base: string;
  readonly size: string;
  readonly gpu: number | null;
  readonly wall: number;
  readonly n: number;
}

/** Milliseconds a pixel of each size. */
type Turn = readonly { readonly wall: number; readonly gpu: number | null }[];

/** Needs two sizes or more. All plans are on the device at once. */
export async function scaling(
  bench: Bench,
  { model, precision, variants }: Choice & { readonly model: string },
  sizes: readonly Size[],
  runs: number | undefined,
): Promise<Scaling[]> {
  const { device, library } = bench;
  const engine = createEngine(device, library);
  const net = load(model);
  const bySize = [...sizes].sort((a, b) => a.h * a.w - b.h * b.w);
  const opened: { size: Size; running: Running; session: Session }[] = [];
  try {
    for (const size of bySize) {
      const running = await start(engine, bench, net, size, { precision, variants });
      opened.push({ size, running, session: open(device, running, picture(frameSize(size, net.family))) });
    }
    const turn = async (): Promise<Turn> => {
      const times: Turn[number][] = [];
      for (const { size, running, session } of opened) {
        const pixels = size.h * size.w;
        const wall = await timed(session.frame);
        const gpu = await gpuTimes(device, running.program, 1);
        times.push({ wall: wall / pixels, gpu: gpu && gpu[0] / pixels });
      }
      return times;
    };
    const begin = performance.now();
    await turn();
    const n = runs ?? Math.max(3, Math.min(30, Math.ceil(8000 / (performance.now() - begin))));
    const turns: Turn[] = [];
    for (let count = 0; count < n; count++) turns.push(await turn());
    const [base] = bySize;
    return bySize.slice(1).map((size, index) => {
      const gpu = turns.map(times => times[index + 1].gpu! / times[0].gpu!);
      return {
        model,
        precision,
        base: sizeText(base),
        size: sizeText(size),
        gpu: turns[0][0].gpu === null ? null : round(statistics(gpu).median),
        wall: round(statistics(turns.map(times => times[index + 1].wall / times[0].wall)).median),
        n,
      };
    });
  } finally {
    for (const { session, running } of opened) {
      session.close();
      stop(running);
    }
    destroyEngine(engine);
  }
}
