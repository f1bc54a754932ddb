// Whole networks against the published code in PyTorch's float64: on the CPU, and on the device in f32; every third, or with the word `all` every one, in
// every precision that the device has: beside f32 only the codec differs, and each network takes seconds to compile.
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
import { toFloat64 } from '../../src/weights/tensor.ts';
import { deviceJudge } from '../judges.ts';
import { sat } from '../record.ts';
import { engines, fixtureInput, fixtureWeights } from './device.ts';
import { all, compare, expected, judge, share, tolerances } from './goldens.ts';

const OTHER_PRECISIONS = 3;
const every = process.argv[2] === 'all';

const run = suite('goldens');
const device = await deviceJudge();
const shareable = device && engines(device, fileLibrary());

for (const [n, golden] of all.entries()) {
  const { name, model, classes, h, w } = golden;
  const graph = findNetwork(model).build({ classes, h, w });
  const decoder = resolve(graph, 'decoder');

  run(`${name}: reference`, () => {
    const input = field({ c: 3, h, w }, Float64Array.from(fixtureInput({ h, w })));
    const read = constantReader(fixtureWeights(graph), toFloat64);
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
  const precisions = precisionsOf(device.facts.features);
  for (const precision of every || n % OTHER_PRECISIONS === 0 ? precisions : precisions.slice(0, 1)) {
    run(`${name}: device, ${precision}`, () => compare(golden, graph, engine, device, precision));
  }
}

if (device && !every)
  console.log(
    `skipped: goldens, one network in ${OTHER_PRECISIONS} ran in other precisions than f32: npx tsx test/models/goldens.test.ts all`,
  );

run.after(() => {
  shareable?.close();
  device?.close();
});
run.run();
