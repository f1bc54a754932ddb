// The published DilatedNets with a sixteenth of their hidden channels against PyTorch's float64, on the CPU. Weights follow from their names. What the
// last layer before softmax or upsampling gives lies in the repository; values before and after it are breadth.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { constantReader } from '../../src/graph/constant.ts';
import { decodeWeights } from '../../src/load.ts';
import { argmax } from '../../src/reference/classify.ts';
import type { Field } from '../../src/reference/field.ts';
import { run } from '../../src/reference/run.ts';
import { toFloat32, toFloat64 } from '../../src/weights/tensor.ts';
import { relativeError } from '../goldens/pytorch.ts';
import { sat } from '../record.ts';
import { shared } from '../shared.ts';
import { fieldOf, fixtureInput, goldens, SIZE, seededWeights, tensorsIn, whole } from './dilatednet-fixtures.ts';

/** Of each value's largest magnitude. Both sides compute in float64 from the same float32 weights; what is left is the golden's own storage. */
const TOLERANCE = 1e-6;

const breadth = shared('fixtures/dilatednet', 'DilatedNet is compared in its last layer only');

function same(value: string, got: Field, wanted: Field): void {
  sat('reference', 'DilatedNet in PyTorch, float64');
  assert.equal([got.c, got.h, got.w], [wanted.c, wanted.h, wanted.w], value);
  const error = relativeError(got.data, wanted.data);
  assert.ok(error <= TOLERANCE, `${value}: worst |Δ| is ${error.toExponential(2)} of max|${value}|, allowed is ${TOLERANCE}`);
}

for (const name of whole) {
  test(`${name}: reference`, () => {
    const { network, tensors, card } = seededWeights(name);
    assert.is(network.canonical, name);
    const grid = network.grid!.value;
    const graph = network.build({ classes: card.classes.length, ...SIZE });
    const values = run(graph, fixtureInput(card), constantReader(tensors, toFloat64), { taps: ['fc7', grid, 'prob'] });
    same(grid, values.get(grid)!, fieldOf(goldens.get(`${name}.${grid}`)!));
    if (!breadth) return;
    const golden = tensorsIn(`${breadth}/${name}_tiny.golden.safetensors`);
    for (const [value, wanted] of golden) same(value, values.get(value)!, fieldOf(wanted));
    assert.equal(values.get('classes'), argmax(fieldOf(golden.get('prob')!)));
  });
}

/** Published layer names; the widths divided. VOC's files would be 29 MB. */
const caffemodels = [
  ['dilation8_camvid', 64, fileURLToPath(new URL('../goldens/dilation8_camvid_64.caffemodel', import.meta.url))],
  ['dilation7_kitti', 64, fileURLToPath(new URL('../goldens/dilation7_kitti_64.caffemodel', import.meta.url))],
  ...(breadth ? ['dilation8_camvid', 'dilation7_kitti', 'dilation10_cityscapes'] : []).map(
    name => [name, 16, `${breadth}/${name}_tiny.caffemodel`] as const,
  ),
] as const;
for (const [name, divisor, file] of caffemodels) {
  test(`${name}, widths by ${divisor}: the caffemodel holds the same weights`, async () => {
    const read = await decodeWeights(new Uint8Array(readFileSync(file)), file, {});
    const { tensors, network } = seededWeights(name, divisor);
    assert.is(read.network.canonical, network.canonical);
    assert.equal([...read.tensors.keys()].sort(), [...tensors.keys()].sort());
    for (const [key, tensor] of tensors) {
      assert.equal(read.tensors.get(key)!.shape, tensor.shape, key);
      assert.equal(toFloat32(read.tensors.get(key)!), toFloat32(tensor), key);
    }
  });
}

test.run();
