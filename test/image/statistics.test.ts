// Shares, accuracy and the painted overlay, by numbers small enough to check by eye.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { overlay } from '../../src/image/overlay.ts';
import { classShares, pixelAccuracy } from '../../src/image/statistics.ts';

const usage = (message: RegExp) => (error: { code: string; message: string }) =>
  error.code === 'BAD_USAGE' && message.test(error.message);

test('shares: largest first, only what occurs', () => {
  const shares = classShares(Uint8Array.of(2, 0, 2, 2, 0, 3, 2, 2), ['sky', 'car', 'road', 'tree']);
  assert.equal(shares, { road: 0.625, sky: 0.25, tree: 0.125 });
  assert.equal(Object.keys(shares), ['road', 'sky', 'tree']);
});

test('shares: nothing, equal labels, a name that objects have, a class without a label', () => {
  assert.equal(classShares(new Uint8Array(0), ['sky']), {});
  assert.equal(classShares(Uint8Array.of(0, 1), ['void', 'void']), { void: 1 });
  assert.equal(Object.keys(classShares(Uint8Array.of(0), ['__proto__'])), ['__proto__']);
  assert.throws(() => classShares(Uint8Array.of(0, 7, 7), ['sky']), usage(/class 7 covers 2 pixels and there are 1 labels/));
});

test('accuracy', () => {
  const classes = Uint8Array.of(1, 2, 3, 4);
  assert.is(pixelAccuracy(classes, Uint8Array.of(1, 2, 0, 11)), 0.5);
  assert.is(pixelAccuracy(classes, Uint8Array.of(1, 2, 0, 11), 11), 2 / 3);
  assert.ok(Number.isNaN(pixelAccuracy(classes, Uint8Array.of(11, 11, 11, 11), 11)));
  assert.throws(() => pixelAccuracy(classes, Uint8Array.of(1)), usage(/4 classes and 1 labels/));
});

test('overlay', () => {
  const rgba = Uint8Array.of(100, 200, 0, 255, 50, 50, 50, 0);
  const palette = [
    [0, 0, 255],
    [255, 255, 255],
  ] as const;
  assert.equal([...overlay(rgba, Uint8Array.of(0, 1), palette)], [40, 80, 153, 255, 173, 173, 173, 255]);
  assert.equal([...overlay(rgba, Uint8Array.of(0, 1), palette, 0)], [100, 200, 0, 255, 50, 50, 50, 255]);
  assert.equal([...overlay(rgba, Uint8Array.of(0, 1), palette, 1)], [0, 0, 255, 255, 255, 255, 255, 255]);
});

test('overlay: what does not fit', () => {
  const palette = [[0, 0, 0]] as const;
  assert.throws(() => overlay(new Uint8Array(8), new Uint8Array(3), palette), usage(/2 pixels and the class map 3/));
  assert.throws(() => overlay(new Uint8Array(8), Uint8Array.of(0, 1), palette), usage(/pixel 1 is class 1 .* 1 colours/));
  for (const opacity of [-0.1, 1.1, Number.NaN]) {
    assert.throws(() => overlay(new Uint8Array(4), new Uint8Array(1), palette, opacity), usage(/opacity/));
  }
});

test.run();
