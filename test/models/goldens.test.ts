// Whole networks against the published code in PyTorch's float64: on the CPU, and on the device in every precision that it has.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { constantReader } from '../../src/graph/constant.ts';
import { resolve } from '../../src/graph/graph.ts';
import { select } from '../../src/graph/select.ts';
import { findNetwork } from '../../src/models/registry.ts';
import { fileLibrary } from '../../src/node/shader-files.ts';
import { fuse } from '../../src/passes/index.ts';
import { precisionsOf } from '../../src/plan/choose.ts';
import { argmax } from '../../src/reference/classify.ts';
import { field } from '../../src/reference/field.ts';
import { run as runReference } from '../../src/reference/run.ts';
import { toFloat32 } from '../../src/weights/tensor.ts';
import { deviceJudge } from '../judges.ts';
import { sat } from '../record.ts';
import { engines, fixtureInput, fixtureWeights } from './device.ts';
import { all, compare, expected, judge, share, tolerances } from './goldens.ts';

const run = suite('goldens');
const device = await deviceJudge();
const shareable = device && engines(device, fileLibrary());

for (const golden of all) {
  const { name, model, classes, h, w } = golden;
  const graph = findNetwork(model).build({ classes, h, w });
  const decoder = resolve(graph, 'decoder');

  run(`${name}: reference`, () => {
    const input = field({ c: 3, h, w }, Float64Array.from(fixtureInput({ h, w })));
    const read = constantReader(fixtureWeights(graph), toFloat32);
    const got = runReference(fuse(select(graph, ['classes', decoder]), { barriers: true }), input, read);
    const wanted = expected(golden);
    judge('cpu', got.get(decoder)!.data, wanted.decoder);
    const same = share(got.get('classes')!.data, argmax(wanted.logits).data);
    assert.ok(same >= tolerances.cpu.same, `${(same * 100).toFixed(2)} % of the classes are equal`);
    sat('reference', 'RegSeg in PyTorch, float64');
  });

  if (!device || !shareable) {
    run.skip(`${name}: device`);
    continue;
  }
  const engine = shareable.of(`${model} ${classes}`);
  for (const precision of precisionsOf(device.facts.features)) {
    run(`${name}: device, ${precision}`, () => compare(golden, graph, engine, device, precision));
  }
}

run.after(() => {
  shareable?.close();
  device?.close();
});
run.run();
