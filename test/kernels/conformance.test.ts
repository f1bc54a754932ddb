// Runs the tables: `tsx test/kernels/conformance.test.ts [kernel] [row]`; `npm test` starts it once a kernel. Each row goes to the
// interpreter if it is small, to the compiler in every precision, and to the device in every precision that it has.
import { suite } from 'uvu';
import { createEngine, destroyEngine } from '../../src/gpu/executor.ts';
import { kernels, rowsOf } from '../../src/kernels/index.ts';
import type { Variant } from '../../src/kernels/kernel.ts';
import { fileLibrary } from '../../src/node/shader-files.ts';
import { type AdapterFacts, isPossible, matrixFor, precisionsOf } from '../../src/plan/choose.ts';
import type { Precision } from '../../src/shader/source.ts';
import { compileRow, compilerJudge, deviceJudge, interpretation, type Sitting } from '../judges.ts';
import { sat } from '../record.ts';
import { factsWith, variantsOf } from './case.ts';
import { affordable, checkRow, ONE_PRECISION, runnable, seldomRun } from './check.ts';
import { tables } from './index.ts';
import { allRows, type KernelTable, type Row, randomRow } from './table.ts';

const [wanted, only] = process.argv.slice(2);
const chosen = tables.filter(({ kernel }) => wanted === undefined || kernel === wanted);
if (chosen.length === 0) throw new Error(`no table "${wanted}"; there are ${tables.map(({ kernel }) => kernel).join(', ')}`);

const library = fileLibrary();
const compilers = new Map<string, Sitting | null>();
const device = await deviceJudge();

for (const table of chosen) {
  const run = suite(table.kernel);
  const engine = device && createEngine(device.device, library);
  for (const row of only === undefined ? allRows(table) : [findRow(table, only)]) {
    for (const variant of variantsOf(table, row)) {
      const interpreted = interpretation(table, row, variant, library);
      if (interpreted) run(`interpreter: ${row.name}, ${variant.name}`, interpreted);
      for (const precision of precisionsOf(['shader-f16']).filter(each => isPossible(variant, each, factsWith(variant)))) {
        const title = `compiler: ${row.name}, ${variant.name}, ${precision}`;
        const compiler = await compilerFor(variant, precision);
        if (compiler) run(title, () => compileRow(compiler, library, table, row, variant, precision));
        else run.skip(title);
      }
    }
    if (!device || !engine) {
      run.skip(`device: ${row.name}`);
      continue;
    }
    // Who asks for a row gets it by every variant.
    for (const precision of [...precisionsOf(device.facts.features), 'block'] as const) {
      for (const variant of only === undefined
        ? affordable(table, row, precision, device.facts)
        : runnable(table, row, precision, device.facts)) {
        // The codec alone is another, and no kernel knows it: one row shows that.
        if (precision === 'block' && only === undefined && (row !== table.rows[0] || variant !== variantsOf(table, row).at(-1)))
          continue;
        run(`device: ${row.name}, ${variant.name}, ${precision}`, async () => {
          const { message } = await checkRow(engine, device.facts, table, row, variant, precision);
          sat('device', device.who);
          if (message) throw new Error(message);
        });
      }
    }
  }
  run.after(() => {
    if (engine) destroyEngine(engine);
  });
  run.run();
}

if (device) for (const line of [...neverRun(device), ...(only === undefined ? leftOut(device) : [])]) console.log(line);

const end = suite('end');
end.after(() => {
  for (const sitting of [device, ...compilers.values()]) sitting?.close();
});
end.run();

/** What this device could run and did not. */
function leftOut({ facts }: Sitting): string[] {
  return [...(facts.software ? [ONE_PRECISION] : []), ...chosen.flatMap(table => seldomRun(table, facts))];
}

/** What this device compiles at most: precisions and variants whose features it lacks. */
function neverRun({ facts }: Sitting): Set<string> {
  const has = precisionsOf(facts.features);
  const precisions = precisionsOf(['shader-f16']).filter(precision => !has.includes(precision));
  const lacking = kernels()
    .filter(({ name }) => chosen.some(({ kernel }) => kernel === name))
    .flatMap(kernel => rowsOf(kernel).map(variant => ({ name: kernel.name, variant })))
    .filter(({ variant: { needs } }) => lacks(needs, facts) !== null);
  return new Set([
    ...precisions.map(
      precision => `skipped: ${precision} has never run here, every row of it is only compiled: the device lacks shader-f16`,
    ),
    ...lacking.map(
      ({ name, variant }) =>
        `skipped: ${name}, ${variant.name} has never run here: the device lacks ${lacks(variant.needs, facts)}`,
    ),
  ]);
}

/** What a device has not that a variant can't run without, or null. */
function lacks({ features = [], matrix }: Variant['needs'], facts: Pick<AdapterFacts, 'features' | 'matrices'>): string | null {
  const feature = features.find(each => !facts.features.includes(each)) ?? null;
  if (feature !== null || !matrix || matrixFor(matrix, facts)) return feature;
  return `subgroup matrices of ${matrix.operands} with sums of ${matrix.sums}`;
}

/** A device with exactly the features that a variant and a precision need. */
async function compilerFor(variant: Variant, precision: Precision): Promise<Sitting | null> {
  const wanted = [...factsWith(variant).features, ...(precision === 'f16' ? ['shader-f16'] : [])];
  const features = [...new Set(wanted)] as GPUFeatureName[];
  const key = features.join();
  if (!compilers.has(key)) compilers.set(key, await compilerJudge(features));
  return compilers.get(key)!;
}

function findRow(table: KernelTable, name: string): Row {
  const seed = /^random (\d+)$/.exec(name);
  const row = seed ? randomRow(table, Number(seed[1])) : table.rows.find(each => each.name === name);
  if (!row) throw new Error(`${table.kernel} has no row "${name}"; there are ${table.rows.map(each => each.name).join(', ')}`);
  return row;
}
