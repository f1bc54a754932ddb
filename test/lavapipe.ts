// `npm run test:lavapipe [-- --quick] [kernel]`: every kernel × variant × precision on Mesa's lavapipe, the one adapter without hardware that has f16 and for
// which barriers cost nothing. `--quick`: what SwiftShader leaves out, that is every row of its tables for variants with barriers,
// precisions in turns, and a third of all rows by all other variants, those with subgroup matrices among them, in f16. .ci/lavapipe makes the place; on another adapter with f16 it does the same.

import type { Variant } from '../src/kernels/kernel.ts';
import { fileLibrary } from '../src/node/shader-files.ts';
import { type AdapterFacts, precisionsOf } from '../src/plan/choose.ts';
import type { Precision } from '../src/shader/source.ts';
import { deviceJudge } from './judges.ts';
import { type Check, checkTable, runnable } from './kernels/check.ts';
import { tables } from './kernels/index.ts';
import type { KernelTable, Row } from './kernels/table.ts';

const words = process.argv.slice(2);
const quick = words.includes('--quick');
const [kernel] = words.filter(word => word !== '--quick');
const OTHERS = 3;
const PRECISIONS: readonly Precision[] = ['f16', 'half', 'f32'];

function variantsFor(table: KernelTable, facts: AdapterFacts): (row: Row, precision: Precision) => Variant[] {
  const third = new Set(table.rows.filter((_, n) => n % OTHERS === 0));
  return (row, precision) => {
    const able = runnable(table, row, precision, facts);
    if (!quick) return able;
    const at = table.barrierRows?.indexOf(row.name) ?? table.rows.indexOf(row);
    const turn = at >= 0 && PRECISIONS[at % PRECISIONS.length] === precision;
    return able.filter(({ needs }) => (needs.barriers && !needs.matrix ? turn : precision === 'f16' && third.has(row)));
  };
}

const device = await deviceJudge();
if (!device || !precisionsOf(device.facts.features).includes('f16')) {
  console.error(`no adapter with shader-f16 here: ${device?.who ?? 'none at all'}`);
  process.exit(1);
}
console.log(device.who);
const library = fileLibrary();
const began = performance.now();
const checks: Check[] = [];
for (const table of tables.filter(each => kernel === undefined || each.kernel === kernel)) {
  const start = performance.now();
  const variants = variantsFor(table, device.facts);
  const made = await checkTable(device.device, library, device.facts, table, { variants });
  checks.push(...made);
  const ran = [...new Set(made.map(({ variant }) => variant))].join(', ');
  const worst = Math.max(...made.map(({ error }) => error));
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${table.kernel.padEnd(12)} ${ran}: ${made.length} checks, worst ${worst.toExponential(1)}, ${seconds} s`);
  for (const { message } of made) if (message) console.log(`  ${message}`);
}
const failed = checks.filter(({ message }) => message !== null).length;
console.log(`${checks.length - failed} passed, ${failed} failed, ${((performance.now() - began) / 1000).toFixed(0)} s`);
device.close();
process.exitCode = failed ? 1 : 0;
