// A video through a model on a page: its options, its frames' way and its pace together.
import { type Checks, callback, readOptions, whole } from '../check.ts';
import type { Lender, Running, StreamOptions } from '../front/live.ts';
import { segmentChecks } from '../front/options.ts';
import { drawChecks } from './look.ts';
import { pump } from './pump.ts';
import { frameStep } from './step.ts';
import type { Canvas, StreamSource } from './types.ts';

/** More frames than that under way only grow old. */
const MOST = 8;

const { size, tile, threshold } = segmentChecks;
export const streamChecks: Checks<StreamOptions> = {
  ...drawChecks,
  ...{ size, tile, threshold },
  onResult: callback,
  onError: callback,
  most: whole(1, MOST),
};

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
