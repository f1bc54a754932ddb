// What a class map says in numbers: the share of each class, and how often it is right.

import { AtrousError } from '../errors.ts';

/** Pixels of each of the 256 possible classes. */
export function histogram(classes: Uint8Array): Uint32Array {
  const counts = new Uint32Array(256);
  for (const value of classes) counts[value]++;
  return counts;
}

/** `sharesOf` of a class map. */
export function classShares(classes: Uint8Array, labels: readonly string[]): Record<string, number> {
  return sharesOf(histogram(classes), labels);
}

/**
 * Fraction of the pixels per label, of the pixels of each class: largest first, only labels that occur; equal labels are added up. Labels that are whole
 * numbers (`0 … C-1`) come first and in their own order: that is how JavaScript orders such keys. BAD_USAGE for a class without a label.
 */
export function sharesOf(pixels: Uint32Array, labels: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  const total = pixels.reduce((a, b) => a + b, 0);
  pixels.forEach((count, value) => {
    if (count === 0) return;
    const label = labels[value];
    if (label === undefined)
      throw new AtrousError('BAD_USAGE', `class ${value} covers ${count} pixels and there are ${labels.length} labels`);
    counts.set(label, (counts.get(label) ?? 0) + count);
  });
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  return Object.fromEntries(sorted.map(([label, count]) => [label, count / total]));
}

/**
 * Fraction of equal values, 0 to 1, of the pixels whose label (h×w, class numbers) is not `ignore`; NaN where no pixel counts.
 * BAD_USAGE for sizes that disagree.
 */
export function pixelAccuracy(classes: Uint8Array, labels: Uint8Array, ignore?: number): number {
  if (classes.length !== labels.length) {
    throw new AtrousError('BAD_USAGE', `pixel accuracy: ${classes.length} classes and ${labels.length} labels: give both one size`);
  }
  let counted = 0;
  let right = 0;
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === ignore) continue;
    counted++;
    if (labels[i] === classes[i]) right++;
  }
  return right / counted;
}
