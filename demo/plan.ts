// The plan of the size that was segmented last: as a table, as a score, and how far each layer sees.
import { printPlan, type Segmenter } from 'atrous';
import { button, make, tellError, the } from './page.ts';

type Drawing = 'table' | 'score' | 'fields';
const NAMES: Readonly<Record<Drawing, string>> = { table: 'Table', score: 'Score', fields: 'Fields of view' };
let shown: Drawing = 'table';

export function planTab(model: Segmenter | null): void {
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
  the('plan').replaceChildren(make('p', { className: 'row' }, ...choices), body);
  draw(model, shown, body).catch(tellError);
}

async function draw(model: Segmenter, kind: Drawing, body: HTMLElement): Promise<void> {
  if (kind === 'table') {
    body.replaceChildren(make('pre', {}, await printPlan(model.plan)));
    return;
  }
  const { drawFieldsOfView, drawPlan } = await import('atrous/drawings');
  embed(kind === 'score' ? drawPlan(model.plan) : drawFieldsOfView(model), body);
}

/** A drawing in a tree of its own, its style as a sheet and by properties: the page's policy forbids style elements and attributes. */
function embed(svg: string, body: HTMLElement): void {
  const plain = svg.replaceAll(' style="', ' data-style="').replace(/<style>([\s\S]*?)<\/style>/, '<desc>$1</desc>');
  const { documentElement: drawing } = new DOMParser().parseFromString(plain, 'image/svg+xml');
  const style = drawing.querySelector('desc')!;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style.textContent!);
  style.remove();
  const root = body.attachShadow({ mode: 'open' });
  root.adoptedStyleSheets = [sheet];
  root.append(drawing);
  for (const element of root.querySelectorAll<SVGElement>('[data-style]')) element.style.cssText = element.dataset.style!;
}

/** No size is prepared before the first frame. */
function hasPlan(model: Segmenter | null): model is Segmenter {
  try {
    return model?.plan !== undefined;
  } catch {
    return false;
  }
}
