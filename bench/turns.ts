// Frames of several plans in turns, so that a machine's mood is the same for each: what every comparison of our own plans is made of.

import { createEngine, destroyEngine } from '../src/gpu/executor.ts';
import { gpuTimes } from '../src/gpu/timing.ts';
import { timed } from './measure.ts';
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
  start,
  stop,
} from './network.ts';

/** A plan of the network that is compared. */
export interface Contender extends Choice {
  readonly size: Size;
}

/** Milliseconds of one frame; `gpu` null without timestamps. */
export interface Frame {
  readonly wall: number;
  readonly gpu: number | null;
}

/** Frames by round, in each one of every contender. All plans are on the device at once. A first round warms up and says how many there is time for. */
export async function turns(
  bench: Bench,
  model: string,
  contenders: readonly Contender[],
  runs: number | undefined,
): Promise<Frame[][]> {
  const { device, library } = bench;
  const engine = createEngine(device, library);
  const net = load(model);
  const opened: { running: Running; session: Session }[] = [];
  try {
    for (const { size, ...choice } of contenders) {
      const running = await start(engine, bench, net, size, choice);
      opened.push({ running, session: open(device, running, picture(frameSize(size, net.family))) });
    }
    const round = async (): Promise<Frame[]> => {
      const frames: Frame[] = [];
      for (const { running, session } of opened) {
        const wall = await timed(session.frame);
        const gpu = await gpuTimes(device, running.program, 1);
        frames.push({ wall, gpu: gpu ? gpu[0] : null });
      }
      return frames;
    };
    const begin = performance.now();
    await round();
    const n = runs ?? Math.max(3, Math.min(30, Math.ceil(8000 / (performance.now() - begin))));
    const rounds: Frame[][] = [];
    for (let count = 0; count < n; count++) rounds.push(await round());
    return rounds;
  } finally {
    for (const { session, running } of opened) {
      session.close();
      stop(running);
    }
    destroyEngine(engine);
  }
}
