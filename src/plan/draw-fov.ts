// Fields of view as a picture: every layer's box around one cell, on the picture that it looks at, and how each layer makes it
// grow.
import { type FieldOfView, type FieldsOfView, layers } from '../graph/fov.ts';
import type { Graph } from '../graph/graph.ts';
import { boxOf, type Region } from '../graph/region.ts';
import { bar, element, fitting, kernelClass, label, page, rule, tip } from './svg.ts';

const PANEL = 600;
const TOP = 110;
const MARGIN = 32;
const ROW = 21;
const TABLE = MARGIN + PANEL + 44;
const BAR = 330;
/** Columns of the table, from its left side: where their text ends, or their bars begin. */
const COLUMNS = { stride: 222, rate: 284, gauge: 298, bound: 394, bar: 412 };
const INSET = 264;

/**
 * `fields` must be of `graph`. Boxes are to scale with the picture; gauges show each rate against the largest that leaves no holes.
 */
export function drawFields(graph: Graph, fields: FieldsOfView): string {
  const names = layers(graph);
  const rows = names.map(name => ({ ...fields.of(name), rates: fields.rates(name), bound: fields.bound(name) }));
  const { h, w } = graph.input;
  const widest = Math.max(w, h, ...rows.filter(row => !row.whole).map(({ size }) => Math.max(size.h, size.w)));
  const holed = rows.find(row => row.holes !== null);
  const tableBottom = TOP + 34 + rows.length * ROW;
  const notesTop = TOP + PANEL + 34;
  const notes = notesOf(graph, fields, holed);
  const insetTop = tableBottom + 20;
  const height = Math.max(tableBottom, holed ? insetTop + INSET : 0, notesTop + notes.length * 17) + 30;
  const body = graph.aliases.has('body') ? fields.of('body') : undefined;
  return page(
    {
      width: TABLE + COLUMNS.bar + BAR + 170,
      height,
      title: `${graph.name}: fields of view`,
      kernels: stages(names),
      style: [
        '.fill{stroke-width:1.2}.box .fill{fill-opacity:.16}.strong{stroke-width:1}.frame,.warn{stroke-width:1.4}',
        '.frame{stroke-dasharray:6 4}.box:hover .fill{fill-opacity:.5}.seen{stroke:none;shape-rendering:crispEdges}',
      ].join(''),
    },
    [
      label(MARGIN, 48, graph.name, { class: 'title' }),
      label(
        MARGIN,
        72,
        body
          ? `a cell of the body sees ${sizeOf(body)} pixels of the picture, ${h}×${w} here`
          : `a class sees ${sizeOf(rows.at(-1)!)} pixels, of ${h}×${w} that the network reads at once`,
        { class: 'sub soft' },
      ),
      ...drawBoxes(rows, h, w, PANEL / widest),
      ...drawTable(rows, names, Math.max(1, ...rows.map(({ size, whole }) => (whole ? 0 : size.w)))),
      ...notes.map((note, n) => label(MARGIN, notesTop + n * 17, note, { class: 'soft', style: 'font-size:12px' })),
      ...(holed ? drawInset(fields.see(holed.value, 0, 0).region, holed, insetTop) : []),
    ],
  );
}

type Row = FieldOfView & { readonly rates: readonly number[]; readonly bound: number | null };

/** The name that colours a layer: its stage of the body, the module that it is in, or what stands before the numbers of a VGG's. */
function stageOf(name: string): string {
  const parts = name.split('.');
  return parts[0] === 'body' ? parts[1] : parts[0].split('_')[0];
}

function stages(names: readonly string[]): string[] {
  return [...new Set(names.map(stageOf))];
}

function sizeOf({ size, whole }: FieldOfView): string {
  return whole ? 'the whole picture' : `${size.h}×${size.w}`;
}

/** Nested boxes, the largest below, on the picture's outline. */
function drawBoxes(rows: readonly Row[], h: number, w: number, scale: number): string[] {
  const centre = { x: MARGIN + PANEL / 2, y: TOP + PANEL / 2 };
  const rect = (height: number, width: number): [number, number, number, number] => [
    centre.x - (width * scale) / 2,
    centre.y - (height * scale) / 2,
    width * scale,
    height * scale,
  ];
  const largest = rows
    .filter(({ whole, period }) => !whole && period.h > 0 && period.w > 0)
    .toSorted((a, b) => b.size.w - a.size.w || b.size.h - a.size.h);
  const distinct = largest.filter((row, n) => n === 0 || sizeOf(row) !== sizeOf(largest[n - 1]));
  let lowest = Number.NEGATIVE_INFINITY;
  const named = distinct.map(row => {
    const [x, y, width] = rect(row.size.h, row.size.w);
    const text = fitting([`${row.value.replace(/^body\./, '')}  ${row.size.h}`, String(row.size.h)], 9.5, width - 10);
    if (y < lowest + 12 || text === '') return '';
    lowest = y;
    return label(x + 5, y + 10.5, text, { style: 'font-size:9.5px' });
  });
  return [
    bar(MARGIN, TOP, PANEL, PANEL, { class: 'panel' }),
    ...distinct.map(row =>
      element(
        'g',
        { class: `box ${kernelClass(stageOf(row.value))}` },
        tip(`${row.value}\n${sizeOf(row)}, at stride ${strideOf(row)}`),
        bar(...rect(row.size.h, row.size.w), { class: 'fill', rx: 1.5 }),
      ),
    ),
    bar(...rect(h, w), { class: 'frame' }),
    label(centre.x, rect(h, w)[1] + h * scale - 8, `input ${h}×${w}`, { class: 'mid head' }),
    ...named,
  ];
}

