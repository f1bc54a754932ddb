// `npx tsx bench/ship.ts` writes src/plan/tuned.json from bench/results, as `--tune` does by itself where it can: for a file that was made on a
// machine without the sources.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../src/cli/output.ts';
import { AtrousError } from '../src/errors.ts';
import { SHIPPED, ship } from './tuned.ts';

await runProgram(async () => {
  const root = fileURLToPath(new URL('..', import.meta.url));
  if (!(await ship(root))) throw new AtrousError('NOT_WRITABLE', `${join(root, SHIPPED)} can't be written: check its permissions`);
  process.stdout.write(`wrote ${join(root, SHIPPED)}\n`);
  return 0;
});
