// Which variant an adapter gets, and what a name asks for in its place.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { excite } from '../../src/kernels/excite.ts';
import { pointwise } from '../../src/kernels/pointwise.ts';
import { type AdapterFacts, choose, defaultFacts, lacks } from '../../src/plan/choose.ts';
import { tables } from '../kernels/index.ts';

const gpu: AdapterFacts = { ...defaultFacts, features: ['subgroups'] };
const cpu: AdapterFacts = { ...gpu, software: true };
const node = (kernel: string, row: string) =>
  tables.find(table => table.kernel === kernel)!.rows.find(({ name }) => name === row)!.node;
const product = node('pointwise', 'gate, residual, relu');
const narrow = node('pointwise', '8→8 one row');
const gate = node('excite', tables.find(({ kernel }) => kernel === 'excite')!.rows[0].name);

test('wide lanes are for CPU adapters with subgroups', () => {
  assert.is(choose(pointwise, product, cpu, 'auto').name, 'wide');
  assert.is(choose(pointwise, product, gpu, 'auto').name, 'plain');
  assert.is(choose(pointwise, product, { ...cpu, features: [] }, 'auto').name, 'plain');
});

test('barriers are for GPUs', () => {
  assert.is(choose(excite, gate, gpu, 'auto').name, 'workgroup');
  assert.is(choose(excite, gate, cpu, 'auto').name, 'plain');
});

test('a name is taken where its features are, slow or not', () => {
  assert.is(choose(pointwise, product, gpu, ['wide']).name, 'wide');
  assert.is(choose(pointwise, product, defaultFacts, ['wide']).name, 'plain');
  assert.is(choose(excite, gate, cpu, ['workgroup']).name, 'workgroup');
  assert.is(choose(pointwise, product, cpu, 'plain').name, 'plain');
});

test('a variant that does not fit the node is passed over, even by name', () => {
  assert.is(choose(pointwise, narrow, cpu, 'auto').name, 'plain');
  assert.is(choose(pointwise, narrow, cpu, ['wide']).name, 'plain');
});

test('what is lacking has a name', () => {
  assert.is(lacks({ needs: { software: true } }, gpu), 'a CPU behind it');
  assert.is(lacks({ needs: { features: ['subgroups'] } }, defaultFacts), 'subgroups');
  assert.is(lacks({ needs: {} }, cpu), null);
});

test.run();
