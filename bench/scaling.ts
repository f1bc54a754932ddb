// Time per pixel at several sizes, side by side.

import { statistics } from '../src/gpu/timing.ts';
import type { Precision } from '../src/shader/source.ts';
import { type Bench, type Choice, type Size, sizeText } from './network.ts';
import { round } from './round.ts';
import { type Frame, turns } from './turns.ts';

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

/** Needs two sizes or more. */
export async function scaling(
  bench: Bench,
  { model, precision, variants }: Choice & { readonly model: string },
  sizes: readonly Size[],
  runs: number | undefined,
): Promise<Scaling[]> {
  const bySize = [...sizes].sort((a, b) => a.h * a.w - b.h * b.w);
  const rounds = await turns(
    bench,
    model,
    bySize.map(size => ({ size, precision, variants })),
    runs,
  );
  const pixels = bySize.map(({ h, w }) => h * w);
  const ratio = (index: number, clock: keyof Frame): number =>
    round(statistics(rounds.map(frames => frames[index][clock]! / pixels[index] / (frames[0][clock]! / pixels[0]))).median);
  const hasClock = rounds[0][0].gpu !== null;
  return bySize.slice(1).map((size, n) => ({
    model,
    precision,
    base: sizeText(bySize[0]),
    size: sizeText(size),
    gpu: hasClock ? ratio(n + 1, 'gpu') : null,
    wall: ratio(n + 1, 'wall'),
    n: rounds.length,
  }));
}
