// Workgroups of the rows with workgroup memory: wide where there is much to do, none of them mostly idle.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { stagedCut } from '../../src/kernels/staged.ts';

/** Lanes of a workgroup, and workgroups. */
const cut = (pixels: number, pairs: number, most?: 8): [number, number] => {
  const { group, all } = stagedCut(pixels, pairs, most);
  return [group, all / group];
};

test('128 channels and more: 256 lanes', () => {
  assert.equal(cut(128 * 256, 16), [256, 256]);
  assert.equal(cut(64 * 128, 32), [256, 128]);
});

test('the width that leaves fewest pairs idle, of two the wider', () => {
  assert.equal(cut(64 * 128, 40), [128, 64 * 5]);
  assert.equal(cut(512 * 1024, 6), [128, 4096]);
  assert.equal(cut(256 * 512, 17), [64, 1024 * 5]);
});

test('few channels: small workgroups', () => {
  assert.equal(cut(128 * 128, 3), [64, 128]);
  assert.equal(cut(256 * 512, 1), [64, 1024]);
});

test('few pixels: twice as many of half the width', () => {
  assert.equal(cut(32 * 64, 32), [128, 64]);
  assert.equal(cut(1, 32), [128, 4]);
});

test('room for eight pairs only', () => {
  assert.equal(cut(64 * 128, 32, 8), [128, 256]);
});

test('a tile that overhangs is a whole one', () => {
  assert.equal(cut(128 * 1024 + 1, 8), [128, 1025]);
});

test.run();
