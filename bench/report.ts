// What a run leaves behind: its JSON, and the file of an adapter in which runs come together.

import { readFile } from 'node:fs/promises';
import { AtrousError } from '../src/errors.ts';
import type { MeasuredLimits } from '../src/gpu/roofline.ts';
import type { AdapterFacts } from '../src/plan/choose.ts';
import type { Against } from './against.ts';
import type { Toggles } from './child.ts';
import type { Result } from './measure.ts';
import type { Peer } from './peers.ts';
import type { Precisions } from './precisions.ts';
import type { Scaling } from './scaling.ts';
import { mergeTuning, type Tuning } from './tune.ts';

export interface Report {
  readonly adapter: string;
  /** `<vendor>-<architecture>`. */
  readonly id: string | null;
  readonly limits: MeasuredLimits & AdapterFacts['limits'] & Pick<AdapterFacts, 'features' | 'software' | 'matrices'>;
  readonly toggles: Toggles;
  readonly node: string;
  readonly results: readonly Result[];
  readonly peers: readonly Peer[];
  readonly against: readonly Against[];
  readonly scaling: readonly Scaling[];
  readonly tuning: Tuning;
  /** Of `--tune`: frames in every precision, in turns. */
  readonly precisions: readonly Precisions[];
}

export function reportOf(
  { name, id, limits, features, software, matrices }: AdapterFacts,
  measured: MeasuredLimits,
  rest: Pick<Report, 'toggles' | 'results' | 'peers' | 'against' | 'scaling' | 'tuning' | 'precisions'>,
): Report {
  return { adapter: name, id, limits: { ...measured, ...limits, features, software, matrices }, node: process.version, ...rest };
}

/** The later run replaces what it measured again and keeps the rest. */
export function mergeReports(before: Report | null, after: Report): Report {
  if (!before) return after;
  const replaced = <T>(old: readonly T[] | undefined, fresh: readonly T[], key: (each: T) => unknown[]): T[] => {
    const named = new Set(fresh.map(each => JSON.stringify(key(each))));
    return [...(old ?? []).filter(each => !named.has(JSON.stringify(key(each)))), ...fresh];
  };
  return {
    ...after,
    results: replaced(before.results, after.results, ({ model, size, precision, variants }) => [model, size, precision, variants]),
    peers: replaced(before.peers, after.peers, ({ engine, provider, model, size, precision }) => [
      engine,
      provider,
      model,
      size,
      precision,
    ]),
    against: replaced(before.against, after.against, ({ checkout, model, size, precision, variants }) => [
      checkout,
      model,
      size,
      precision,
      variants,
    ]),
    scaling: replaced(before.scaling, after.scaling, ({ model, size, base, precision }) => [model, size, base, precision]),
    tuning: mergeTuning(before.tuning ?? {}, after.tuning),
    precisions: replaced(before.precisions, after.precisions, ({ model, size }) => [model, size]),
  };
}

/** A report that was written before, or null where there is none. Throws `BAD_USAGE` for a file that is none. */
export async function readReport(file: string): Promise<Report | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    const report: Report = JSON.parse(text);
    if (typeof report.adapter === 'string' && Array.isArray(report.results)) return report;
  } catch {
    // Not JSON: the same answer.
  }
  throw new AtrousError('BAD_USAGE', `${file} is no report of the benchmark, so nothing can be added to it: move it away`);
}

export function reportText(report: Report): string {
  return `${JSON.stringify(report, null, 1)}\n`;
}
