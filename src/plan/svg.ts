// The little of SVG that the drawings need: escaping, elements, one page that is readable in light and in dark and needs nothing
// but itself.

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Text as XML wants it; what XML 1.0 can't hold at all becomes U+FFFD. */
export function xml(text: string): string {
  return text
    .replace(/[^\t\n\r\P{Cc}]|[\p{Cs}\ufffe\uffff]/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** One element; attributes that are undefined are left out, numbers have two decimals at most. `inside` is SVG already. */
export function element(name: string, attributes: Attributes, ...inside: readonly string[]): string {
  const words = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? short(value) : xml(value!)}"`)
    .join('');
  return inside.length ? `<${name}${words}>${inside.join('')}</${name}>` : `<${name}${words}/>`;
}

/** What a pointer over the group shows. */
export function tip(text: string): string {
  return element('title', {}, xml(text));
}

export function label(x: number, y: number, text: string, attributes: Attributes = {}): string {
  return element('text', { x, y, ...attributes }, xml(text));
}

export function rule(x1: number, y1: number, x2: number, y2: number, attributes: Attributes = {}): string {
  return element('line', { x1, y1, x2, y2, ...attributes });
}

export function bar(x: number, y: number, width: number, height: number, attributes: Attributes = {}): string {
  return element('rect', { x, y, width: Math.max(width, 0), height: Math.max(height, 0), ...attributes });
}

/** Width of a text at a size in pixels, a little more than any common sans serif takes. */
export function widthOf(text: string, size: number): number {
  return text.length * size * 0.56;
}

/** The longest of some wordings that fits, or nothing. */
export function fitting(wordings: readonly string[], size: number, width: number): string {
  return wordings.find(text => widthOf(text, size) <= width) ?? '';
}

export function megabytes(bytes: number): string {
  return bytes >= 1e5 ? `${(bytes / 1e6).toFixed(1)} MB` : bytes >= 1e3 ? `${(bytes / 1e3).toFixed(1)} kB` : `${bytes} B`;
}

/** Hue of a kernel or of a stage of a network, the same in every drawing. */
const HUES: Readonly<Record<string, number>> = {
  preprocess: 188,
  pointwise: 212,
  grouped: 28,
  conv: 352,
  excite: 276,
  squeeze: 250,
  pool: 96,
  upsample: 158,
  classify: 322,
  elementwise: 48,
  adaptive: 128,
  warp: 300,
  softmax: 66,
  zoom: 112,
  deconv: 146,
  stem: 168,
  stage4: 186,
  stage8: 202,
  stage16: 220,
  stage32: 262,
  decoder: 34,
  conv1: 168,
  conv2: 186,
  conv3: 202,
  conv4: 220,
  conv5: 262,
  fc6: 286,
  fc7: 300,
  ctx: 34,
  ct: 34,
  classes: 322,
};

/** Names that have no hue of their own get one that no neighbour in the list has. */
export function hueOf(kernel: string): number {
  if (Object.hasOwn(HUES, kernel)) return HUES[kernel];
  let sum = 0;
  for (const letter of kernel) sum = (sum * 31 + letter.codePointAt(0)!) % 360;
  return sum;
}

/** The class that colours a group by its kernel. */
export function kernelClass(kernel: string): string {
  return `k-${kernel.replace(/[^a-z0-9]/gi, '-')}`;
}

const LIGHT = {
  paper: '#fbfaf6',
  panel: '#f3f1ea',
  ink: '#1c1d21',
  soft: '#6d6a63',
  line: '#d3cec2',
  strong: '#8d897e',
  alarm: '#c4241c',
};
const DARK = {
  paper: '#15161a',
  panel: '#1d1f24',
  ink: '#eceae4',
  soft: '#9a978f',
  line: '#3a3c44',
  strong: '#777983',
  alarm: '#ff6b5e',
};

/** Colours are written out twice, because many viewers know no CSS variables. */
function colours(
  { paper, panel, ink, soft, line, strong, alarm }: typeof LIGHT,
  kernels: readonly string[],
  dark: boolean,
): string {
  const fills = kernels.map(kernel => {
    const hue = hueOf(kernel);
    const [fill, edge, full] = dark
      ? [`hsl(${hue}, 34%, 25%)`, `hsl(${hue}, 48%, 52%)`, `hsl(${hue}, 62%, 62%)`]
      : [`hsl(${hue}, 66%, 86%)`, `hsl(${hue}, 46%, 55%)`, `hsl(${hue}, 62%, 44%)`];
    const at = `.${kernelClass(kernel)}`;
    return [
      `${at} .fill{fill:${fill};stroke:${edge}}${at} .on{stroke:${fill}}`,
      `${at} .dot{fill:${full};stroke:${paper}}${at} .solid{fill:${full}}`,
    ].join('');
  });
  return [
    `.paper{fill:${paper}}.panel{fill:${panel}}text{fill:${ink}}.soft{fill:${soft}}.alarm{fill:${alarm}}.area{fill:${strong}}`,
    `.line{stroke:${line}}.strong{stroke:${strong}}.stem{stroke:${ink}}.open{fill:${paper};stroke:${ink}}`,
    `.frame{stroke:${strong};fill:none}.warn{stroke:${alarm};fill:none}`,
    ...fills,
  ].join('');
}

export interface Page {
  readonly width: number;
  readonly height: number;
  /** For people who can't see the drawing, and for tabs. */
  readonly title: string;
  readonly kernels: readonly string[];
  /** Rules of this drawing alone, without colours. */
  readonly style?: string;
}

/** A whole document. */
export function page({ width, height, title, kernels, style = '' }: Page, body: readonly string[]): string {
  const sheet = [
    'text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;font-size:10px}',
    '.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}',
    '.title{font-size:26px;font-weight:600}.sub{font-size:13px}.head{font-size:12px;font-weight:600}',
    '.end{text-anchor:end}.mid{text-anchor:middle}',
    style,
    colours(LIGHT, kernels, false),
    `@media (prefers-color-scheme:dark){${colours(DARK, kernels, true)}}`,
  ].join('\n');
  const root = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${short(width)} ${short(height)}`,
    width,
    height,
    role: 'img',
  };
  const paper = bar(0, 0, width, height, { class: 'paper' });
  return `${element('svg', root, tip(title), element('style', {}, sheet), paper, ...body)}\n`;
}

function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}
