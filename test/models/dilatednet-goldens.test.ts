// The published DilatedNets with a sixteenth of their hidden channels against PyTorch's float64, on the CPU. Weights follow from their names. What the
// last layer before softmax or upsampling gives lies here; the other values, and the weights as Caffe stores them, belong to the project's shared fixtures.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { constantReader } from '../../src/graph/constant.ts';
import { checkWeights, decodeWeights, type LoadedWeights } from '../../src/load.ts';
import { dilatedNets, narrowed } from '../../src/models/dilatednet.ts';
import { anySize, expectedTensors, findNetwork } from '../../src/models/registry.ts';
import { argmax } from '../../src/reference/classify.ts';
import { type Field, field } from '../../src/reference/field.ts';
import { run } from '../../src/reference/run.ts';
import { readSafetensors } from '../../src/weights/safetensors.ts';
import { seededTensor, uniform } from '../../src/weights/seeded.ts';
import { type Tensor, type Tensors, toFloat32 } from '../../src/weights/tensor.ts';
import { relativeError } from '../goldens/pytorch.ts';
import { sat } from '../record.ts';

/** Of each value's largest magnitude. Both sides compute in float64 from the same float32 weights; what is left is the golden's own storage. */
const TOLERANCE = 1e-6;
const SIZE = { h: 412, w: 428 };

const shared = fileURLToPath(new URL('../../../shared/fixtures/dilatednet', import.meta.url));
if (!existsSync(shared))
  console.log(
    'skipped: ../shared/fixtures is missing, so DilatedNet is compared in its last layer only, and no caffemodel is read',
  );
const goldens = tensorsIn(fileURLToPath(new URL('../goldens/dilatednet.safetensors', import.meta.url)));

function tensorsIn(file: string): Tensors {
  return readSafetensors(new Uint8Array(readFileSync(file)), file).tensors;
}

/** All but the transposed convolution's, which are not seeded: what loads weights makes them. */
function seededWeights(name: string): LoadedWeights {
  const network = findNetwork(name);
  const options = { classes: network.publishedClasses, ...anySize(network), widths: narrowed(dilatedNets.get(name)!, 16) };
  const expected = [...expectedTensors(network.build(options))].filter(([key]) => key !== 'ctx_upsample.weight');
  return checkWeights(new Map(expected.map(([key, shape]) => [key, seededTensor(key, shape)])), name, null, null);
}

/** Uniform in [0, 255], less the mean pixel: blue, green, red. */
function fixtureInput({ preprocessing: { mean, std } }: LoadedWeights['card']): Field {
  const pixels = SIZE.h * SIZE.w;
  const data = Float64Array.from(uniform('input', 3 * pixels), (u, n) => {
    const colour = 2 - Math.floor(n / pixels);
    return (u - mean[colour]) / std[colour];
  });
  return field({ c: 3, ...SIZE }, data);
}

function fieldOf(tensor: Tensor): Field {
  const [, c, h, w] = tensor.shape;
  return field({ c, h, w }, Float64Array.from(toFloat32(tensor)));
}

function same(value: string, got: Field, wanted: Field): void {
  sat('reference', 'DilatedNet in PyTorch, float64');
  assert.equal([got.c, got.h, got.w], [wanted.c, wanted.h, wanted.w], value);
  const error = relativeError(got.data, wanted.data);
  assert.ok(error <= TOLERANCE, `${value}: worst |Δ| is ${error.toExponential(2)} of max|${value}|, allowed is ${TOLERANCE}`);
}

for (const name of ['dilation8_pascal_voc', 'dilation10_cityscapes', 'dilation8_camvid', 'dilation7_kitti']) {
  test(`${name}: reference`, () => {
    const { network, tensors, card } = seededWeights(name);
    assert.is(network.canonical, name);
    const grid = network.grid!.value;
    const graph = network.build({ classes: card.classes.length, ...SIZE });
    const values = run(graph, fixtureInput(card), constantReader(tensors, toFloat32), { taps: ['fc7', grid, 'prob'] });
    same(grid, values.get(grid)!, fieldOf(goldens.get(`${name}.${grid}`)!));
    if (!existsSync(shared)) return;
    const golden = tensorsIn(`${shared}/${name}_tiny.golden.safetensors`);
    for (const [value, wanted] of golden) same(value, values.get(value)!, fieldOf(wanted));
    assert.equal(values.get('classes'), argmax(fieldOf(golden.get('prob')!)));
  });

  const file = `${shared}/${name}_tiny.caffemodel`;
  if (!existsSync(file)) continue;
  test(`${name}: the caffemodel holds the same weights`, async () => {
    const read = await decodeWeights(new Uint8Array(readFileSync(file)), file, {});
    const { tensors, network } = seededWeights(name);
    assert.is(read.network.canonical, network.canonical);
    assert.equal([...read.tensors.keys()].sort(), [...tensors.keys()].sort());
    for (const [key, tensor] of tensors) {
      assert.equal(read.tensors.get(key)!.shape, tensor.shape, key);
      assert.equal(toFloat32(read.tensors.get(key)!), toFloat32(tensor), key);
    }
  });
}

test.run();
