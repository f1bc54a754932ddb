// The plan that a GPU with subgroup matrices gets where maps are halves, on whatever adapter has them here: lavapipe does (`.ci/lavapipe npm test models/matrices`).
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { select } from '../../src/graph/select.ts';
import { findNetwork } from '../../src/models/registry.ts';
import { fileLibrary } from '../../src/node/shader-files.ts';
import { fuse } from '../../src/passes/index.ts';
import { type AdapterFacts, defaultFacts, kindOf, type Tuned, targetOf, type VariantChoice } from '../../src/plan/choose.ts';
import { lower } from '../../src/plan/lower.ts';
import type { Precision } from '../../src/shader/source.ts';
import { relativeError } from '../goldens/pytorch.ts';
import { deviceJudge, type Sitting } from '../judges.ts';
import { sat } from '../record.ts';
import { engines, mean, prepareGraph, std } from './device.ts';
import { fieldOf, fixtureInput, goldens, SIZE, seededWeights } from './dilatednet-fixtures.ts';
import { all, compare, tolerances } from './goldens.ts';

const REGSEG = 'exp48_decoder26_5_32x48';
const DILATED = 'dilation8_camvid';

const run = suite('matrices');
const device = await deviceJudge();
const able = device !== null && device.facts.matrices.length > 0;
const library = fileLibrary();
const shareable = able ? engines(device, library) : null;
const sitting: Sitting | null = able
  ? { ...device, who: `${device.who}, as if a GPU`, facts: { ...device.facts, software: false } }
  : null;
const test = sitting ? run : run.skip;
if (device && !sitting) console.log(`skipped: models by subgroup matrices have never run here: ${device.facts.name} offers none`);

const golden = all.find(({ name }) => name.startsWith(REGSEG))!;
const graph = findNetwork(golden.model).build({ classes: golden.classes, h: golden.h, w: golden.w });

/** Kernels whose steps a plan makes by matrices. */
function byMatrices(precision: Precision, facts: AdapterFacts, variants: VariantChoice = 'auto', tuned?: Tuned): Set<string> {
  const choice = { precision, facts, variants, tuned };
  const plan = lower(fuse(graph, targetOf(choice)), { ...choice, stem: 'tensor', mean, std, shaderFacts: library.brief });
  return new Set(plan.steps.filter(({ variant }) => variant === 'matrix').map(({ kernel }) => kernel));
}

const form = { m: 16, n: 16, k: 16, operands: 'f16', sums: 'f32', lanes: 32, sized: false } as const;

run('no plan in f32, whoever asks for it', () => {
  const facts = { ...defaultFacts, id: 'acme-one', features: ['shader-f16', 'subgroups'], matrices: [form] };
  assert.is(byMatrices('f32', facts).size, 0);
  assert.is(byMatrices('f32', facts, ['matrix']).size, 0);
  const plan = lower(fuse(graph, targetOf({ precision: 'f32', facts, variants: 'auto' })), {
    ...{ precision: 'f32', facts, variants: 'auto', stem: 'tensor', mean, std },
    shaderFacts: library.brief,
  });
  const kinds = plan.steps.map(step => kindOf({ name: step.kernel }, { ...step, precision: 'f32' }));
  const variants = Object.fromEntries(kinds.map(kind => [kind, { 5: 'matrix' }]));
  assert.is(byMatrices('f32', facts, 'auto', { 'acme-one': { precision: 'f32', variants } }).size, 0);
});

for (const precision of ['half', 'f16'] as const) {
  run(`a plan in ${precision}`, () => {
    const facts = { ...defaultFacts, features: ['shader-f16', 'subgroups'] };
    const made = byMatrices(precision, { ...facts, matrices: [form] });
    for (const kernel of ['pointwise', 'gated', 'conv', 'grouped', 'tail']) assert.ok(made.has(kernel), `no ${kernel} by matrices`);
    assert.is(byMatrices(precision, facts).size, 0);
  });

  test(`${REGSEG}, ${precision}`, async () => {
    assert.ok(byMatrices(precision, sitting!.facts).size > 0);
    await compare(golden, graph, shareable!.of(`${golden.model} ${golden.classes}`), sitting!, precision);
  });
}

test(`${DILATED} at ${SIZE.h}×${SIZE.w}, f16`, async () => {
  const { network, tensors, card } = seededWeights(DILATED);
  const last = network.grid!.value;
  const graph = select(network.build({ classes: card.classes.length, ...SIZE }), [last]);
  const input = Float32Array.from(fixtureInput(card).data);
  const prepared = await prepareGraph(shareable!.of(DILATED), sitting!, graph, 'f16', input, tensors);
  assert.ok(prepared.plan.steps.some(({ kernel, variant }) => kernel === 'conv' && variant === 'matrix'));
  const values = await prepared.run();
  prepared.destroy();
  const error = relativeError(values.get(last)!, fieldOf(goldens.get(`${DILATED}.${last}`)!).data);
  assert.ok(error <= tolerances.f16.error, `worst |Δ| is ${error} of the largest magnitude`);
  sat('device', sitting!.who);
});

run.after(() => {
  shareable?.close();
  device?.close();
});
run.run();
