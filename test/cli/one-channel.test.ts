// A RegSeg with a single channel of scores on the command line: two classes by a threshold, in `run`, `segment` and `eval`, by device and reference.
import { mkdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { countConfusion } from '../../src/eval/confusion.ts';
import { decodeLabels, encodeIndexed } from '../../src/image/png.ts';
import { decodeWeights } from '../../src/load.ts';
import { defaultCard } from '../../src/models/cards.ts';
import { vocPalette } from '../../src/models/palettes.ts';
import { readSafetensors, writeSafetensors } from '../../src/weights/safetensors.ts';
import { fromFloat32, type Tensor, toFloat32 } from '../../src/weights/tensor.ts';
import { at, cli, complained, home, listing, save, saveInput, savePicture, seeded, WEIGHTS } from './harness.ts';
import { shareDevice } from './one-device.ts';

const SIZE = { h: 32, w: 48 };
const done = await shareDevice();
const gpu = done ? test : test.skip;
test.after(() => done?.());
const caller = process.cwd();
test.before.each(() => process.chdir(home));
test.after.each(() => process.chdir(caller));

/** Seeded weights, their classifier scaled and moved so that probabilities of the seeded input lie on both sides of a half. */
function weights(): Map<string, Tensor> {
  const tensors = seeded('regseg', 1);
  const weight = 'decoder.classifier.weight';
  const values = toFloat32(tensors.get(weight)!).map(value => value * 0.04);
  tensors.set(weight, fromFloat32(tensors.get(weight)!.shape, values));
  tensors.set('decoder.classifier.bias', fromFloat32([1], Float32Array.of(1.1)));
  return tensors;
}

save('one.safetensors', writeSafetensors(weights()));
const card = { ...defaultCard('exp48_decoder26', 1), classes: ['person'], palette: [[200, 0, 0]] };
save('named.json', JSON.stringify(card));
save('none.json', JSON.stringify({ ...card, activation: 'none' }));

const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));

async function run(...words: string[]) {
  const input = saveInput(SIZE.h, SIZE.w);
  const common = ['--weights', 'one.safetensors', '--input', input, '--output', 'y.safetensors', '--json'];
  const { code, out, err } = await cli('run', 'regseg', ...common, ...words);
  assert.is(code, 0, err);
  const { tensors, metadata } = readSafetensors(readFileSync(at('y.safetensors')), 'y');
  return {
    logits: toFloat32(tensors.get('logits')!),
    classes: [...tensors.get('classes')!.bytes],
    tensors,
    metadata,
    said: JSON.parse(out),
  };
}

const count = (classes: readonly number[]): number => classes.filter(Boolean).length;

test('run on the CPU: class 1 is where the sigmoid of the logit is above the threshold', async () => {
  for (const threshold of [undefined, '0.3', '0.62', '1e-3']) {
    const { logits, classes, said, metadata, tensors } = await run(
      '--backend',
      'cpu',
      ...(threshold ? ['--threshold', threshold] : []),
    );
    assert.equal(tensors.get('logits')!.shape, [1, 1, SIZE.h, SIZE.w]);
    const t = Number(threshold ?? 0.5);
    assert.equal(
      classes,
      [...logits].map(logit => Number(sigmoid(logit) > t)),
    );
    assert.equal([said.threshold, metadata.get('threshold')], [t, String(t)]);
    if (t > 0.1) assert.ok(count(classes) > 50 && count(classes) < classes.length - 50, `${count(classes)} of ${classes.length}`);
  }
});

for (const precision of ['f32', 'half'])
  gpu(`run on the device, ${precision}: the reference's classes, by one plan whatever the threshold`, async () => {
    const expected = await run('--backend', 'cpu');
    const plans = new Set();
    for (const threshold of ['0.5', '0.62']) {
      const { logits, classes, metadata } = await run('--precision', precision, '--threshold', threshold);
      const t = Number(threshold);
      const equal = expected.logits.filter((logit, n) => Number(sigmoid(logit) > t) === classes[n]).length / classes.length;
      assert.ok(equal > (precision === 'f32' ? 0.999 : 0.98), `${equal} of the classes are equal`);
      const worst = Math.max(...logits.map((logit, n) => Math.abs(logit - expected.logits[n])));
      assert.ok(worst < (precision === 'f32' ? 1e-4 : 0.05), `${worst}`);
      plans.add(metadata.get('plan'));
    }
    const inspect = [
      'inspect',
      'regseg',
      '-w',
      'one.safetensors',
      '--size',
      '32x48',
      '--adapter',
      'this',
      '--precision',
      precision,
    ];
    const { plan, classes } = JSON.parse((await cli(...inspect, '--json')).out);
    assert.equal([[...plans], classes], [[plan.hash], 2]);
  });

