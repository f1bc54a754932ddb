// A video through a model on a page: its options, its frames' way and its pace together.
import { type Checks, number, readOptions } from '../check.ts';
import { segmentChecks } from '../front/given.ts';
import type { Lender, Running, StreamOptions } from '../front/live.ts';
import { drawChecks } from './look.ts';
import { paceChecks, pump, type Step } from './pump.ts';
import { frameStep } from './step.ts';
import type { Canvas, StreamSource } from './types.ts';

/** Milliseconds: below the first nothing is left of a frame, above the last nothing is seen of the next. */
const smoothing = number(1, 60_000);
const { size, tile, threshold, matte } = segmentChecks;
const streamChecks: Checks<StreamOptions> = { ...drawChecks, ...paceChecks, size, tile, threshold, matte, smoothing };

export async function streamOnPage(
  lender: Lender,
  source: StreamSource,
  canvas: Canvas,
  given: StreamOptions | undefined,
  stop: AbortSignal,
): Promise<Running> {
  const options = readOptions('stream()', given, streamChecks);
  return pump(source, frameStep(lender, canvas, options), options, stop);
}

/** For a worker, whose page keeps the pace. */
export function stepWith(lender: Lender, canvas: Canvas, given: StreamOptions): Step {
  return frameStep(lender, canvas, readOptions('stream()', given, streamChecks));
}
