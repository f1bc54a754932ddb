// DilatedNet on the command line: the published prediction of a picture, raw tensors from a caffemodel against PyTorch, and `eval`. The published networks
// are too large for this, so these have a sixteenth of the channels.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { countConfusion, mergeConfusions } from '../../src/eval/confusion.ts';
import { decodeLabels, encodeIndexed } from '../../src/image/png.ts';
import { printSize } from '../../src/image/size.ts';
import { decodeWeights } from '../../src/load.ts';
import { vocPalette } from '../../src/models/palettes.ts';
import { argmax } from '../../src/reference/classify.ts';
import { softmax } from '../../src/reference/softmax.ts';
import { readSafetensors, writeSafetensors } from '../../src/weights/safetensors.ts';
import { fromFloat32, type Tensors, toFloat32 } from '../../src/weights/tensor.ts';
import { relativeError } from '../goldens/pytorch.ts';
import { fieldOf, fixtureInput, goldens, SIZE, seededWeights, tensorsIn } from '../models/dilatednet-fixtures.ts';
import { shared } from '../shared.ts';
import { at, caffemodel, cli, home, narrow, said, save, savePicture } from './harness.ts';
import { shareDevice } from './one-device.ts';
import { judgePrediction, pictures } from './predicted.ts';

const breadth = shared(
  'fixtures/dilatednet',
  '`run` takes one caffemodel of DilatedNet, from names, and is compared in its last layer',
);
const done = await shareDevice();
const gpu = done ? test : test.skip;
test.after(() => done?.());
const caller = process.cwd();
test.before.each(() => process.chdir(home));
test.after.each(() => process.chdir(caller));

function share(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.is(a.length, b.length);
  return Array.from(a).filter((value, n) => value === b[n]).length / a.length;
}

gpu('segment: a picture as the published code predicts it', async () => {
  const [cheapest] = pictures.keys();
  await judgePrediction(cheapest);
});

const tap = 'ctx_final';
/** What PyTorch gives: everything where the larger goldens are, else the last layer, of which the rest is a softmax. */
function goldenOf(model: string): Tensors {
  if (breadth) return tensorsIn(join(breadth, `${model}_tiny.golden.safetensors`));
  const scores = goldens.get(`${model}.${tap}`)!;
  const prob = softmax(fieldOf(scores));
  return new Map([
    [tap, scores],
    ['prob', fromFloat32(scores.shape, Float32Array.from(prob.data))],
  ]);
}

for (const model of ['dilation8_camvid', ...(breadth ? ['dilation7_kitti', 'dilation10_cityscapes'] : [])]) {
  gpu(`run ${model}: prob, classes and taps from a caffemodel, as PyTorch has them`, async () => {
    const weights = breadth
      ? join(breadth, `${model}_tiny.caffemodel`)
      : save(`${model}.caffemodel`, caffemodel(seededWeights(model).tensors));
    const { card } = await decodeWeights(readFileSync(weights), weights, {});
    const planes = fromFloat32([1, 3, SIZE.h, SIZE.w], Float32Array.from(fixtureInput(card).data));
    const input = save('input.safetensors', writeSafetensors([['input', planes]]));
    const words = ['run', model, '--weights', weights, '--input', input, '--output', 'y.safetensors', '--taps', `fc7,${tap}`];
    const { code, err } = await cli(...words, '--json');
    assert.is(code, 0, err);
    const { tensors, metadata } = readSafetensors(readFileSync(at('y.safetensors')), 'y');
    assert.equal([...tensors.keys()].sort(), ['classes', tap, 'fc7', 'prob']);
    const { prob, ...values } = Object.fromEntries(goldenOf(model));
    for (const [name, wanted] of Object.entries(values)) {
      const got = tensors.get(name)!;
      assert.equal(got.shape, wanted.shape, name);
      const error = relativeError(toFloat32(got), toFloat32(wanted));
      assert.ok(error < 1e-5, `${name}: ${error}`);
    }
    assert.equal(tensors.get('prob')!.shape, prob.shape);
    const classes = tensors.get('classes')!;
    assert.equal([classes.dtype, classes.shape], ['U8', [1, ...prob.shape.slice(2)]]);
    const expected = argmax(fieldOf(prob)).data;
    assert.ok(share(classes.bytes, expected) > 0.999, `${share(classes.bytes, expected)} of the classes are equal`);

    const inspected = ['inspect', model, '-w', weights, '--size', printSize(SIZE), '--adapter', 'this'];
    const { plan, adapter } = JSON.parse((await cli(...inspected, '--json')).out);
    assert.equal([plan.hash, adapter], [metadata.get('plan'), metadata.get('adapter')]);
    assert.is(String(plan.steps.length), metadata.get('dispatches'));
    assert.match((await cli(...inspected, '--plan')).out, new RegExp(`^plan: ${plan.hash}$`, 'm'));
  });
}

gpu('eval: tiles of a chosen size, counted as segment classifies them', async () => {
  save('narrow.safetensors', writeSafetensors(narrow('dilation8_camvid')));
  for (const folder of ['pairs/images', 'pairs/labels']) mkdirSync(at(folder), { recursive: true });
  const [h, w] = [13, 21];
  const labels = Uint8Array.from({ length: h * w }, (_, n) => (n % w) % 12);
  const png = await encodeIndexed({ data: labels, width: w, height: h }, vocPalette(256));
  for (const name of ['a', 'b']) {
    await savePicture(`pairs/images/${name}.png`, h, w);
    save(`pairs/labels/${name}.png`, png);
  }
  const words = ['-w', 'narrow.safetensors', '--tile', '380x388'];
  const evaluated = await cli('eval', 'dilation8_camvid', ...words, '--data', 'pairs', '--json');
  assert.is(evaluated.code, 0, evaluated.err);
  const { confusion, pictures, ignored_pixels, iou } = JSON.parse(evaluated.out);
  assert.equal([pictures, ignored_pixels, Object.keys(iou)[0]], [2, 2 * h, 'Building']);

  const { code, out, err } = await cli('segment', 'pairs/images', ...words, '--mask', '-o', 'maps');
  assert.is(code, 0, err);
  assert.match(out, /^size +13x21, 4 tiles of 380x388 inside the network$/m);
  assert.equal(said(err), []);
  const maps = await Promise.all(['a', 'b'].map(async name => decodeLabels(readFileSync(at('maps', `${name}.classes.png`)), name)));
  const truth = labels.map(value => (value < 11 ? value : 255));
  const { counts } = mergeConfusions(
    11,
    maps.map(({ data }) => countConfusion(data, truth, 11, 255)),
  );
  assert.equal(confusion.flat(), [...counts]);
});

test.run();
