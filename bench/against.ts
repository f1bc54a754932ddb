// This checkout beside another one, such as the last release: the same network, size, weights and picture, each in a process of its own that
// runs its own code, frames in turns. A machine's mood is the same for both, so ratios hold where times do not.

import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { AtrousError } from '../src/errors.ts';
import { type Statistics, statistics } from '../src/gpu/timing.ts';
import type { Engine, EngineSpec } from './child.ts';
import { equalShare, sizeText } from './network.ts';
import { inTurns } from './pairs.ts';
import { round } from './round.ts';

/** One element of `against`. */
export interface Against {
  /** Its folder's name. */
  readonly checkout: string;
  readonly model: string;
  readonly size: string;
  readonly precision: string;
  readonly variants: string;
  readonly here: Side;
  readonly there: Side;
  /** Share of pixels with equal classes. */
  readonly agreement: number;
  /** Of (time here / time there) over pairs of neighbouring frames. Below 1 this checkout is faster. */
  readonly ratio: { readonly median: number; readonly quartiles: readonly [number, number]; readonly pairs: number };
}

interface Side {
  /** What it runs on, as far as it says. */
  readonly on: string;
  readonly plan: string;
  /** Loading and the first run. */
  readonly first_frame_ms: number;
  readonly wall_ms: Statistics;
}

/** Fewer say nothing of a spread. */
export const LEAST_PAIRS = 15;

/** The program in a checkout that answers as an engine. A `.ts` runs only where this program is one. Throws `NO_FILE`. */
export function programOf(checkout: string, typescript: boolean): string {
  const names = [...(typescript ? ['bench/main.ts'] : []), 'dist/bench.js'];
  const found = names.map(name => join(checkout, name)).find(file => existsSync(file));
  if (found) return found;
  throw new AtrousError(
    'NO_FILE',
    `--against ${checkout}: no ${names.join(' or ')} there; name the folder of a checkout, installed or built`,
  );
}

/** Loads one after the other, so that neither compiles while the other is timed. */
export async function compareWith(
  checkout: string,
  spec: EngineSpec,
  start: (where: 'here' | 'there') => Engine,
  runs: number | undefined,
): Promise<Against> {
  const engines: Engine[] = [];
  const open = async (where: 'here' | 'there') => {
    const engine = start(where);
    engines.push(engine);
    const about = await engine.load(spec);
    const first = await engine.run('classes');
    return { engine, about, first_frame_ms: round(about.ms + first), classes: await engine.classes() };
  };
  try {
    const here = await open('here');
    const there = await open('there');
    const pairs = await inTurns(
      () => here.engine.run('classes'),
      () => there.engine.run('classes'),
      { runs, least: LEAST_PAIRS },
    );
    const side = ({ about, first_frame_ms }: typeof here, times: readonly number[]): Side => ({
      on: about.on,
      plan: about.version,
      first_frame_ms,
      wall_ms: statistics(times),
    });
    const ratios = pairs.map(([mine, other]) => mine / other).sort((a, b) => a - b);
    const at = (share: number): number => round(ratios[Math.floor((ratios.length - 1) * share)]);
    return {
      checkout: basename(checkout),
      model: spec.model,
      size: sizeText(spec.size),
      precision: spec.precision,
      variants: [spec.variants].flat().join(','),
      here: side(
        here,
        pairs.map(pair => pair[0]),
      ),
      there: side(
        there,
        pairs.map(pair => pair[1]),
      ),
      agreement: round(equalShare(here.classes, there.classes)),
      ratio: { median: at(0.5), quartiles: [at(0.25), at(0.75)], pairs: pairs.length },
    };
  } finally {
    for (const engine of engines) await engine.end();
  }
}
