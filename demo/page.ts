// The page's elements by id, with their types, and the few things that are done to them everywhere.

const kinds = {
  after: HTMLDivElement,
  background: HTMLSelectElement,
  before: HTMLCanvasElement,
  bench: HTMLDivElement,
  browser: HTMLDivElement,
  classes: HTMLUListElement,
  colour: HTMLInputElement,
  'colour-label': HTMLLabelElement,
  edge: HTMLDivElement,
  file: HTMLInputElement,
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
  if ((error as Error).name !== 'AbortError') tell(error instanceof Error ? error.message : String(error));
}

/** What the reader should know, with what can be done about it; null takes it away. */
export function notice(words: readonly string[] | null, ...actions: readonly HTMLElement[]): void {
  the('notice').replaceChildren(...(words ?? []).map(text => make('p', {}, text)), ...actions);
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

/** Name and value pairs below the picture. */
export function numbers(values: Readonly<Record<string, string>>): void {
  the('numbers').replaceChildren(
    ...Object.entries(values).map(([name, value]) => make('div', {}, make('dt', {}, name), make('dd', {}, value))),
  );
}

export function button(text: string, onclick: () => void): HTMLButtonElement {
  return make('button', { type: 'button', onclick }, text);
}
