// The plan that a GPU gets, on a CPU adapter: its barriers are slow there, not wrong. Of RegSeg two models, of which one has every shader with barriers but
// excite's, and the other an odd size and half the bytes, and one DilatedNet: where barriers are slow a plan's pipelines take half a minute to compile, so
// that the first stands for all unless the argument is `all`. On a GPU goldens.test.ts and dilatednet-device.test.ts run all models by that plan.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { select } from '../../src/graph/select.ts';
import { findNetwork } from '../../src/models/registry.ts';
import { fileLibrary } from '../../src/node/shader-files.ts';
import type { Precision } from '../../src/shader/source.ts';
import { relativeError } from '../goldens/pytorch.ts';
import { deviceJudge, type Sitting } from '../judges.ts';
import { sat } from '../record.ts';
import { engines, prepareGraph } from './device.ts';
import { fieldOf, fixtureInput, goldens, SIZE, seededWeights } from './dilatednet-fixtures.ts';
import { all, compare, tolerances } from './goldens.ts';

const regsegs: readonly (readonly [string, Precision])[] = [
  ['exp48_decoder26_5_32x48', 'f32'],
  ['exp30_lraspp_5_33x47', 'half'],
];
const DILATED = 'dilation8_camvid';

const run = suite('workgroups');
const device = await deviceJudge();
const shareable = device && engines(device, fileLibrary());
const sitting: Sitting | null = device?.facts.software
  ? { ...device, who: `${device.who}, as if a GPU`, facts: { ...device.facts, software: false } }
  : null;
const test = sitting ? run : run.skip;
const every = process.argv[2] === 'all';
const others = every ? test : run.skip;
if (!every)
  console.log('skipped: of the plans with barriers the first model stands for all: npx tsx test/models/workgroups.test.ts all');

for (const [n, [file, precision]] of regsegs.entries()) {
  (n === 0 ? test : others)(`${file}, ${precision}`, () => {
    const golden = all.find(({ name }) => name.startsWith(file))!;
    const { model, classes, h, w } = golden;
    const graph = findNetwork(model).build({ classes, h, w });
    return compare(golden, graph, shareable!.of(`${model} ${classes}`), sitting!, precision);
  });
}

others(`${DILATED} at ${SIZE.h}×${SIZE.w}, f32`, async () => {
  const { network, tensors, card } = seededWeights(DILATED);
  const last = network.grid!.value;
  const graph = select(network.build({ classes: card.classes.length, ...SIZE }), [last]);
  const input = Float32Array.from(fixtureInput(card).data);
  const prepared = await prepareGraph(shareable!.of(DILATED), sitting!, graph, 'f32', input, tensors);
  const values = await prepared.run();
  prepared.destroy();
  const error = relativeError(values.get(last)!, fieldOf(goldens.get(`${DILATED}.${last}`)!).data);
  assert.ok(error <= tolerances.f32.error, `worst |Δ| is ${error} of the largest magnitude`);
  sat('device', sitting!.who);
});

run.after(() => {
  shareable?.close();
  device?.close();
});
run.run();