test('run: with activation none the score is the probability', async () => {
  const { logits, classes } = await run('--backend', 'cpu', '--card', 'none.json', '--threshold', '0.4');
  assert.equal(
    classes,
    [...logits].map(score => Number(score > 0.4)),
  );
});

gpu('segment: classes, overlay, shares, JSON and scores', async () => {
  await savePicture('street.png', 40, 56);
  const segment = async (...words: string[]) => {
    const { code, out, err } = await cli('segment', 'street.png', '-w', 'one.safetensors', '-m', 'regseg', '--json', ...words);
    assert.is(code, 0, err);
    return JSON.parse(out);
  };
  const said = await segment('--scores');
  assert.equal([said.threshold, Object.keys(said.shares).sort()], [0.5, ['background', 'foreground']]);
  assert.equal(said.scores, at('out', 'street.prob.safetensors'));
  const prob = readSafetensors(readFileSync(said.scores), 'prob').tensors.get('prob')!;
  assert.equal(prob.shape, [1, 1, 10, 14], 'the decoder’s grid');
  const probabilities = toFloat32(prob);
  assert.ok(probabilities.every(value => value > 0 && value < 1));
  const { data, palette } = await decodeLabels(readFileSync(said.classes), 'classes');
  assert.equal(palette!.slice(0, 2), vocPalette(2));
  // A cell all of whose neighbours are on its side has its class all over.
  const sides = [...probabilities].map(value => Number(value > 0.5));
  const at3 = (v: number, u: number): number => sides[Math.min(Math.max(v, 0), 9) * 14 + Math.min(Math.max(u, 0), 13)];
  let inner = 0;
  for (let n = 0; n < data.length; n++) {
    const [v, u] = [Math.floor(Math.floor(n / 56) / 4), Math.floor((n % 56) / 4)];
    const around = [-1, 0, 1].flatMap(y => [-1, 0, 1].map(x => at3(v + y, u + x)));
    if (new Set(around).size > 1) continue;
    inner++;
    assert.is(data[n], around[0], `pixel ${n}`);
  }
  assert.ok(inner > 0);
  const high = await segment('--threshold', '0.9', '--card', 'named.json', '-o', 'high');
  assert.is(high.threshold, 0.9);
  assert.ok((high.shares.person ?? 0) < said.shares.foreground);
  assert.ok(
    Object.keys(high.shares).every(label => ['background', 'person'].includes(label)),
    'one named class gets its background',
  );
});

gpu('segment --scores of a RegSeg with several classes: softmax on the decoder’s grid', async () => {
  await savePicture('several.png', 32, 48);
  const { code, out, err } = await cli('segment', 'several.png', '--scores', '--json', '-o', 'scored');
  assert.is(code, 0, err);
  const said = JSON.parse(out);
  assert.is('threshold' in said, false);
  const prob = readSafetensors(readFileSync(said.scores), 'prob').tensors.get('prob')!;
  assert.equal(prob.shape, [1, 11, 8, 12]);
  const values = toFloat32(prob);
  for (let cell = 0; cell < 96; cell++) {
    const sum = Array.from({ length: 11 }, (_, c) => values[c * 96 + cell]).reduce((a, b) => a + b);
    assert.ok(Math.abs(sum - 1) < 1e-5, `${sum}`);
  }
});

