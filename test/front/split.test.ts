// What the build does to its first file: what only others need is in another, and every name still means what it meant.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Files, shortenExports, splitRest } from '../../build-split.ts';

const files: Files = new Map([
  [
    'main.js',
    `let calls = 0;
const table = [1, 2];
const twice = table.map(n => n * 2);
function counted() { return ++calls; }
function reset() { calls = 0; }
const late = { own: 5 };
class Late { value() { return late.own + twice[0]; } }
const value = { tables: 3 };
function early(n) { counted(); for (const Late of []) Late.value(); ({}).value = n; return table.includes(n); }
globalThis.started = counted();
export { Late as L, early as e, reset as r, late as l, table as t, value as v };`,
  ],
  ['index.js', 'export { e as early } from "./main.js";'],
  [
    'other.js',
    'import { L as Late, r as reset, t as table, e as early, v as value } from "./main.js";\nexport { Late, reset, table, early, value };',
  ],
]);

async function evaluated(made: Files): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'split-'));
  try {
    for (const [file, code] of made) writeFileSync(join(folder, file.replace('.js', '.mjs')), code.replaceAll('.js"', '.mjs"'));
    const [index, other] = await Promise.all(
      ['index.mjs', 'other.mjs'].map(file => import(pathToFileURL(join(folder, file)).href)),
    );
    other.reset();
    return [index.early(2), index.early(3), other.early === index.early, new other.Late().value(), other.table];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const expected = [true, false, true, 7, [1, 2]];

test('declarations that the entry does not reach move, but for those that assign to what stays', async () => {
  const made = splitRest(files, 'main.js', 'index.js', 'rest.js');
  const has = (file: string, ...words: string[]): boolean[] => words.map(word => made.get(file)!.includes(word));
  assert.equal(has('main.js', 'class Late', 'const late', 'twice =', 'const value'), [false, false, false, false]);
  assert.equal(has('main.js', 'function early', 'function reset', 'let calls'), [true, true, true]);
  assert.equal(has('rest.js', 'class Late', 'const late', 'twice =', 'function reset'), [true, true, true, false]);
  assert.equal(await evaluated(made), expected);
});

test('names that files share are those of the first file inside', async () => {
  const made = shortenExports(
    new Map([
      [
        'main.js',
        'const a=[1,2];function b(n){return a.includes(n)}class c{value(){return 7}}function d(){}export{c as Late,b as early,d as reset,a as table};',
      ],
      ['index.js', 'export{early}from"./main.js";'],
      [
        'other.js',
        'import{Late as d,reset as e,table as a,early as b}from"./main.js";export{d as Late,e as reset,a as table,b as early};',
      ],
    ]),
    'main.js',
  );
  assert.match(made.get('main.js')!, /export\{c,b,d,a\};$/);
  assert.match(made.get('other.js')!, /^import\{c as d,d as e,a,b\}from"\.\/main\.js";/);
  assert.equal(await evaluated(made), expected);
});

test.run();
