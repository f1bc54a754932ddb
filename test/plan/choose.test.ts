// The choice of a variant from facts and a table, without a device.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PACKED } from '../../src/graph/codes.ts';
import { excite } from '../../src/kernels/excite.ts';
import { kernelFor, variantsFor } from '../../src/kernels/index.ts';
import { type Kernel, OCTETS, type Variant } from '../../src/kernels/kernel.ts';
import { pointwise } from '../../src/kernels/pointwise.ts';
import { qconv } from '../../src/kernels/qconv.ts';
import { findNetwork } from '../../src/models/registry.ts';
import { shaderLibrary } from '../../src/node/engine.ts';
import { fuse } from '../../src/passes/index.ts';
import {
  type AdapterFacts,
  choose,
  defaultFacts,
  kindOf,
  matrixFor,
  meets,
  scaleOf,
  type Task,
  type Tuned,
  type VariantChoice,
} from '../../src/plan/choose.ts';
import { lower } from '../../src/plan/lower.ts';
import type { Codec } from '../../src/shader/source.ts';
import { tables } from '../kernels/index.ts';

const rows: readonly Variant[] = [
  { name: 'matrix', shader: 'x.matrix', needs: { features: ['matrices'] } },
  { name: 'workgroup', shader: 'x.workgroup', needs: { barriers: true } },
  { name: 'wide', shader: 'x.wide', needs: {} },
  { name: 'plain', shader: 'x', needs: {} },
];
const kernel: Kernel = { ...excite, name: 'x', variants: rows };
const task: Task = { overrides: { QUADS: 4, RELU: true, GATE: false }, precision: 'half', store: 'f32', y: { h: 64, w: 128 } };
const gpu: AdapterFacts = { ...defaultFacts, id: 'acme-one' };
const cpu: AdapterFacts = { ...gpu, id: 'acme-cpu', software: true };
const KIND = 'x/half?QUADS=4&RELU=1';
const table = (sizes: Record<string, string>, id = 'acme-one', kind = KIND): Tuned => ({
  [id]: { precision: 'f32', variants: { [kind]: sizes } },
});
const named = (facts: AdapterFacts, tuned: Tuned = {}, choice: VariantChoice = 'auto', what: Task = task): string =>
  choose(what, kernel, facts, choice, tuned).name;

test('kinds leave sizes out, scales are powers of two', () => {
  assert.is(kindOf(kernel, task), KIND);
  assert.equal(
    [
      { h: 1, w: 1 },
      { h: 64, w: 128 },
      { h: 720, w: 960 },
      { h: 1024, w: 2048 },
    ].map(scaleOf),
    [0, 13, 19, 21],
  );
});

test('without a table: the first whose needs are met', () => {
  assert.is(named({ ...gpu, features: ['matrices'] }), 'matrix');
  assert.is(named(gpu), 'workgroup');
  assert.is(named(cpu), 'wide');
});

test('the table of this adapter, kind and size names another', () => {
  assert.is(named(gpu, table({ 13: 'plain' })), 'plain');
  assert.is(named(gpu, table({ 13: 'plain' }, 'acme-two')), 'workgroup');
  assert.is(named(gpu, table({ 13: 'plain' }, 'acme-one', 'x/f32?QUADS=4&RELU=1')), 'workgroup');
  assert.is(named(defaultFacts, table({ 13: 'plain' })), 'workgroup');
});

test('the nearest size that was timed, of two the smaller', () => {
  const tuned = table({ 9: 'plain', 15: 'wide', 17: 'workgroup' });
  const at = (h: number, w: number): string => named(gpu, tuned, 'auto', { ...task, y: { h, w } });
  assert.equal(
    [at(1, 1), at(32, 64), at(64, 64), at(64, 128), at(256, 256), at(4096, 4096)],
    ['plain', 'plain', 'plain', 'wide', 'wide', 'workgroup'],
  );
});

test('a fastest variant that this device can not run, or that is gone, is passed over', () => {
  assert.is(named(gpu, table({ 13: 'matrix' })), 'workgroup');
  assert.is(named(gpu, table({ 13: 'forgotten' })), 'workgroup');
  assert.is(named(cpu, table({ 13: 'workgroup' }, 'acme-cpu')), 'workgroup', 'it was timed there, slow barriers and all');
});

test('words come before the table', () => {
  assert.is(named(gpu, table({ 13: 'wide' }), 'plain'), 'plain');
  assert.is(named(gpu, table({ 13: 'plain' }), ['wide']), 'wide');
  assert.is(named(gpu, table({ 13: 'plain' }), ['matrix']), 'workgroup');
});

test('a table goes through lower into the plan, its hash and nothing else', async () => {
  const { facts: shaderFacts } = await shaderLibrary();
  const graph = fuse(findNetwork('regseg').build({ classes: 19, h: 64, w: 128 }), { barriers: false });
  const normal = { mean: [0, 0, 0], std: [1, 1, 1] } as const;
  const plan = (tuned: Tuned) =>
    lower(graph, { ...normal, precision: 'f32', facts: gpu, variants: 'auto', tuned, stem: 'texture', shaderFacts });
  const [before, after] = [plan({}), plan(table({ 0: 'plain' }, 'acme-one', 'excite/f32'))];
  const variants = (steps: typeof before.steps): string[] =>
    steps.filter(({ kernel }) => kernel === 'excite').map(({ variant }) => variant);
  assert.equal(new Set(variants(before.steps)), new Set(['workgroup']));
  assert.equal(new Set(variants(after.steps)), new Set(['plain']));
  assert.is.not(after.hash, before.hash);
  assert.equal(after.values, before.values);
});

