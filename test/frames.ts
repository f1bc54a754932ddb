// Frame after frame on one model: what the last ones cost beside the first, in time and in memory.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Segmenter } from '../src/segmenter.ts';
import { uniform } from '../src/weights/seeded.ts';

export interface Soak {
  /** Median milliseconds of a frame in the first and in the last tenth. */
  readonly first: number;
  readonly last: number;
  /** Bytes after the first tenth and at the end, each after a collection of garbage. */
  readonly heap: readonly [number, number];
  readonly rss: readonly [number, number];
}

const SIDE = 8;

/** Segments `frames` pictures of 8×8, one after the other. Compilation is not counted. */
export async function soak(model: Segmenter, frames: number): Promise<Soak> {
  const data = Uint8Array.from(uniform('soak', SIDE * SIDE * 3), value => value * 255);
  const picture = { data, width: SIDE, height: SIDE };
  await model.segment(picture);
  const tenth = Math.floor(frames / 10);
  const times: number[] = [];
  let early = process.memoryUsage();
  while (times.length < frames) {
    if (times.length === tenth) early = settled();
    const begin = performance.now();
    await model.segment(picture);
    times.push(performance.now() - begin);
  }
  const late = settled();
  return {
    first: median(times.slice(0, tenth)),
    last: median(times.slice(-tenth)),
    heap: [early.heapUsed, late.heapUsed],
    rss: [early.rss, late.rss],
  };
}

/** Memory after a collection. */
export function settled(): NodeJS.MemoryUsage {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage();
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1];
}
