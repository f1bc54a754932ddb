// Runs the tables: `tsx test/kernels/conformance.test.ts [kernel] [row]`; `npm test` starts it once a kernel. Each row goes to the
// interpreter if it is small, to the compiler in every precision, and to the device in every precision that all devices have.
import { suite } from 'uvu';
import { createEngine, destroyEngine } from '../../src/gpu/executor.ts';
import { fileLibrary, readShaders } from '../../src/node/shader-files.ts';
import { compileRow, compilerJudge, deviceJudge, interpretRow, sat } from '../judges.ts';
import { kernelOf } from './case.ts';
import { checkRow, runnable } from './check.ts';
import { tables } from './index.ts';
import { allRows, type KernelTable, precisions, type Row, randomRow } from './table.ts';

const [wanted, only] = process.argv.slice(2);
const chosen = tables.filter(({ kernel }) => wanted === undefined || kernel === wanted);
if (chosen.length === 0) throw new Error(`no table "${wanted}"; there are ${tables.map(({ kernel }) => kernel).join(', ')}`);

const texts = readShaders();
const library = fileLibrary(texts);
const compiler = await compilerJudge();
const hasF16 = texts.has('lib/f16');
const f16Compiler = hasF16 ? await compilerJudge(['shader-f16']) : null;
if (!hasF16) console.log('skipped: f16 is not compiled: shaders/lib/f16.wgsl does not exist');
const device = await deviceJudge();

for (const table of chosen) {
  const run = suite(table.kernel);
  const engine = device && createEngine(device.device, library);
  for (const row of only === undefined ? allRows(table) : [findRow(table, only)]) {
    for (const variant of kernelOf(table, row).variants) {
      const title = `${row.name}, ${variant.name}`;
      run(`interpreter: ${title}`, () => void interpretRow(table, row, variant, library));
      for (const precision of [...precisions, ...(hasF16 ? (['f16'] as const) : [])]) {
        const sitting = precision === 'f16' ? f16Compiler : compiler;
        if (sitting) run(`compiler: ${title}, ${precision}`, () => compileRow(sitting, library, table, row, variant, precision));
        else run.skip(`compiler: ${title}, ${precision}`);
      }
    }
    for (const precision of precisions) {
      if (!device || !engine) {
        run.skip(`device: ${row.name}, ${precision}`);
        continue;
      }
      for (const variant of runnable(table, row, device.facts)) {
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

const end = suite('end');
end.after(() => {
  for (const sitting of [device, compiler, f16Compiler]) sitting?.close();
});
end.run();

function findRow(table: KernelTable, name: string): Row {
  const seed = /^random (\d+)$/.exec(name);
  const row = seed ? randomRow(table, Number(seed[1])) : table.rows.find(each => each.name === name);
  if (!row) throw new Error(`${table.kernel} has no row "${name}"; there are ${table.rows.map(each => each.name).join(', ')}`);
  return row;
}