const rowOf = (word: string, row: string) =>
  tables.find(({ kernel: name }) => name === word)!.rows.find(({ name }) => name === row)!.node;
const chosen = (word: string, row: string, facts: AdapterFacts, choice: VariantChoice = 'auto'): string => {
  const node = rowOf(word, row);
  const found = kernelFor(node);
  return choose(task, { ...found, variants: variantsFor(found, node) }, facts, choice).name;
};
const wanted = (row: string, facts: AdapterFacts, choice?: VariantChoice): string => chosen('pointwise', row, facts, choice);
const subgroups = { ...cpu, features: ['subgroups'] };

test('wide lanes are for CPU adapters with subgroups', () => {
  assert.is(wanted('gate, residual, relu', subgroups), 'wide');
  assert.is(wanted('gate, residual, relu', { ...subgroups, software: false }), 'workgroup');
  assert.is(wanted('gate, residual, relu', cpu), 'plain');
});

test('rows of eights of lanes are for CPU adapters whose subgroups have eight', () => {
  const octets = { ...cpu, features: ['subgroups', OCTETS] };
  const fitting = 'eights of lanes, gate, residual, gelu';
  assert.is(wanted(fitting, octets), 'octet');
  assert.is(wanted('gate, residual, relu', octets), 'wide');
  assert.is(wanted(fitting, subgroups), 'wide');
  assert.is(wanted(fitting, { ...octets, software: false }), 'workgroup');
  for (const [word, row, own] of [
    ['stem', 'odd frame', 'octet'],
    ['stem', 'dilated, 1×5', 'plain'],
    ['stem', 'planes', 'plain'],
    ['upsample', 'twice', 'octet'],
    ['excite', 'stage 4: 48, 8', 'octet'],
    ['classify', '5 classes', 'octet'],
  ]) {
    assert.is(chosen(word, row, octets), own, `${word}, ${row}`);
    assert.is(chosen(word, row, subgroups), 'plain', `${word}, ${row}`);
  }
});

test('a variant that does not fit the node is passed over, even by name', () => {
  assert.is(wanted('8→8 one row', subgroups), 'plain');
  assert.is(wanted('8→8 one row', subgroups, ['wide']), 'plain');
});

test('matrices are for adapters that have them and plans that round maps', () => {
  const form = { m: 16, n: 8, k: 16, operands: 'f16', sums: 'f32', lanes: 32, sized: false } as const;
  const gpu = { ...defaultFacts, features: ['shader-f16'], matrices: [form, { ...form, n: 16 }] };
  const { node } = tables.find(({ kernel }) => kernel === 'pointwise')!.rows[0];
  const chosen = (precision: Codec, facts: AdapterFacts, choice: VariantChoice = 'auto'): string =>
    choose({ ...task, precision }, { ...pointwise, variants: variantsFor(pointwise, node) }, facts, choice).name;
  assert.is(chosen('half', gpu), 'matrix');
  assert.is(chosen('f16', gpu), 'matrix');
  assert.is(chosen('f32', gpu), 'workgroup');
  assert.is(chosen('block', gpu), 'workgroup');
  assert.is(chosen('f32', gpu, ['matrix']), 'workgroup');
  assert.is(chosen('f16', { ...gpu, matrices: [] }), 'workgroup');
  assert.is(chosen('f16', { ...gpu, matrices: [{ ...form, operands: 'i8', sums: 'i32' }] }), 'workgroup');
  assert.is(chosen('f16', { ...gpu, features: [] }), 'workgroup');
  assert.is(chosen('f16', { ...gpu, software: true }), 'plain');
  assert.is(chosen('f16', { ...gpu, software: true }, ['matrix']), 'matrix');
  assert.is(matrixFor(form, gpu)?.n, 16);
});

test('matrices of codes are for int8 steps, whatever the precision of the numbers beside them', () => {
  const form = { m: 16, n: 16, k: 32, operands: 'i8', sums: 'i32', lanes: 32, sized: false } as const;
  const gpu = { ...defaultFacts, features: [PACKED], matrices: [form] };
  const { rows } = tables.find(({ kernel }) => kernel === 'qconv')!;
  const chosen = (name: string, facts: AdapterFacts, choice: VariantChoice = 'auto'): string => {
    const { node } = rows.find(row => row.name === name)!;
    return choose(task, { ...qconv, variants: variantsFor(qconv, node) }, facts, choice).shader;
  };
  assert.is(chosen('stem, stride 2', gpu), 'qconv.matrix');
  assert.is(chosen('two branches', gpu), 'qconv.grouped.matrix');
  // Its groups are of eight channels.
  assert.is(chosen('four branches, stride 2', gpu), 'qconv.packed');
  assert.is(chosen('stem, stride 2', { ...gpu, matrices: [{ ...form, operands: 'f16', sums: 'f32' }] }), 'qconv.packed');
  assert.is(chosen('stem, stride 2', { ...gpu, software: true }), 'qconv.packed');
  assert.is(chosen('stem, stride 2', { ...gpu, software: true }, ['matrix']), 'qconv.matrix');
});

test('what a variant needs is met or not', () => {
  assert.equal(
    [gpu, cpu].map(facts => meets({ needs: { software: true } }, facts)),
    [false, true],
  );
  assert.equal(
    [gpu, cpu].map(facts => meets({ needs: { barriers: true } }, facts)),
    [true, false],
  );
  assert.not(meets({ needs: { features: ['subgroups'] } }, defaultFacts));
  assert.ok(meets({ needs: {} }, cpu));
});

test.run();
