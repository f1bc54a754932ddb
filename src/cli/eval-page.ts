// `eval --html`: what `eval` says, as a page, with the pictures that came out worst.
import { type Confusion, scoresOf } from '../eval/confusion.ts';
import type { Done } from '../eval/state.ts';
import type { Palette } from '../image/overlay.ts';
import { encodeIndexed } from '../image/png.ts';
import { shrink } from '../image/shrink.ts';
import type { Size } from '../image/size.ts';
import { checkFile, resolveFrom } from '../node/files.ts';
import { encodeJpeg } from '../node/photograph.ts';
import { element, xml } from '../plan/svg.ts';
import { commandLine, htmlTable, image, paragraph, reportPage, type Section, scrolled } from '../report/page.ts';
import type { Arguments } from './command.ts';

/** Pictures that are shown, and the longest side that they are shown at, in pixels. */
const MOST = 8;
const SIDE = 480;
const VOID = [118, 118, 126] as const;
/** Of a difference: right, wrong, void. */
const DIFFERENCE: Palette = [[226, 224, 218], [206, 32, 41], VOID];

export interface EvalPage {
  readonly model: string;
  readonly data: string;
  /** Adapters, precision, sizes: what the numbers depend on, in lines. */
  readonly facts: readonly string[];
  readonly names: readonly string[];
  /** Null where nothing is drawn in it. */
  readonly palette: Palette | null;
  readonly sum: Confusion;
  readonly done: ReadonlyMap<string, Done>;
  readonly failed: readonly string[];
  /** Words of the command line. */
  readonly words: readonly string[];
  /** By `fourOf`; null where no pictures are at hand. */
  readonly worst: readonly string[] | null;
}

/** Where `--html` wants the page; null without it. Throws `BAD_USAGE` where nothing can be written. */
export async function htmlFile(args: Arguments): Promise<string | null> {
  const html = args.text('html');
  if (html === undefined) return null;
  const file = resolveFrom(html);
  await checkFile(file, '--html');
  return file;
}

/** Pictures by their own mIoU, the lowest first, those that are all right left out. */
export function worstOf(done: ReadonlyMap<string, Done>, names: readonly string[]): { picture: string; miou: number }[] {
  return [...done]
    .map(([picture, { confusion }]) => ({ picture, miou: scoresOf(confusion, names).miou ?? 1 }))
    .filter(({ miou }) => miou < 1)
    .sort((a, b) => a.miou - b.miou || (a.picture < b.picture ? -1 : 1))
    .slice(0, MOST);
}

/** A picture as it was taken, its labels and its result, h×w. */
export interface Seen {
  readonly rgba: Uint8ClampedArray;
  readonly size: Size;
  /** 255 and what is no class: void. */
  readonly labels: Uint8Array;
  readonly classes: Uint8Array;
}

/** Side by side: picture, labels, result, difference. */
export async function fourOf(picture: string, miou: number, seen: Seen, palette: Palette): Promise<string> {
  const { rgba, size, labels, classes } = seen;
  const scale = Math.min(1, SIDE / Math.max(size.h, size.w));
  const [height, width] = [size.h, size.w].map(side => Math.max(1, Math.round(side * scale)));
  const nearest = (map: (pixel: number) => number): Uint8Array =>
    Uint8Array.from({ length: height * width }, (_, at) => {
      const [y, x] = [Math.floor(at / width), at % width];
      return map(Math.floor(((y + 0.5) * size.h) / height) * size.w + Math.floor(((x + 0.5) * size.w) / width));
    });
  const none = palette.length;
  const isVoid = (pixel: number): boolean => labels[pixel] >= none;
  const coloured: Palette = [...palette, VOID].slice(0, 256);
  const [label, result, difference] = await Promise.all([
    encodeIndexed({ data: nearest(pixel => (isVoid(pixel) ? none : labels[pixel])), width, height }, coloured),
    encodeIndexed({ data: nearest(pixel => classes[pixel]), width, height }, coloured),
    encodeIndexed(
      { data: nearest(pixel => (isVoid(pixel) ? 2 : Number(labels[pixel] !== classes[pixel]))), width, height },
      DIFFERENCE,
    ),
  ]);
  const shown = await encodeJpeg(scale === 1 ? rgba : shrink(new Uint8Array(rgba), size, { h: height, w: width }), width, height);
  const figure = (type: 'png' | 'jpeg', bytes: Uint8Array, what: string): string =>
    element('figure', {}, image(type, bytes, `${picture}: ${what}`), element('figcaption', {}, xml(what)));
  const figures = [
    figure('jpeg', shown, 'picture'),
    figure('png', label, 'labels'),
    figure('png', result, 'result'),
    figure('png', difference, 'difference: wrong is red, void is grey'),
  ];
  return paragraph(`${picture}, mIoU ${miou.toFixed(4)}`) + element('div', { class: 'four' }, ...figures);
}

