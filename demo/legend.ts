// The classes with their colours and live shares; a click leaves one alone.
import type { Colour } from 'atrous';
import { make, the } from './page.ts';
import { chosen, coloursOf, percent } from './view.ts';

let shown: { readonly labels: readonly string[]; readonly palette: readonly Colour[] } = { labels: [], palette: [] };
let onChoice = (): void => {};

/** The list for a model's classes; `changed` is called when the reader chooses others. */
export function legend(labels: readonly string[], palette: readonly Colour[], changed: () => void): void {
  if (shown.labels !== labels) chosen.clear();
  shown = { labels, palette };
  onChoice = changed;
  const colours = coloursOf(palette);
  the('classes').replaceChildren(
    ...labels.map((label, n) => {
      const item = make(
        'button',
        { type: 'button', onclick: event => choose(n, event.shiftKey) },
        make('span', { className: 'key', ariaHidden: 'true' }, n < 9 ? String(n + 1) : ''),
        swatch(colours[n]!),
        make('span', { className: 'name' }, label),
        make('span', { className: 'share' }, '–'),
      );
      item.ariaPressed = String(chosen.has(n));
      return make('li', {}, item);
    }),
  );
}

/** One class alone, or beside those that are chosen; again, or -1: all of them. */
export function choose(n: number, more = false): void {
  const had = chosen.has(n) && (more || chosen.size === 1);
  if (!more) chosen.clear();
  if (had) chosen.delete(n);
  else if (n >= 0 && n < shown.labels.length) chosen.add(n);
  [...the('classes').querySelectorAll('button')].forEach((item, index) => {
    item.ariaPressed = String(chosen.has(index));
  });
  onChoice();
}

export function showShares(shares: Readonly<Record<string, number>>): void {
  const cells = the('classes').querySelectorAll('.share');
  shown.labels.forEach((label, n) => {
    const text = percent(shares[label] ?? 0);
    if (cells[n] && cells[n].textContent !== text) cells[n].textContent = text;
  });
}

function swatch([r, g, b]: Colour): HTMLCanvasElement {
  const canvas = make('canvas', { width: 1, height: 1, ariaHidden: 'true' });
  const context = canvas.getContext('2d')!;
  context.fillStyle = `rgb(${r} ${g} ${b})`;
  context.fillRect(0, 0, 1, 1);
  return canvas;
}
