// `npm run test:lavapipe [-- --quick] [kernel [variant]]`: every kernel × variant × precision on Mesa's lavapipe, the one adapter without hardware that has f16 and for
// which barriers cost nothing; what has subgroup matrices in f16 in the earlier words of the language too. `--quick`: what SwiftShader leaves out, that is every row of its
// tables for variants with barriers, precisions in turns, and a third of all rows by all other variants, those with subgroup matrices among them, in f16.
// .ci/lavapipe makes the place; on another adapter with f16 it does the same.

import type { Variant } from '../src/kernels/kernel.ts';
import { fileLibrary } from '../src/node/shader-files.ts';
import { type AdapterFacts, precisionsOf } from '../src/plan/choose.ts';
import { matrixText } from '../src/shader/matrix-text.ts';
import type { Codec, Precision } from '../src/shader/source.ts';
import { deviceJudge } from './judges.ts';
import { type Check, type CheckOptions, checkTable, runnable } from './kernels/check.ts';
import { tables } from './kernels/index.ts';
import type { KernelTable, Row } from './kernels/table.ts';

const words = process.argv.slice(2);
const quick = words.includes('--quick');
const [kernel, named] = words.filter(word => word !== '--quick');
const OTHERS = 3;
const PRECISIONS: readonly Precision[] = ['f16', 'half', 'f32'];

function variantsFor(table: KernelTable, facts: AdapterFacts): (row: Row, precision: Codec) => Variant[] {
  const third = new Set(table.rows.filter((_, n) => n % OTHERS === 0));
  return (row, precision) => {
    const able = runnable(table, row, precision, facts).filter(({ name }) => named === undefined || name === named);
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

/** `words`: what is checked is written in, for people. */
async function check(table: KernelTable, options: CheckOptions, words = ''): Promise<void> {
  const start = performance.now();
  const made = await checkTable(device!.device, library, device!.facts, table, options);
  if (made.length === 0) return;
  checks.push(...made);
  const ran = [...new Set(made.map(({ variant }) => variant))].join(', ');
  const worst = Math.max(...made.map(({ error }) => error));
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${table.kernel.padEnd(12)} ${ran}${words}: ${made.length} checks, worst ${worst.toExponential(1)}, ${seconds} s`);
  for (const { message } of made) if (message) console.log(`  ${message}`);
}

for (const table of tables.filter(each => kernel === undefined || each.kernel === kernel)) {
  const variants = variantsFor(table, device.facts);
  await check(table, { variants });
  await check(
    table,
    {
      precisions: ['f16'],
      ...(quick ? { rows: table.rows.slice(0, 1) } : {}),
      variants: (...asked) => variants(...asked).filter(({ needs }) => needs.matrix),
      matrixTexts: (...asked) => matrixText(...asked, true),
    },
    ' in the earlier words',
  );
}
if (checks.length === 0) console.log(`nothing is called ${words.join(' ')}`);
const failed = checks.filter(({ message }) => message !== null).length;
console.log(`${checks.length - failed} passed, ${failed} failed, ${((performance.now() - began) / 1000).toFixed(0)} s`);
device.close();
process.exitCode = failed || checks.length === 0 ? 1 : 0;