gpu('eval: both classes are counted, by the threshold of segment', async () => {
  mkdirSync(at('pairs', 'images'), { recursive: true });
  mkdirSync(at('pairs', 'labels'), { recursive: true });
  await savePicture('pairs/images/a.png', 40, 56);
  const labels = Uint8Array.from({ length: 40 * 56 }, (_, n) => Number(n % 56 < 20));
  save('pairs/labels/a.png', await encodeIndexed({ data: labels, width: 56, height: 40 }, vocPalette(2)));
  save('mole.txt', 'mole 9,9,9\n');
  const results = [];
  for (const threshold of ['0.5', '0.8']) {
    const words = ['-w', 'one.safetensors', '--labels', 'mole.txt', '--threshold', threshold, '--json'];
    const { code, out, err } = await cli('eval', 'regseg', '--data', 'pairs', ...words);
    assert.is(code, 0, err);
    const said = JSON.parse(out);
    await cli('segment', 'pairs/images/a.png', '-m', 'regseg', ...words, '-o', 'judged', '--mask');
    const { data } = await decodeLabels(readFileSync(at('judged', 'a.classes.png')), 'classes');
    const { counts } = countConfusion(data, labels, 2);
    assert.equal([said.threshold, said.confusion.flat()], [Number(threshold), [...counts]]);
    assert.equal(Object.keys(said.iou), ['background', 'mole'], 'the class alone is named');
    results.push(said.confusion.flat());
  }
  assert.ok(results[0][1] + results[0][3] > results[1][1] + results[1][3], 'fewer pixels are above 0.8');
});

gpu('segment --resume refuses results of another threshold', async () => {
  await savePicture('again.png', 24, 32);
  const words = ['segment', 'again.png', '-w', 'one.safetensors', '-m', 'regseg', '-o', 'kept', '--resume'];
  assert.is((await cli(...words)).code, 0);
  complained(await cli(...words, '--threshold', '0.7'), 2, '--resume', 'threshold 0.5', '0.7');
});

test('thresholds that are none, or for a network of several channels, are wrong usage, and leave nothing', async () => {
  const input = saveInput(SIZE.h, SIZE.w);
  await savePicture('x.png', 8, 8);
  const before = listing();
  const forms = [
    ['segment', 'x.png', '-m', 'regseg'],
    ['run', 'regseg', '--input', input, '--output', 'z.safetensors'],
    ['eval', 'regseg', '--data', '.'],
  ];
  for (const form of forms) {
    for (const threshold of ['0', '1', '1.5', '50%', 'half', '.'])
      complained(
        await cli(...form, '-w', 'one.safetensors', '--threshold', threshold),
        2,
        `--threshold ${threshold}`,
        'between 0 and 1',
      );
    if (form[0] === 'run')
      complained(await cli(...form, '-w', WEIGHTS, '--threshold', '0.5'), 2, 'threshold', '11 channels', 'single channel');
  }
  complained(await cli('segment', 'x.png', '--threshold', '0.5'), 2, 'threshold: regseg-camvid has 11 channels', 'leave it out');
  assert.equal(listing(), before);
});

test('convert: the card names both classes, and its self-test is of the classes that the threshold makes', async () => {
  const { code, err } = await cli('convert', 'one.safetensors', '-m', 'regseg', '--card', 'none.json', '-o', 'kept.safetensors');
  assert.is(code, 0, err);
  const { card: kept, network } = await decodeWeights(readFileSync(at('kept.safetensors')), 'kept.safetensors', {});
  assert.equal(
    [kept.classes, kept.palette],
    [
      ['background', 'person'],
      [[0, 0, 0], card.palette[0]],
    ],
  );
  assert.equal([kept.activation, network.end], ['none', { channels: 1, activation: 'none' }]);
  assert.equal([...new Set(kept.check!.classes.map(([value]) => value))].sort(), [0, 1]);
});

test('cards of a single channel: two names, or one and its background; no activation for several', async () => {
  const inspect = (
    file: string,
    classes: readonly string[],
    more: object = {},
  ): Promise<{ code: number | null; err: string; out: string }> => {
    save('card.json', JSON.stringify({ ...card, classes, palette: vocPalette(classes.length), ...more }));
    return cli('inspect', 'regseg', '-w', file, '--card', 'card.json', '--size', '32x32', '--json');
  };
  for (const classes of [['person'], ['rest', 'person']]) assert.is((await inspect('one.safetensors', classes)).code, 0);
  complained(await inspect('one.safetensors', ['a', 'b', 'c']), 1, 'one.safetensors has 2 classes', 'names 3');
  complained(await inspect('one.safetensors', ['a', 'b'], { activation: 'tanh' }), 1, '"activation"', 'sigmoid');
  const eleven = Array.from({ length: 11 }, (_, n) => `class ${n}`);
  complained(await inspect(WEIGHTS, eleven, { activation: 'none' }), 1, '"activation"', 'there are 11');
});

test.run();
