// A plan as text, of a network in int8: steps there write codes or numbers, to one of two bindings.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PACKED } from '../../src/graph/codes.ts';
import { findNetwork } from '../../src/models/registry.ts';
import { shaderLibrary } from '../../src/node/engine.ts';
import { fuse } from '../../src/passes/index.ts';
import { prepared, toCodes } from '../../src/passes/int8.ts';
import { defaultFacts, targetOf } from '../../src/plan/choose.ts';
import { lower } from '../../src/plan/lower.ts';
import { printPlan } from '../../src/plan/print.ts';
import { imagenet } from '../../src/weights/card.ts';

const form = { m: 16, n: 16, k: 32, operands: 'i8', sums: 'i32', lanes: 32, sized: false } as const;
const graph = toCodes(prepared(findNetwork('regseg').build({ classes: 11, h: 64, w: 128 })), {
  of: () => ({ scale: 0.02, zero: 0 }),
});

test('a RegSeg in int8, all of whose convolutions are made by matrices of codes', async () => {
  const { brief } = await shaderLibrary();
  const choice = { precision: 'f32', variants: 'auto', facts: { ...defaultFacts, features: [PACKED], matrices: [form] } } as const;
  const plan = lower(fuse(graph, targetOf(choice)), { ...choice, ...imagenet, stem: 'texture', shaderFacts: brief });
  const codes = plan.steps.filter(({ kernel }) => kernel === 'qconv');
  assert.is(codes.length, 65);
  assert.equal([...new Set(codes.map(({ shader }) => shader))].sort(), ['qconv.grouped.matrix', 'qconv.matrix']);
  const lines = printPlan(plan).split('\n');
  assert.match(lines.find(line => line.includes('decoder.classifier'))!, /qconv\.matrix\/f32\+16×16×32.*NUMBERS=1 +11×16×32/);
});

test.run();
