// Nothing is left out: every kernel has its four files, every variant is run by some row, every flag of a shader is seen both ways.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { kernels, rowsOf } from '../../src/kernels/index.ts';
import { fileLibrary } from '../../src/node/shader-files.ts';
import { caseStep, factsWith, makeCase, variantsOf } from './case.ts';
import { tables } from './index.ts';
import { allRows, RANDOM_ROWS } from './table.ts';

const library = fileLibrary();
const names = [...new Set(kernels().map(({ name }) => name))];

for (const name of names) {
  test(`${name} has the same word in every room`, () => {
    for (const file of [
      `shaders/${name}.wgsl`,
      `src/kernels/${name}.ts`,
      `src/reference/${name}.ts`,
      `test/kernels/${name}.test.ts`,
    ])
      assert.ok(existsSync(fileURLToPath(new URL(`../../${file}`, import.meta.url))), `${file} does not exist`);
    assert.is(tables.filter(({ kernel }) => kernel === name).length, 1, `tables of ${name} in test/kernels/index.ts`);
  });
}

for (const table of tables) {
  const rows = allRows(table);
  const { barrierRows = rows.map(({ name }) => name) } = table;
  // What is run on every adapter, slow as its barriers may be.
  const steps = rows.flatMap(row => {
    const [made, rounded] = (['f32', 'f16'] as const).map(precision => makeCase(table, row, precision));
    const variants = variantsOf(table, row).filter(({ needs }) => !needs.barriers || barrierRows.includes(row.name));
    return variants.map(variant => caseStep(variant.needs.matrix ? rounded : made, variant.name, factsWith(variant), library));
  });

  test(`${table.kernel}: rows have names of their own`, () => {
    assert.is(new Set(rows.map(({ name }) => name)).size, table.rows.length + RANDOM_ROWS);
  });

  if (table.barrierRows) {
    test(`${table.kernel}: the rows for variants with barriers are rows`, () => {
      assert.equal(
        barrierRows.filter(name => !table.rows.some(row => row.name === name)),
        [],
      );
    });
  }

  test(`${table.kernel}: every shader is run`, () => {
    const wanted = kernels()
      .filter(({ name }) => name === table.kernel)
      .flatMap(kernel => rowsOf(kernel).map(({ shader }) => shader));
    assert.equal([...new Set(steps.map(({ shader }) => shader))].sort(), [...new Set(wanted)].sort());
  });

  test(`${table.kernel}: every flag is seen both ways, every number with two values`, () => {
    for (const shader of new Set(steps.map(step => step.shader))) {
      for (const name of Object.keys(library.facts(shader, 'f32').overrides)) {
        const seen = new Set(steps.filter(step => step.shader === shader).map(({ overrides }) => overrides[name]));
        assert.ok(seen.size >= 2, `${shader}: ${name} is always ${[...seen]}`);
      }
    }
  });

  test(`${table.kernel}: weights that variants share are bound alike`, () => {
    const kinds = new Map<string, string>();
    for (const { weights, shader } of steps) {
      if (weights === null) continue;
      const { kind } = library.facts(shader, 'f32').bindings.find(({ name }) => name === 'weights')!;
      assert.is(kind, kinds.get(weights) ?? kind, `${shader}: ${weights}`);
      kinds.set(weights, kind);
    }
  });

  if (table.kernel === 'grouped') {
    test('grouped: a strip has several tiles', () => {
      const many = steps.filter(({ params }) => Number(params.strips) < Number(params.height) * Number(params.across));
      assert.ok(many.length > 0);
    });
  }

  test(`${table.kernel}: a row folds its grid`, () => {
    // One workgroup is all that excite has.
    assert.ok(table.kernel === 'excite' || steps.some(({ grid }) => grid[1] > 1));
  });
}

test.run();
