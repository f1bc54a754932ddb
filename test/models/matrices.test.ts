// The plan that a GPU with subgroup matrices gets where maps are halves, on whatever adapter has them here: lavapipe does (`.ci/lavapipe npm test models/matrices`).
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { select } from '../../src/graph/select.ts';
import { findNetwork } from '../../src/models/registry.ts';
import { fileLibrary } from '../../src/node/shader-files.ts';
import { fuse } from '../../src/passes/index.ts';
import { targetOf } from '../../src/plan/choose.ts';
import { lower } from '../../src/plan/lower.ts';
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

for (const precision of ['half', 'f16'] as const) {
  test(`${REGSEG}, ${precision}`, async () => {
    const golden = all.find(({ name }) => name.startsWith(REGSEG))!;
    const { model, classes, h, w } = golden;
    const graph = findNetwork(model).build({ classes, h, w });
    const { facts } = sitting!;
    const choice = { precision, facts, variants: 'auto' } as const;
    const plan = lower(fuse(graph, targetOf(choice)), { ...choice, stem: 'tensor', mean, std, shaderFacts: library.brief });
    const made = new Set(plan.steps.filter(({ variant }) => variant === 'matrix').map(({ kernel }) => kernel));
    for (const kernel of ['pointwise', 'gated', 'conv', 'grouped', 'tail']) assert.ok(made.has(kernel), `no ${kernel} by matrices`);
    await compare(golden, graph, shareable!.of(`${model} ${classes}`), sitting!, precision);
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
