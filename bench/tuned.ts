// The winners of all bench/results/*.json, which ship as src/plan/tuned.json.

import { constants } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../src/node/files.ts';
import type { Tuned } from '../src/plan/choose.ts';
import { readReport } from './report.ts';
import { winnersOf } from './tune.ts';

/** Below the repository. */
export const SHIPPED = 'src/plan/tuned.json';

/** Adapter → winners, of every report in a folder that has any. */
export async function tunedOf(folder: string): Promise<Tuned> {
  const names = (await readdir(folder).catch(() => [])).filter(name => name.endsWith('.json')).sort();
  const reports = await Promise.all(names.map(name => readReport(join(folder, name))));
  return Object.fromEntries(
    reports.flatMap(report =>
      report?.id && Object.keys(report.tuning ?? {}).length > 0 ? [[report.id, winnersOf(report.tuning)] as const] : [],
    ),
  );
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
