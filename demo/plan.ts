// The plan of the size that was segmented last: as a table, as a score, and how far each layer sees.
import { printPlan } from 'atrous';
import type { RemoteSegmenter } from 'atrous/worker';
import { button, make, tellError, the } from './page.ts';

type Drawing = 'table' | 'score' | 'fields';
const NAMES: Readonly<Record<Drawing, string>> = { table: 'Table', score: 'Score', fields: 'Fields of view' };
let shown: Drawing = 'table';

export function planTab(model: RemoteSegmenter | null): void {
  if (!hasPlan(model)) {
    the('plan').replaceChildren(make('p', {}, 'The plan shows here as soon as a picture was segmented.'));
    return;
  }
  const choices = (Object.keys(NAMES) as Drawing[]).map(kind => {
    const choice = button(NAMES[kind], () => {
      shown = kind;
      planTab(model);
    });
    choice.ariaPressed = String(kind === shown);
    return choice;
  });
  const body = make('div');
  the('plan').replaceChildren(make('div', { className: 'row' }, ...choices), body);
  draw(model, shown, body).catch(tellError);
}

async function draw(model: RemoteSegmenter, kind: Drawing, body: HTMLElement): Promise<void> {
  if (kind === 'table') return tabulate(await printPlan(model.plan), body);
  if (kind === 'fields')
    return embed(await model.drawFieldsOfView(), body, 'svg { max-width: 100%; min-width: 60rem; height: auto; }');
  const { drawPlan } = await import('atrous/drawings');
  embed(drawPlan(model.plan), body);
}

/** The table scrolls under its head; what stands before and after it wraps. */
function tabulate(text: string, body: HTMLElement): void {
  const [before = '', table = '', ...after] = text.split('\n\n');
  const [head = '', ...rows] = table.split('\n');
  const lines = (text: string, className = ''): HTMLElement => make('pre', { className }, text);
  const long = make(
    'div',
    { className: 'long', tabIndex: 0, role: 'region', ariaLabel: 'Steps' },
    lines(head, 'head'),
    lines(rows.join('\n')),
  );
  body.replaceChildren(lines(before, 'words'), long, lines(after.join('\n'), 'words'));
}

/** A drawing in a tree of its own, its style as a sheet and by properties: the page's policy forbids style elements and attributes. */
function embed(svg: string, body: HTMLElement, look = ''): void {
  const plain = svg.replaceAll(' style="', ' data-style="').replace(/<style>([\s\S]*?)<\/style>/, '<desc>$1</desc>');
  const { documentElement: drawing } = new DOMParser().parseFromString(plain, 'image/svg+xml');
  const style = drawing.querySelector('desc')!;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style.textContent! + look);
  style.remove();
  const root = body.attachShadow({ mode: 'open' });
  root.adoptedStyleSheets = [sheet];
  root.append(drawing);
  for (const element of root.querySelectorAll<SVGElement>('[data-style]')) element.style.cssText = element.dataset.style!;
}

/** No size is prepared before the first frame. */
function hasPlan(model: RemoteSegmenter | null): model is RemoteSegmenter {
  try {
    return model?.plan !== undefined;
  } catch {
    return false;
  }
}
