// How good class maps are: one confusion matrix over a whole data set, and the scores that the literature reads from it.

import { AtrousError } from '../errors.ts';
import { cityscapes } from '../models/palettes.ts';

/** Counts of pixels. Whole numbers below 2^53, so that sums are exact and merging may happen in any order. */
export interface Confusion {
  readonly classes: number;
  /** C×C, row by row: row = label, column = prediction. */
  readonly counts: Float64Array;
  /** Pixels whose label is no class. */
  readonly ignored: number;
}

export interface Scores {
  /** Per class TP / (TP + FP + FN), 0 to 1; null for a class that neither the labels nor the predictions have. */
  readonly iou: readonly (number | null)[];
  /** Null where no class has an IoU. */
  readonly miou: number | null;
  /** mIoU^R: without truck, bus and train. Null unless the classes are Cityscapes' 19. */
  readonly miouReduced: number | null;
  /** Share of the counted pixels that are right. Null where none counts. */
  readonly pixelAccuracy: number | null;
  /** Mean over the classes that the labels have of TP / (TP + FN). */
  readonly meanAccuracy: number | null;
  /** Labelled pixels per class. */
  readonly pixels: readonly number[];
}

/** What the official code leaves out of mIoU^R (train ids 14, 15, 16): few pictures have them, so their IoU is mostly noise. */
const RARE: ReadonlySet<string> = new Set(['truck', 'bus', 'train']);

export function emptyConfusion(classes: number): Confusion {
  return { classes, counts: new Float64Array(classes * classes), ignored: 0 };
}

/**
 * The matrix of one picture. `predicted` and `labels` are h×w, class numbers; a pixel whose label is `ignore`, or `classes` or
 * more, is left out, as in the published evaluations. Throws `BAD_USAGE` for sizes that disagree or a predicted class that does not
 * exist.
 */
export function countConfusion(predicted: Uint8Array, labels: Uint8Array, classes: number, ignore = 255): Confusion {
  if (predicted.length !== labels.length) {
    throw new AtrousError(
      'BAD_USAGE',
      `confusion: ${predicted.length} predicted pixels and ${labels.length} labels: give both one size`,
    );
  }
  const counts = new Float64Array(classes * classes);
  let ignored = 0;
  for (let i = 0; i < labels.length; i++) {
    const [label, guess] = [labels[i], predicted[i]];
    if (guess >= classes)
      throw new AtrousError(
        'BAD_USAGE',
        `confusion: pixel ${i} is class ${guess}, and there are ${classes}: give the model's own count`,
      );
    if (label >= classes || label === ignore) ignored++;
    else counts[label * classes + guess]++;
  }
  return { classes, counts, ignored };
}

/** The sum, as of shards or of a run in parts. Throws `BAD_USAGE` for different numbers of classes. */
export function mergeConfusions(classes: number, parts: Iterable<Confusion>): Confusion {
  const counts = new Float64Array(classes * classes);
  let ignored = 0;
  for (const part of parts) {
    if (part.classes !== classes)
      throw new AtrousError('BAD_USAGE', `confusion: matrices of ${classes} and ${part.classes} classes can't be added`);
    for (let i = 0; i < counts.length; i++) counts[i] += part.counts[i];
    ignored += part.ignored;
  }
  return { classes, counts, ignored };
}

/**
 * Scores of a matrix over the whole set, never means of pictures' scores. mIoU is the mean over the classes whose IoU is defined:
 * one that is predicted but never labelled counts as 0, one that is in neither is left out, because its 0 / 0 says nothing about
 * the model. (The published evaluations divide the same way; on their data sets every class occurs, and the mean is over all C.)
 * `names` are the classes', in order; they decide about mIoU^R.
 */
export function scoresOf({ classes, counts }: Confusion, names: readonly string[]): Scores {
  const range = Array.from({ length: classes }, (_, index) => index);
  const sum = (at: (other: number) => number): number => range.reduce((total, other) => total + counts[at(other)], 0);
  const right = range.map(index => counts[index * classes + index]);
  const labelled = range.map(row => sum(column => row * classes + column));
  const guessed = range.map(column => sum(row => row * classes + column));
  const iou = range.map(index => ratio(right[index], labelled[index] + guessed[index] - right[index]));
  const accuracy = range.map(index => ratio(right[index], labelled[index]));
  return {
    iou,
    miou: mean(iou),
    miouReduced: isCityscapes(names) ? mean(iou.filter((_, index) => !RARE.has(names[index].toLowerCase()))) : null,
    pixelAccuracy: ratio(total(right), total(labelled)),
    meanAccuracy: mean(accuracy),
    pixels: labelled,
  };
}

/** Whether the names are Cityscapes' 19, in any order. */
export function isCityscapes(names: readonly string[]): boolean {
  const given = new Set(names.map(name => name.toLowerCase()));
  return names.length === cityscapes.labels.length && cityscapes.labels.every(label => given.has(label));
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function mean(values: readonly (number | null)[]): number | null {
  const defined = values.filter(value => value !== null);
  return ratio(total(defined), defined.length);
}
