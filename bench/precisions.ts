// Which precision is fastest on this adapter: whole frames in the fastest variants of each, in turns.

import { statistics } from '../src/gpu/timing.ts';
import { precisionsOf } from '../src/plan/choose.ts';
import type { Precision } from '../src/shader/source.ts';
import { type Bench, type Size, sizeText } from './network.ts';
import { round } from './round.ts';
import { MARGIN } from './tune.ts';
import { turns } from './turns.ts';

/** One element of `precisions`: median milliseconds of the pass on the adapter. */
export interface Precisions {
  readonly model: string;
  readonly size: string;
  readonly ms: Readonly<Partial<Record<Precision, number>>>;
  readonly n: number;
}

/** On a device with timestamps, without which nothing is tuned. */
export async function comparePrecisions(bench: Bench, model: string, size: Size, runs: number | undefined): Promise<Precisions> {
  const precisions = precisionsOf(bench.facts.features);
  const rounds = await turns(
    bench,
    model,
    precisions.map(precision => ({ size, precision, variants: 'auto' })),
    runs,
  );
  const median = (index: number): number => round(statistics(rounds.map(frames => frames[index].gpu!)).median);
  const ms = Object.fromEntries(precisions.map((precision, index) => [precision, median(index)]));
  return { model, size: sizeText(size), ms, n: rounds.length };
}

/** The one whose frames take the least share of the time in f32, summed over all comparisons; f32 unless it beats that by more than noise. */
export function fastestPrecision(compared: readonly Precisions[]): Precision {
  const share = (precision: Precision): number =>
    compared.reduce((sum, { ms }) => sum + (ms[precision] ?? Number.POSITIVE_INFINITY) / ms.f32!, 0) / compared.length;
  const [best] = (['half', 'f16'] as const).map(name => ({ name, share: share(name) })).sort((a, b) => a.share - b.share);
  return compared.length > 0 && best.share < 1 - MARGIN ? best.name : 'f32';
}
