// The page's elements by id, with their types, and the few things that are done to them everywhere.

const kinds = {
  after: HTMLDivElement,
  background: HTMLSelectElement,
  badges: HTMLUListElement,
  before: HTMLCanvasElement,
  bench: HTMLDivElement,
  browser: HTMLDivElement,
  classes: HTMLUListElement,
  colour: HTMLInputElement,
  'colour-label': HTMLLabelElement,
  edge: HTMLDivElement,
  file: HTMLInputElement,
  frame: HTMLDivElement,
  full: HTMLButtonElement,
  help: HTMLButtonElement,
  hover: HTMLOutputElement,
  keys: HTMLDListElement,
  model: HTMLParagraphElement,
  notice: HTMLElement,
  numbers: HTMLDListElement,
  opacity: HTMLInputElement,
  outlines: HTMLInputElement,
  palette: HTMLSelectElement,
  pause: HTMLButtonElement,
  picture: HTMLDivElement,
  plan: HTMLDivElement,
  precision: HTMLSelectElement,
  remove: HTMLButtonElement,
  result: HTMLCanvasElement,
  size: HTMLSelectElement,
  snapshot: HTMLButtonElement,
  sources: HTMLFieldSetElement,
  split: HTMLInputElement,
  stage: HTMLElement,
  status: HTMLParagraphElement,
  still: HTMLImageElement,
  'still-after': HTMLImageElement,
  summary: HTMLElement,
  video: HTMLVideoElement,
};

type Kinds = typeof kinds;

/** The element of that id. */
export function the<K extends keyof Kinds>(id: K): InstanceType<Kinds[K]> {
  return document.getElementById(id) as InstanceType<Kinds[K]>;
}

/** An element with its properties and what is in it. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** The one line that says what goes on. */
export function tell(text: string): void {
  if (the('status').textContent !== text) the('status').textContent = text;
}

export function tellError(error: unknown): void {
  if ((error as Error).name === 'AbortError') return;
  tell('that did not work');
  notice([error instanceof Error ? error.message : String(error)]);
}

/** Facts of this run beside the line: `warn` for what the reader should know of. */
export function badges(facts: readonly { readonly text: string; readonly title: string; readonly warn?: boolean }[]): void {
  the('badges').replaceChildren(
    ...facts.map(({ text, title, warn }) => make('li', { title, className: warn ? 'warn' : '' }, text)),
  );
}

/** What the reader should know, over the picture, with what can be done about it; null takes it away. */
export function notice(words: readonly string[] | null, ...actions: readonly HTMLElement[]): void {
  const close = Object.assign(
    button('×', () => notice(null)),
    { className: 'close', ariaLabel: 'Close' },
  );
  the('notice').replaceChildren(close, ...(words ?? []).map(text => make('p', {}, text)), ...actions);
  the('notice').hidden = words === null;
}

/** A table of text, its first row the head. */
export function table(rows: readonly (readonly string[])[]): HTMLTableElement {
  const [head = [], ...body] = rows;
  return make(
    'table',
    {},
    make('thead', {}, make('tr', {}, ...head.map(text => make('th', { scope: 'col' }, text)))),
    make('tbody', {}, ...body.map(row => make('tr', {}, ...row.map(text => make('td', {}, text))))),
  );
}

const NUMBERS = ['frames a second', 'ms, median', 'ms, 95 %', 'dispatches', 'network', 'copy', 'dropped', 'accuracy'] as const;

/** Below the picture: each has its place, whether it is known or not. */
export function numbers(values: Readonly<Partial<Record<(typeof NUMBERS)[number], string>>>): void {
  the('numbers').replaceChildren(
    ...NUMBERS.map(name => make('div', {}, make('dt', {}, name), make('dd', {}, values[name] ?? '–'))),
  );
}

export function button(text: string, onclick: () => void): HTMLButtonElement {
  return make('button', { type: 'button', onclick }, text);
}
