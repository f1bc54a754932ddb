// What `eval` says at the end: the scores as a table and as one JSON object, and what about them may not mean what it seems to.

import { type Confusion, scoresOf } from '../eval/confusion.ts';
import { type Meaning, type Order, printReordered } from '../eval/meaning.ts';
import { betterFit, camvidOrders, orderNames, otherOrder } from '../eval/orders.ts';
import type { About, Done } from '../eval/state.ts';
import type { Output } from './output.ts';

export interface Evaluated extends About {
  /** What a `--map` would change; null where no single one could. */
  readonly values: Meaning['forms'][number] | null;
  readonly done: ReadonlyMap<string, Done>;
  readonly failed: readonly string[];
  /** Pictures that no state that was added knows of. */
  readonly missing: number;
  readonly sum: Confusion;
  /** Files that hold the matrices. */
  readonly states: readonly string[];
}

/** Share of void pixels from which on a class that never occurs may be hidden in them. */
const MANY = 0.01;

/** Says the result. Returns whether a pixel was counted, or no picture had labels. */
export function report(result: Evaluated, out: Output): boolean {
  const { names, sum } = result;
  const scores = scoresOf(sum, names);
  const fit = fitOf(result);
  const total = scores.pixels.reduce((a, b) => a + b, 0);
  // Without labels a picture has an empty matrix, and a labelled one has at least one pixel.
  const pictures = [...result.done.values()].filter(
    ({ confusion: { counts, ignored } }) => ignored > 0 || counts.some(Boolean),
  ).length;
  out.json({
    model: result.model,
    data: result.data,
    layout: result.layout,
    labels: {
      matched: result.matched,
      forms: result.forms,
      order: result.order,
      better_fit: fit,
    },
    ...(result.threshold !== null && { threshold: result.threshold }),
    pictures,
    miou: scores.miou,
    miou_r: scores.miouReduced,
    pixel_accuracy: scores.pixelAccuracy,
    mean_accuracy: scores.meanAccuracy,
    iou: Object.fromEntries(names.map((name, index) => [name, scores.iou[index]])),
    confusion: names.map((_, row) => [...sum.counts.subarray(row * names.length, (row + 1) * names.length)]),
    ignored_pixels: sum.ignored,
    failed: result.failed,
    missing: result.missing,
  });
  const width = Math.max(5, ...names.map(name => name.length));
  const share = (value: number | null): string => (value === null ? '–' : value.toFixed(4));
  out.text(`\n${'class'.padEnd(width)}  ${'IoU'.padStart(6)}  ${'pixels'.padStart(12)}`);
  for (const [index, name] of names.entries())
    out.text(`${name.padEnd(width)}  ${share(scores.iou[index]).padStart(6)}  ${String(scores.pixels[index]).padStart(12)}`);
  out.text(`\nmIoU            ${share(scores.miou)}`);
  if (scores.miouReduced !== null) out.text(`mIoU^R          ${share(scores.miouReduced)}, without truck, bus and train`);
  out.text(`pixel accuracy  ${share(scores.pixelAccuracy)}`);
  out.text(`mean accuracy   ${share(scores.meanAccuracy)}`);
  out.text(`counted         ${total} pixels of ${pictures} pictures; ${sum.ignored} pixels have no class`);
  for (const file of result.states) out.text(`state           ${file}`);
  if (fit !== null) {
    const moves = Object.entries(fit.classes).map(([label, guess]) => `${label} → ${guess}`);
    const listed = moves.slice(0, 4).join(', ') + (moves.length > 4 ? ` and ${moves.length - 4} more` : '');
    const whose = fit.order === null ? 'another order' : `${orderNames[fit.order]} order`;
    const next = fit.map === null ? 'check what the labels mean' : `if that is what the labels mean, give --map ${fit.map}`;
    out.note(
      `the labels fit far better in ${whose}: mIoU ${share(fit.miou)} instead of ${share(scores.miou)} (${listed}); ${next}`,
    );
  }
  noteHidden(result, scores.pixels, total, out);
  const labelled = Object.values(result.forms).some(count => count > 0);
  if (total > 0 || !labelled) return true;
  const why =
    sum.ignored > 0 ? `${sum.ignored} are void; say what values mean by --map, such as --map 255=1` : 'every picture failed';
  out.note(`no pixel of ${result.data} counts: ${why}`);
  return false;
}

interface BetterFit {
  /** Whose order of CamVid's classes it is, if one's. */
  readonly order: Order['other'] | null;
  readonly miou: number;
  /** Class that labels are counted as → class that they fit. */
  readonly classes: Readonly<Record<string, string>>;
  readonly map: string | null;
}

function fitOf({ sum, names, order, values }: Evaluated): BetterFit | null {
  const fit = betterFit(sum, names);
  if (fit === null) return null;
  const moved = names.map((_, index) => index).filter(index => fit.assignment[index] !== index);
  const other = order && otherOrder(order.taken, order.of, names);
  const isInts = values?.published instanceof Int16Array && values.table instanceof Int16Array;
  return {
    order: other !== null && moved.every(index => other[index] === fit.assignment[index]) ? order!.other : null,
    miou: fit.miou,
    classes: Object.fromEntries(moved.map(index => [names[index], names[fit.assignment[index]]])),
    map: isInts ? printReordered(values.published as Int16Array, values.table as Int16Array, fit.assignment) : null,
  };
}

/** Whose order is taken, and how to give the other one. */
export function noteOrder({ of, taken, other, map }: Order, out: Output): void {
  const [mine, theirs] = [taken, other].map(order => `${orderNames[order]} (${camvidOrders[order].slice(0, 3).join(', ')} …)`);
  const what = of === 'model' ? "the model's classes are only numbered, and are taken to be in" : 'label values are taken to be in';
  const next = [of === 'model' ? 'its class names by --labels' : '', map ? `--map ${map}` : ''].filter(Boolean).join(', or ');
  out.text(`order    ${what} ${mine} order; for ${theirs} give ${next}`);
}

/** Masks of 0 and 255 have their foreground in what is void: not an error, since void pixels are common, but worth a line. */
function noteHidden({ names, values, sum }: Evaluated, pixels: readonly number[], total: number, out: Output): void {
  const table = values?.table;
  if (!(table instanceof Int16Array)) return;
  const onlyVoid = table.indexOf(255) === 255;
  const absent = names.filter((_, index) => pixels[index] === 0);
  if (!onlyVoid || absent.length === 0 || sum.ignored <= MANY * (sum.ignored + total)) return;
  const named = absent.slice(0, 3).map(name => `"${name}"`);
  const more = absent.length > 3 ? ` and ${absent.length - 3} more` : '';
  const value = table.indexOf(names.indexOf(absent[0]));
  out.note(
    `${named.join(', ')}${more} never ${absent.length > 1 ? 'occur' : 'occurs'} in the labels, and ${sum.ignored} pixels are 255, which is void: ` +
      `if 255 means ${absent[0]}, give --map 255=${value}`,
  );
}