function drawTable(rows: readonly Row[], names: readonly string[], most: number): string[] {
  const head: [number, string, string][] = [
    [0, 'layer', ''],
    [COLUMNS.stride, 'stride', ' end'],
    [COLUMNS.rate, 'rate', ' end'],
    [COLUMNS.bound, 'of at most', ' end'],
    [COLUMNS.bar, 'field of view in pixels', ''],
  ];
  return [
    ...head.map(([x, text, side]) => label(TABLE + x, TOP + 10, text, { class: `head${side}` })),
    rule(TABLE, TOP + 18, TABLE + COLUMNS.bar + BAR + 130, TOP + 18, { class: 'strong' }),
    ...rows.flatMap((row, n) => {
      const y = TOP + 34 + n * ROW;
      const before = Math.max(
        0,
        ...rows
          .slice(0, n)
          .filter(other => other.size.w <= row.size.w && !other.whole)
          .map(({ size }) => size.w),
      );
      const width = (at: number): number => (BAR * at) / most;
      const rate = Math.max(0, ...row.rates);
      const over = row.bound !== null && rate > row.bound;
      const note = row.holes ? `${sizeOf(row)}, ${row.holes.pixels} unseen` : sizeOf(row);
      const end = row.whole ? 0 : width(row.size.w);
      return [
        element(
          'g',
          { class: kernelClass(stageOf(names[n])) },
          tip(`${row.value}: ${sizeOf(row)}, at stride ${strideOf(row)}`),
          label(TABLE, y + 4, named(row.value), { style: 'font-size:11px' }),
          label(TABLE + COLUMNS.stride, y + 4, strideOf(row), { class: 'mono end' }),
          row.rates.length ? label(TABLE + COLUMNS.rate, y + 4, row.rates.join(' '), { class: 'mono end' }) : '',
          row.bound !== null
            ? label(TABLE + COLUMNS.bound, y + 4, String(row.bound), { class: `mono end${over ? ' alarm' : ''}` })
            : '',
          row.bound !== null ? bar(TABLE + COLUMNS.gauge, y - 3, 62, 7, { class: over ? 'warn' : 'panel', rx: 3.5 }) : '',
          row.bound !== null
            ? bar(TABLE + COLUMNS.gauge, y - 3, 62 * Math.min(1, rate / row.bound), 7, { class: 'solid', rx: 3.5 })
            : '',
          bar(TABLE + COLUMNS.bar, y - 7, end, 14, { class: 'fill', rx: 2, 'fill-opacity': 0.45 }),
          bar(TABLE + COLUMNS.bar + width(before), y - 7, Math.max(end - width(before), 0), 14, { class: 'fill', rx: 2 }),
          label(TABLE + COLUMNS.bar + end + 7, y + 4, note, {
            class: row.holes ? 'mono alarm' : 'mono',
            style: 'font-size:11px',
          }),
        ),
      ];
    }),
  ];
}

/** The region itself, to scale, with its holes. */
function drawInset(region: Region, row: Row, top: number): string[] {
  const { top: first, left, bottom, right } = boxOf(region)!;
  const scale = INSET / Math.max(bottom - first, right - left);
  const parts = region.flatMap(band =>
    Array.from({ length: band.spans.length / 2 }, (_, n) =>
      bar(
        TABLE + (band.spans[2 * n] - left) * scale,
        top + 12 + (band.top - first) * scale,
        (band.spans[2 * n + 1] - band.spans[2 * n]) * scale,
        (band.bottom - band.top) * scale,
        { class: 'solid seen' },
      ),
    ),
  );
  return [
    label(TABLE, top, `${row.value}, pixel by pixel: what is blank inside, no path leads to`, { class: 'head' }),
    element('g', { class: kernelClass(stageOf(row.value)) }, ...parts),
  ];
}

/** A module path in the room of its column. */
function named(path: string): string {
  const parts = path.split('.');
  const tails = parts.map((_, n) => `… ${parts.slice(n + 1).join('.')}`);
  return fitting([path, ...tails], 11, COLUMNS.stride - 58);
}

function strideOf({ stride }: FieldOfView): string {
  const text = (at: number): string => (at > 100 ? at.toFixed(0) : String(Math.round(at * 100) / 100));
  return stride.h === stride.w ? text(stride.h) : `${text(stride.h)}×${text(stride.w)}`;
}

function notesOf({ input }: Graph, { gates }: FieldsOfView, holed: Row | undefined): string[] {
  return [
    ...(gates.length
      ? [`The ${gates.length} gates are held at 1: with their means every cell behind one sees the whole picture.`]
      : []),
    `Boxes are of cells far from the border; nearer to it a cell sees what lies in the ${input.h}×${input.w}.`,
    'At most: the largest rate that leaves no hole, ⌊field of view / stride⌋ of what the layer reads.',
    holed ? `Holes begin at ${holed.value}.` : 'No layer has a hole: each sees every pixel of its box.',
  ];
}
