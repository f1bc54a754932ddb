// The plan that a GPU gets, on a CPU adapter: its barriers are slow there, not wrong. Small goldens, in every precision for one model only,
// because the pipelines take a minute to compile. On a GPU goldens.test.ts runs that plan anyway.
import { suite } from 'uvu';
import { findNetwork } from '../../src/models/registry.ts';
import { fileLibrary } from '../../src/node/shader-files.ts';
import { precisionsOf } from '../../src/plan/choose.ts';
import { deviceJudge, type Sitting } from '../judges.ts';
import { engines } from './device.ts';
import { all, compare } from './goldens.ts';

/** Pixels. */
const LARGEST = 48 * 48;
const WHOLE = 'exp48_decoder26';

const run = suite('workgroups');
const device = await deviceJudge();
const shareable = device && engines(device, fileLibrary());

for (const golden of all.filter(({ h, w }) => h * w <= LARGEST)) {
  const { name, model, classes, h, w } = golden;
  if (!device || !shareable || !device.facts.software) {
    run.skip(name);
    continue;
  }
  const sitting: Sitting = { ...device, who: `${device.who}, as if a GPU`, facts: { ...device.facts, software: false } };
  const graph = findNetwork(model).build({ classes, h, w });
  for (const precision of precisionsOf(device.facts.features).filter(each => each === 'f32' || model === WHOLE))
    run(`${name}, ${precision}`, () => compare(golden, graph, shareable.of(`${model} ${classes}`), sitting, precision));
}

run.after(() => {
  shareable?.close();
  device?.close();
});
run.run();
