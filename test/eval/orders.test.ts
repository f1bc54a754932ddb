// Orders of classes: the assignment that fits best, against all permutations, and CamVid's two orders.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Confusion, scoresOf } from '../../src/eval/confusion.ts';
import { betterFit, camvidOrder, camvidOrders, isCamvid, otherOrder } from '../../src/eval/orders.ts';
import { uniform } from '../../src/weights/seeded.ts';

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap(item => permutations(items.filter(other => other !== item)).map(rest => [item, ...rest]));
}

/** The matrix in which labels of class i count as class order[i]. */
function reordered({ classes, counts, ignored }: Confusion, order: readonly number[]): Confusion {
  const moved = new Float64Array(classes * classes);
  for (let row = 0; row < classes; row++) moved.set(counts.subarray(row * classes, (row + 1) * classes), order[row] * classes);
  return { classes, counts: moved, ignored };
}

test('of all assignments the one with the highest mIoU', () => {
  let better = 0;
  for (let n = 0; n < 60; n++) {
    const classes = 2 + (n % 5);
    const names = Array.from({ length: classes }, (_, index) => String(index));
    const all = permutations(names.map(Number));
    const noise = uniform(`fit ${n}`, classes * classes + 1);
    const order = all[Math.floor(noise[classes * classes] * all.length)];
    // Mostly right under some order; every class occurs, so the mean is over the same classes whatever the order.
    const counts = Float64Array.from({ length: classes * classes }, (_, place) => {
      const right = order[Math.floor(place / classes)] === place % classes;
      return Math.floor(noise[place] * (n % 3 === 0 ? 100 : 20)) + (right ? 40 : 1);
    });
    const confusion = { classes, counts, ignored: 0 };
    const best = Math.max(...all.map(other => scoresOf(reordered(confusion, other), names).miou!));
    const now = scoresOf(confusion, names).miou!;
    const fit = betterFit(confusion, names);
    assert.is(fit !== null, best - now >= 0.05 && (best - now) * classes >= 0.5, `${n}: ${now} → ${best}`);
    if (fit === null) continue;
    better++;
    assert.ok(Math.abs(fit.miou - best) < 1e-12, `${n}: ${fit.miou}, best is ${best}`);
    assert.is(scoresOf(reordered(confusion, fit.assignment), names).miou, fit.miou);
  }
  assert.ok(better > 20, `${better} of 60 fit better otherwise`);
});

test('classes that are nowhere stay what they are, and nothing is said of chance', () => {
  const counts = new Float64Array(16);
  counts[1] = 50; // label 0 is predicted as 1 and the other way round; 2 and 3 never occur
  counts[4] = 50;
  assert.equal(betterFit({ classes: 4, counts, ignored: 0 }, ['a', 'b', 'c', 'd']), { assignment: [1, 0, 2, 3], miou: 1 });
  assert.is(betterFit({ classes: 4, counts: new Float64Array(16), ignored: 9 }, ['a', 'b', 'c', 'd']), null);
});

test('what is said everywhere is no order, whatever the labels', () => {
  const rows: [title: string, counts: number[]][] = [
    ['one class in the labels, another in the predictions', [0, 90, 0, 0]],
    ['the rarer class in all predictions', [0, 90, 0, 10]],
    ['all but a few', [2, 90, 1, 10]],
  ];
  for (const [title, counts] of rows)
    assert.is(betterFit({ classes: 2, counts: Float64Array.from(counts), ignored: 0 }, ['a', 'b']), null, title);
  assert.equal(betterFit({ classes: 2, counts: Float64Array.of(2, 90, 10, 1), ignored: 0 }, ['a', 'b'])?.assignment, [1, 0]);
});

test('the two orders of CamVid’s classes, in any spelling', () => {
  assert.equal(
    ['segnet', 'official', null],
    [camvidOrders.segnet, camvidOrders.official, camvidOrders.segnet.toReversed()].map(camvidOrder),
  );
  assert.equal([true, false], [camvidOrders.official.toReversed(), [...camvidOrders.segnet.slice(1), 'truck']].map(isCamvid));
  const there = otherOrder('segnet', 'model', []);
  const back = otherOrder('official', 'model', []);
  assert.equal(
    there.map(place => back[place]),
    there.map((_, index) => index),
  );
  // Label value 0 means Building in the official order; a model in SegNet's has building as its class 1, where value 0 was taken for sky, 0.
  assert.is(otherOrder('segnet', 'labels', camvidOrders.segnet)[0], 1);
});

test.run();