export function evalPage(given: EvalPage): string {
  const { model, data, names, sum, done, failed } = given;
  const scores = scoresOf(sum, names);
  const share = (value: number | null): string => (value === null ? '–' : value.toFixed(4));
  const overall = [
    ['mIoU', share(scores.miou)],
    ...(scores.miouReduced === null ? [] : [['mIoU without truck, bus and train', share(scores.miouReduced)]]),
    ['pixel accuracy', share(scores.pixelAccuracy)],
    ['mean accuracy', share(scores.meanAccuracy)],
    ['pictures', String(done.size)],
    ['pictures that failed', String(failed.length)],
    ['pixels that count', String(scores.pixels.reduce((a, b) => a + b, 0))],
    ['pixels that are void', String(sum.ignored)],
  ];
  const sections: Section[] = [
    { heading: 'Scores', body: [htmlTable(['', ''], overall)] },
    { heading: 'IoU by class', body: [bars(given, scores.iou, scores.pixels)] },
    { heading: 'Confusion matrix', body: [matrix(sum, names)] },
    ...(given.worst === null ? [] : [worstSection(given.worst)]),
    {
      heading: 'How to repeat',
      body: [commandLine('npx atrous eval', given.words), ...given.facts.map(paragraph)],
    },
  ];
  return reportPage(
    `${model} on ${data}`,
    [`mean IoU ${share(scores.miou)}, ${done.size} ${done.size === 1 ? 'picture' : 'pictures'}`],
    sections,
  );
}

function worstSection(worst: readonly string[]): Section {
  const body = worst.length > 0 ? worst : [paragraph('Every pixel of every picture is right.')];
  return { heading: 'Worst pictures', body };
}

function bars({ names, palette }: EvalPage, iou: readonly (number | null)[], pixels: readonly number[]): string {
  const rows = names.map((name, index) => {
    const share = iou[index];
    const swatch = palette ? element('span', { class: 'swatch', style: `background:rgb(${palette[index].join()})` }, '') : '';
    const filled = element('i', { style: `width:${((share ?? 0) * 100).toFixed(2)}%` }, '');
    return element(
      'tr',
      {},
      element('th', { scope: 'row' }, swatch, xml(name)),
      element('td', { class: 'iou' }, filled),
      element('td', { class: 'number' }, share === null ? '–' : share.toFixed(4)),
      element('td', { class: 'number' }, String(pixels[index])),
    );
  });
  const head = ['class', 'IoU', '', 'labelled pixels'].map(text => element('th', {}, xml(text)));
  return scrolled(element('table', {}, element('thead', {}, element('tr', {}, ...head)), element('tbody', {}, ...rows)));
}

/** Rows are labels: percent of each class's pixels, by what they were taken for. */
function matrix({ classes, counts }: Confusion, names: readonly string[]): string {
  const head = ['', ...names].map(name => element('th', { scope: 'col' }, xml(name)));
  const rows = names.map((name, row) => {
    const own = counts.subarray(row * classes, (row + 1) * classes);
    const all = own.reduce((sum, count) => sum + count, 0);
    const cells = [...own].map((count, column) => {
      const share = all > 0 ? count / all : 0;
      const hue = column === row ? '47,109,181' : '206,32,41';
      const attributes = {
        style: share > 0 ? `background:rgba(${hue},${(0.08 + 0.6 * share).toFixed(3)})` : undefined,
        title: `${name} taken for ${names[column]}: ${count} pixels`,
      };
      return element('td', attributes, count > 0 ? (share * 100).toFixed(share < 0.1 ? 1 : 0) : '');
    });
    return element('tr', {}, element('th', { scope: 'row' }, xml(name)), ...cells);
  });
  return (
    paragraph('A row is a class of the labels, in percent of its pixels; a column is what they were taken for.') +
    scrolled(element('table', { class: 'matrix' }, element('thead', {}, element('tr', {}, ...head)), element('tbody', {}, ...rows)))
  );
}
