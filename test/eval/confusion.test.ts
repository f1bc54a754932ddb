// Confusion matrices and their scores, against sums worked out by hand.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { countConfusion, emptyConfusion, mergeConfusions, scoresOf } from '../../src/eval/confusion.ts';
import { type About, checkFacts, type Done, mergeStates, parseState, printState, type State, sumOf } from '../../src/eval/state.ts';
import { cityscapes } from '../../src/models/palettes.ts';

const letters = ['a', 'b', 'c', 'd'];

function refuses(work: () => unknown, ...parts: string[]): void {
  try {
    work();
  } catch (error) {
    for (const part of ['BAD_USAGE', ...parts])
      assert.match(`${(error as { code: string }).code}: ${(error as Error).message}`, part);
    return;
  }
  assert.unreachable('no error');
}

test('rows are labels, columns predictions; labels that are no class do not count', () => {
  const labels = Uint8Array.of(0, 0, 1, 1, 1, 255, 3, 2);
  const predicted = Uint8Array.of(0, 1, 1, 1, 0, 0, 0, 2);
  const { counts, ignored } = countConfusion(predicted, labels, 3);
  assert.equal([...counts], [1, 1, 0, 1, 2, 0, 0, 0, 1]);
  assert.is(ignored, 2);
  const { iou, miou, pixelAccuracy, meanAccuracy, pixels, miouReduced } = scoresOf(
    { classes: 3, counts, ignored },
    letters.slice(0, 3),
  );
  assert.equal(iou, [1 / 3, 2 / 4, 1]);
  assert.is(miou, (1 / 3 + 1 / 2 + 1) / 3);
  assert.is(pixelAccuracy, 4 / 6);
  assert.is(meanAccuracy, (1 / 2 + 2 / 3 + 1) / 3);
  assert.equal(pixels, [2, 3, 1]);
  assert.is(miouReduced, null);
});

test('a class that is only predicted counts as 0, one that is nowhere not at all', () => {
  const { iou, miou, meanAccuracy } = scoresOf(countConfusion(Uint8Array.of(0, 0, 2, 0), Uint8Array.of(0, 0, 0, 0), 4), letters);
  assert.equal(iou, [3 / 4, null, 0, null]);
  assert.is(miou, 3 / 8);
  assert.is(meanAccuracy, 3 / 4);
});

test('an `ignore` that is itself a class number', () => {
  const { counts, ignored } = countConfusion(Uint8Array.of(0, 1), Uint8Array.of(0, 1), 2, 0);
  assert.equal([...counts, ignored], [0, 0, 0, 1, 1]);
});

test('nothing counted, no score', () => {
  const scores = scoresOf(emptyConfusion(4), letters);
  assert.equal([scores.miou, scores.pixelAccuracy, scores.meanAccuracy], [null, null, null]);
});

test('parts add up to the whole', () => {
  const labels = Uint8Array.from({ length: 600 }, (_, i) => (i * 7) % 6);
  const predicted = Uint8Array.from({ length: 600 }, (_, i) => (i * i) % 5);
  const parts = [0, 100, 350].map((from, n) => [from, [100, 350, 600][n]] as const);
  const pieces = parts.map(([from, to]) => countConfusion(predicted.subarray(from, to), labels.subarray(from, to), 5));
  assert.equal(mergeConfusions(5, pieces.reverse()), countConfusion(predicted, labels, 5));
  assert.equal(mergeConfusions(5, []), emptyConfusion(5));
});

test('mIoU^R leaves truck, bus and train out, by name', () => {
  const labels = cityscapes.labels.toReversed();
  // Every class once; the rare ones are all mistaken for road.
  const rare = ['truck', 'bus', 'train'];
  const truth = Uint8Array.from(labels, (_, index) => index);
  const predicted = truth.map(index => (rare.includes(labels[index]) ? labels.indexOf('road') : index));
  const { miou, miouReduced } = scoresOf(countConfusion(predicted, truth, 19), labels);
  assert.ok(Math.abs(miouReduced! - (15 + 1 / 4) / 16) < 1e-12);
  assert.ok(Math.abs(miou! - (15 + 1 / 4) / 19) < 1e-12);
});

test('refuses sizes and classes that disagree', () => {
  refuses(() => countConfusion(new Uint8Array(3), new Uint8Array(4), 2), '3', '4');
  refuses(() => countConfusion(Uint8Array.of(2), Uint8Array.of(0), 2), 'class 2', 'there are 2');
  refuses(() => mergeConfusions(2, [emptyConfusion(3)]), '2 and 3');
});

