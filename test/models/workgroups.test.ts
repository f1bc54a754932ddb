// The plan that a GPU gets, on a CPU adapter: its barriers are slow there, not wrong. Two models, of which one has every shader with barriers
// but excite's, and the other an odd size and half the bytes: the pipelines of a plan take half a minute to compile. On a GPU goldens.test.ts runs all models by that plan.
import { suite } from 'uvu';
import { findNetwork } from '../../src/models/registry.ts';
import { fileLibrary } from '../../src/node/shader-files.ts';
import { precisionsOf } from '../../src/plan/choose.ts';
import { deviceJudge, type Sitting } from '../judges.ts';
import { engines } from './device.ts';
import { all, compare } from './goldens.ts';

const WHOLE = 'exp48_decoder26_5_32x48';
const ODD = 'exp30_lraspp_5_33x47';

const run = suite('workgroups');
const device = await deviceJudge();
const shareable = device && engines(device, fileLibrary());

const both = [WHOLE, ODD].map(file => all.find(({ name }) => name.startsWith(file)));
for (const golden of both) {
  if (!golden) throw new Error(`test/goldens lacks ${WHOLE} or ${ODD}`);
  const { name, model, classes, h, w } = golden;
  if (!device || !shareable || !device.facts.software) {
    run.skip(name);
    continue;
  }
  const sitting: Sitting = { ...device, who: `${device.who}, as if a GPU`, facts: { ...device.facts, software: false } };
  const graph = findNetwork(model).build({ classes, h, w });
  for (const precision of precisionsOf(device.facts.features).filter(each => (each === 'f32') === name.startsWith(WHOLE)))
    run(`${name}, ${precision}`, () => compare(golden, graph, shareable.of(`${model} ${classes}`), sitting, precision));
}

run.after(() => {
  shareable?.close();
  device?.close();
});
run.run();
