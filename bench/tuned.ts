// What is fastest by all bench/results/*.json, which ships as src/plan/tuned.json.

import { constants } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../src/node/files.ts';
import type { Fastest, Tuned } from '../src/plan/choose.ts';
import { fastestPrecision } from './precisions.ts';
import { type Report, readReport } from './report.ts';
import { fastestVariants } from './tune.ts';

/** Below the repository. */
export const SHIPPED = 'src/plan/tuned.json';

/** Of every report in a folder that has been tuned. */
export async function tunedOf(folder: string): Promise<Tuned> {
  const names = (await readdir(folder).catch(() => [])).filter(name => name.endsWith('.json')).sort();
  const reports = await Promise.all(names.map(name => readReport(join(folder, name))));
  return Object.fromEntries(
    reports.flatMap(report =>
      report?.id && Object.keys(report.tuning ?? {}).length > 0 ? [[report.id, fastestOf(report)] as const] : [],
    ),
  );
}

export function fastestOf({ tuning, precisions }: Pick<Report, 'tuning' | 'precisions'>): Fastest {
  return { precision: fastestPrecision(precisions ?? []), variants: fastestVariants(tuning) };
}

export function shippedText(tuned: Tuned): string {
  return `${JSON.stringify(tuned, null, 2)}\n`;
}

/** False where the sources are not there, or not to be written. */
export async function ship(root: string): Promise<boolean> {
  const file = join(root, SHIPPED);
  const writable = await access(file, constants.W_OK).then(
    () => true,
    () => false,
  );
  if (writable) await writeAtomic(file, shippedText(await tunedOf(join(root, 'bench/results'))));
  return writable;
}
