// A report as a page that people pass on: one file that opens anywhere, in light and in dark, and asks nothing of anybody.
import { element, xml } from '../plan/svg.ts';

const STYLE = `
:root{color-scheme:light dark;--ink:#1c1d21;--paper:#fbfaf6;--soft:#6d6a63;--rule:#d3cec2;--mark:#2f6db5}
@media (prefers-color-scheme:dark){:root{--ink:#eceae4;--paper:#15161a;--soft:#9a978f;--rule:#3a3c44;--mark:#79aee8}}
body{margin:2rem auto;max-width:75rem;padding:0 1rem;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:2.2rem 0 .6rem}p{margin:.3rem 0}
.lead,caption,figcaption{color:var(--soft)}.scroll{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}caption{text-align:left;padding:.3rem 0}
th,td{padding:.15rem .6rem;text-align:left;border-bottom:1px solid var(--rule)}th{font-weight:600}.number{text-align:right}
pre{overflow-x:auto;padding:.6rem .8rem;border:1px solid var(--rule);border-radius:4px}
.iou{width:16rem}.iou i{display:block;height:.8rem;background:var(--mark);border-radius:2px}
.swatch{display:inline-block;width:.9rem;height:.9rem;border:1px solid var(--rule);border-radius:2px;vertical-align:-.1rem;margin-right:.4rem}
.matrix{font-size:.75rem}.matrix td{text-align:right;padding:.1rem .3rem}.matrix th{padding:.1rem .3rem}
.four{display:grid;grid-template-columns:repeat(4,1fr);gap:.5rem;margin:0 0 1.2rem}.four figure{margin:0}.four img{width:100%;display:block}
@media (max-width:40rem){.four{grid-template-columns:repeat(2,1fr)}}
svg{max-width:100%;height:auto}
`;

export interface Section {
  readonly heading: string;
  /** HTML. */
  readonly body: readonly string[];
}

/** A whole document; `lead` are lines of text below the title. */
export function reportPage(title: string, lead: readonly string[], sections: readonly Section[]): string {
  const head = [
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width">',
    // Nothing is fetched, whoever opens it.
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">`,
    element('title', {}, xml(title)),
    element('style', {}, STYLE),
  ];
  const body = [
    element('h1', {}, xml(title)),
    ...lead.map(line => element('p', { class: 'lead' }, xml(line))),
    ...sections.map(({ heading, body }) => element('section', {}, element('h2', {}, xml(heading)), ...body)),
  ];
  return `<!doctype html>\n<html lang="en"><head>${head.join('')}</head><body>${body.join('\n')}</body></html>\n`;
}

export function paragraph(text: string): string {
  return element('p', {}, xml(text));
}

/** Of text; columns of numbers are set right. */
export function htmlTable(head: readonly string[], rows: readonly (readonly string[])[], caption = ''): string {
  const cells = head.map((_, column) => (rows.every(row => /^[\d.,%×–-]*$/.test(row[column])) ? 'number' : undefined));
  const line = (kind: string, row: readonly string[]): string =>
    element('tr', {}, ...row.map((text, column) => element(kind, { class: cells[column] }, xml(text))));
  return scrolled(
    element(
      'table',
      {},
      element('caption', {}, xml(caption)),
      element('thead', {}, line('th', head)),
      element('tbody', {}, ...rows.map(row => line('td', row)), ''),
    ),
  );
}

/** What is wider than the page scrolls by itself. */
export function scrolled(html: string): string {
  return element('div', { class: 'scroll', tabindex: 0 }, html);
}

/** What was typed, to be typed again. */
export function commandLine(program: string, words: readonly string[]): string {
  const quoted = words.map(word => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`));
  return element('pre', {}, xml([program, ...quoted].join(' ')));
}

export function image(type: 'png' | 'jpeg', bytes: Uint8Array, alt: string): string {
  return element('img', { src: `data:image/${type};base64,${Buffer.from(bytes).toString('base64')}`, alt });
}
