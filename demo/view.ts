// How results are drawn: what the controls say, as options of `draw`.
import type { Colour, DrawOptions } from 'atrous';
import { the } from './page.ts';

/** Distinct for every kind of colour vision: Paul Tol's muted scheme (Technical note SRON/EPS/TN/09-002), with grey and black. */
const SAFE: readonly Colour[] = [
  [136, 204, 238],
  [204, 102, 119],
  [221, 204, 119],
  [51, 34, 136],
  [170, 68, 153],
  [17, 119, 51],
  [153, 153, 51],
  [68, 170, 153],
  [136, 34, 85],
  [0, 0, 0],
  [221, 221, 221],
];

/** Classes that stand before the background until somebody chooses others. */
const FOREGROUND = ['car', 'pedestrian', 'bicyclist', 'person', 'foreground'];
const BLUR = 8;

/** Classes that the reader chose, by index; empty for all. */
export const chosen = new Set<number>();

/** Colours of `labels`, as they are drawn. */
export function coloursOf(palette: readonly Colour[]): readonly Colour[] {
  return the('palette').value === 'safe' ? palette.map((_, n) => SAFE[n % SAFE.length]!) : palette;
}

/** For `draw` and `stream`. */
export function drawOptions(labels: readonly string[], palette: readonly Colour[]): DrawOptions {
  const behind = the('background').value;
  const options: DrawOptions = {
    opacity: Number(the('opacity').value) / 100,
    palette: coloursOf(palette),
    outlines: the('outlines').checked,
  };
  if (behind === '') return chosen.size ? { ...options, classes: [...chosen] } : options;
  const front = chosen.size ? [...chosen] : labels.flatMap((label, n) => (FOREGROUND.includes(label) ? [n] : []));
  const background = behind === 'blur' ? { blur: BLUR } : the('colour').value;
  return { ...options, classes: front.length ? front : [labels.length - 1], background };
}

/** `road 41 %, tree 20 %, …` */
export function sharesText(shares: Readonly<Record<string, number>>): string {
  const parts = Object.entries(shares).map(([label, share]) => `${label} ${percent(share)}`);
  return parts.join(', ') || 'nothing';
}

export function percent(share: number): string {
  const text = share > 0 && share < 0.005 ? '<1' : String(Math.round(share * 100));
  return `${text}\u00a0%`;
}
