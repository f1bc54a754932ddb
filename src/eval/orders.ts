// The same classes in several orders: what is known of CamVid's, and the order that fits a confusion matrix best.

import { camvid } from '../models/palettes.ts';
import { keyOf } from './classes.ts';
import { type Confusion, scoresOf } from './confusion.ts';

/** CamVid's 11 classes are published in two orders. */
export const camvidOrders = {
  segnet: 'sky building pole road pavement tree sign fence car pedestrian bicyclist'.split(' '),
  official: camvid.labels,
} as const;

export type CamvidOrder = keyof typeof camvidOrders;

/** How each is called in sentences. */
export const orderNames: Readonly<Record<CamvidOrder, string>> = {
  segnet: "SegNet's",
  official: "the official RegSeg and DilatedNet code's",
};

/** Which of the two orders the names are in, or null. */
export function camvidOrder(names: readonly string[]): CamvidOrder | null {
  const keys = names.map(keyOf).join();
  return (['segnet', 'official'] as const).find(order => camvidOrders[order].map(keyOf).join() === keys) ?? null;
}

/** Whether the names are CamVid's 11, in any order. */
export function isCamvid(names: readonly string[]): boolean {
  const sorted = (classes: readonly string[]): string => classes.map(keyOf).sort().join();
  return sorted(names) === sorted(camvidOrders.official);
}

/** Class of the model → the one that its labels mean if what was taken for one order is the other. */
export function otherOrder(taken: CamvidOrder, of: 'labels' | 'model', model: readonly string[]): number[] {
  const [from, to] = [taken, otherOf(taken)].map(order => camvidOrders[order].map(keyOf));
  if (of === 'model') return from.map(name => to.indexOf(name));
  const keys = model.map(keyOf);
  return keys.map(name => keys.indexOf(to[from.indexOf(name)]));
}

export function otherOf(order: CamvidOrder): CamvidOrder {
  return order === 'segnet' ? 'official' : 'segnet';
}

export interface Fit {
  /** Class that labels are counted as → class that they should be counted as. */
  readonly assignment: readonly number[];
  readonly miou: number;
}

/** Gains below which another order may be chance: in mIoU, and in the sum of the classes' IoUs. */
const [GAIN, GAIN_SUM] = [0.05, 0.5];

/**
 * The assignment of label classes to the model's with the largest sum of IoUs, if its mIoU is far higher than that of the classes as they are, and not
 * for one class alone.
 */
export function betterFit(confusion: Confusion, names: readonly string[]): Fit | null {
  const { classes, counts } = confusion;
  const range = Array.from({ length: classes }, (_, index) => index);
  const now = scoresOf(confusion, names).miou;
  if (now === null) return null;
  const labelled = range.map(row => range.reduce((sum, column) => sum + counts[row * classes + column], 0));
  const guessed = range.map(column => range.reduce((sum, row) => sum + counts[row * classes + column], 0));
  const overlaps = range.map(row =>
    range.map(column => {
      const both = counts[row * classes + column];
      return both > 0 ? both / (labelled[row] + guessed[column] - both) : 0;
    }),
  );
  // Where nothing is to be won, classes stay what they are.
  const assignment = cheapest(
    overlaps.map((each, row) => each.map((iou, column) => (iou > 0 ? -iou : row === column ? -1e-9 : 0))),
  );
  // A network that says one class everywhere fits the labels best as whichever is the most frequent: an order shows in two classes.
  const shown = range.filter(row => overlaps[row][assignment[row]] >= overlaps[row][row] + GAIN);
  if (shown.length < 2) return null;
  const moved = new Float64Array(classes * classes);
  for (const row of range) moved.set(counts.subarray(row * classes, (row + 1) * classes), assignment[row] * classes);
  const miou = scoresOf({ ...confusion, counts: moved }, names).miou!;
  const gain = miou - now;
  return gain >= GAIN && gain * classes >= GAIN_SUM ? { assignment, miou } : null;
}

/**
 * The assignment of rows to columns of a square matrix with the smallest sum: Kuhn's Hungarian method by shortest augmenting paths (Jonker and Volgenant 1987),
 * n³ steps.
 */
function cheapest(cost: readonly (readonly number[])[]): number[] {
  const size = cost.length;
  // Column `size` stands for the row that is being placed; potentials keep reduced costs at 0 or more.
  const rows = new Float64Array(size + 1);
  const columns = new Float64Array(size + 1);
  const owner = new Int32Array(size + 1).fill(-1);
  for (let row = 0; row < size; row++) {
    const least = new Float64Array(size).fill(Number.POSITIVE_INFINITY);
    const before = new Int32Array(size).fill(size);
    const used = new Uint8Array(size + 1);
    let column = size;
    owner[size] = row;
    while (owner[column] >= 0) {
      used[column] = 1;
      const from = owner[column];
      let next = -1;
      for (let other = 0; other < size; other++) {
        if (used[other]) continue;
        const reduced = cost[from][other] - rows[from] - columns[other];
        if (reduced < least[other]) {
          least[other] = reduced;
          before[other] = column;
        }
        if (next < 0 || least[other] < least[next]) next = other;
      }
      const step = least[next];
      for (let other = 0; other <= size; other++) {
        if (used[other]) {
          rows[owner[other]] += step;
          columns[other] -= step;
        } else least[other] -= step; // out of range for `size` itself, which is always used
      }
      column = next;
    }
    while (column !== size) {
      owner[column] = owner[before[column]];
      column = before[column];
    }
  }
  const assignment = new Array<number>(size);
  for (let column = 0; column < size; column++) assignment[owner[column]] = column;
  return assignment;
}