const about: About = {
  model: 'm',
  data: '/d',
  layout: 'pairs',
  names: ['a', 'b'],
  threshold: null,
  matched: 'value',
  forms: { 'class numbers': 2 },
  order: null,
};
/** A state of one run: picture → its predictions of four pixels whose labels are 0, 1, 1 and void. */
function stateOf(pictures: Record<string, readonly number[]>, facts: Record<string, string> = {}, failed: string[] = []): State {
  const done = Object.entries(pictures).map(([name, predicted]): [string, Done] => [
    name,
    { sha256: name, confusion: countConfusion(Uint8Array.from(predicted), Uint8Array.of(0, 1, 1, 255), 2) },
  ]);
  return { facts: { weights: 'x', adapter: 'here', ...facts }, about, total: 4, failed, done: new Map(done) };
}

test('a state comes back as it was, and goes on only under the same facts', () => {
  const state = stateOf({ 'images/a.png': [0, 1, 0, 1] }, {}, ['b']);
  (state.done as Map<string, Done>).set('__proto__', { sha256: 'bb', confusion: emptyConfusion(2) });
  const text = printState(state);
  assert.equal(parseState(text, 'f'), state);
  refuses(
    () => checkFacts({ weights: 'x', size: 'own' }, { weights: 'y', size: 'own' }, 'f.json was', 'next'),
    'weights x',
    'now it is y',
  );
  refuses(() => checkFacts({ size: 'own' }, {}, 'f.json was', 'next'), 'f.json was', 'size own', 'unknown', 'next');
  const broken = (change: object): string => JSON.stringify({ ...JSON.parse(text), ...change });
  for (const bad of [
    '',
    '3',
    '{}',
    broken({ pictures: { a: null } }),
    broken({ pictures: { a: { sha256: '', ignored: 0, confusion: [[4, 1]] } } }),
    broken({ pictures: { a: { sha256: '', ignored: 0, confusion: [3] } } }),
    broken({ about: { ...about, names: [] } }),
    broken({ about: { ...about, order: {} } }),
    broken({ total: -1 }),
  ])
    refuses(() => parseState(bad, 'f.json'), 'f.json is no state');
});

test('states of shards add up exactly, whatever adapter each ran on; a picture that two hold counts once', () => {
  const one = stateOf({ a: [0, 1, 1, 1], b: [1, 1, 1, 1] }, {}, ['c', 'd']);
  const two = stateOf({ b: [1, 1, 1, 1], c: [0, 0, 0, 0] }, { adapter: 'there' });
  const whole = stateOf({ a: [0, 1, 1, 1], b: [1, 1, 1, 1], c: [0, 0, 0, 0] });
  const {
    done,
    failed,
    total,
    adapters,
    about: summed,
  } = mergeStates(
    new Map([
      ['1.json', one],
      ['2.json', two],
    ]),
  );
  assert.equal(done, whole.done);
  assert.equal(sumOf(2, done), { classes: 2, counts: Float64Array.of(2, 1, 2, 4), ignored: 3 });
  assert.equal([failed, total, adapters, summed.forms], [['d'], 4, ['here', 'there'], { 'class numbers': 4 }]);
  const merge = (other: State) => () =>
    mergeStates(
      new Map([
        ['1.json', one],
        ['2.json', other],
      ]),
    );
  refuses(merge(stateOf({ c: [0, 0, 0, 0] }, { weights: 'y' })), '1.json was made with weights x, and 2.json with y');
  refuses(merge(stateOf({ c: [0, 0, 0, 0] }, { size: '8x8' })), 'size unknown, and 2.json with 8x8');
  refuses(merge(stateOf({ a: [1, 1, 1, 1] })), 'a is in 1.json and, with other predictions, in 2.json');
  const changed = stateOf({ a: [0, 1, 1, 1] });
  refuses(
    merge({ ...changed, done: new Map([['a', { ...changed.done.get('a')!, sha256: 'other' }]]) }),
    'of other bytes, in 2.json',
  );
  // An empty share ran on no device: it has no facts to disagree with.
  const empty: State = { ...stateOf({}), facts: {}, about: { ...about, forms: { 'class numbers': 0 } } };
  assert.is(
    mergeStates(
      new Map([
        ['0.json', empty],
        ['1.json', one],
      ]),
    ).done.size,
    2,
  );
});

test.run();
