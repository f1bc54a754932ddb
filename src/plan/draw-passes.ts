// The passes as a picture: a row a published node, a column a pass, a box a node of that column's graph over all the rows that it
// does the work of. Boxes grow from left to right as nodes are fused; the ones that a pass has changed are in colour.
import { endOf, type Graph, type Node, producers, readers, VIEWS } from '../graph/graph.ts';
import { printNode, wordOf } from '../graph/print.ts';
import { kernels } from '../kernels/index.ts';
import type { Pass } from '../passes/pass.ts';
import { bar, element, fitting, kernelClass, label, page, rule, tip, widthOf } from './svg.ts';

/** A pass and what it left. */
export interface Stage {
  readonly pass: Pick<Pass, 'name' | 'why'>;
  readonly after: Graph;
}

/** Rows that belong together: a block that stands for all of its kind. */
interface Section {
  readonly path: string;
  /** Modules of the same shape, this one included. */
  readonly alike: readonly string[];
  readonly nodes: readonly Node[];
}

const ROW = 15;
const COLUMN = 128;
const LEFT = 208;
const SECTION = 30;
/** Top-level modules with more nodes than this are shown block by block. */
const WHOLE = 60;

/** `stages` in order, as `fuse` reports them, from the graph as published on. */
export function drawPasses(published: Graph, stages: readonly Stage[]): string {
  const sections = sectionsOf(published);
  const graphs = [published, ...stages.map(({ after }) => after)];
  const owners = ownersOf(graphs);
  const made = graphs.map(graph => new Map(graph.nodes.map(node => [node.name, node])));
  const tops = new Map<string, number>();
  const body: string[] = [];
  const used = new Set<string>();
  const right = LEFT + graphs.length * COLUMN;
  const { head, bottom } = drawHead(published, stages);
  let y = bottom;
  for (const section of sections) {
    body.push(...drawSection(section, y, right));
    y += SECTION;
    for (const { name } of section.nodes) {
      tops.set(name, y);
      y += ROW;
    }
    const nodes = section.nodes.map(({ name }) => name);
    graphs.forEach((_, column) => {
      for (const [owner, rows] of group(nodes, name => owners[column].get(name)!)) {
        const node = made[column].get(owner)!;
        const before = column > 0 ? made[column - 1].get(owner) : undefined;
        // The first column introduces its nodes, the others show what is new.
        const fresh = column === 0 || !before || printNode(before) !== printNode(node);
        const worker = workerOf(node, made[column]);
        used.add(kernelOf(worker));
        body.push(drawNode(node, worker, rows, tops, LEFT + column * COLUMN, fresh));
      }
    });
    y += 6;
  }
  return page(
    {
      width: right + 40,
      height: y + 40,
      title: `${published.name}: ${stages.length} passes`,
      kernels: [...used],
      style:
        '.fill,.strong{stroke-width:1}.line{stroke-width:.7}.still .fill{fill-opacity:.28;stroke-opacity:.5}.still text{opacity:.6}',
    },
    [...head, ...body],
  );
}

/**
 * Small top-level modules whole, with the single nodes that follow them; of a large one the first block of every kind, and what the
 * others are called.
 */
function sectionsOf({ nodes }: Graph): Section[] {
  const made = new Set(nodes.map(({ name }) => name));
  const top = ({ name }: Node): string => name.split('.')[0];
  const sizes = new Map([...group(nodes, top)].map(([path, inside]) => [path, inside.length]));
  const blockOf = (node: Node): string => {
    const parts = node.name.split('.');
    return parts.map((_, n) => parts.slice(0, n + 1).join('.')).find(path => made.has(path))!;
  };
  const alone = (path: string): boolean => sizes.get(path) === 1;
  const sections: { path: string; alike: string[]; nodes: readonly Node[]; kind: string }[] = [];
  for (const [path, inside] of group(nodes, node => (sizes.get(top(node))! > WHOLE ? blockOf(node) : top(node)))) {
    const kind = inside.map(({ name, op }) => `${op}${name.slice(path.length)}`).join();
    const first = sizes.has(path) ? undefined : sections.find(section => section.kind === kind);
    const last = sections.at(-1);
    if (first) first.alike.push(path);
    else if (last && alone(path) && sizes.has(last.path)) last.nodes = [...last.nodes, ...inside];
    else sections.push({ path, alike: [path], nodes: inside, kind });
  }
  return sections;
}

/**
 * For each graph, which of its nodes does the work of each published node: the one that makes its value; where no value is left, the
 * node went into the one that reads it.
 */
function ownersOf(graphs: readonly Graph[]): Map<string, string>[] {
  const all = [new Map(graphs[0].nodes.map(({ name }) => [name, name]))];
  for (const [n, graph] of graphs.slice(1).entries()) {
    const made = producers(graph);
    const read = readers(graphs[n]);
    const heir = (name: string): string => made.get(name)?.name ?? heir(read.get(name)![0].name);
    all.push(new Map([...all[n]].map(([name, owner]) => [name, heir(owner)])));
  }
  return all;
}

function group<T>(items: Iterable<T>, key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}

/** The kernel that would make the node, for its colour; what no kernel makes moves data at most. */
function kernelOf(node: Node): string {
  return kernels().find(({ ops, fits }) => ops.includes(node.op) && fits(node))?.name ?? 'elementwise';
}

/** What works where a node is a view: the first of a stack's bands. */
function workerOf(node: Node, made: ReadonlyMap<string, Node>): Node {
  return node.op === 'stack' ? made.get(node.inputs['0'])! : node;
}

/** A box over the rows of one node; rows that lie apart are boxes on one line. */
function drawNode(
  node: Node,
  worker: Node,
  rows: readonly string[],
  tops: ReadonlyMap<string, number>,
  left: number,
  fresh: boolean,
): string {
  const starts = rows.map(row => tops.get(row)!).sort((a, b) => a - b);
  const boxes: { top: number; bottom: number }[] = [];
  for (const top of starts) {
    const last = boxes.at(-1);
    if (last && last.bottom === top) last.bottom = top + ROW;
    else boxes.push({ top, bottom: top + ROW });
  }
  const x = left + 4;
  const width = COLUMN - 12;
  const largest = boxes.reduce((a, b) => (b.bottom - b.top > a.bottom - a.top ? b : a));
  const room = Math.max(1, Math.floor((largest.bottom - largest.top - 3) / 11));
  const words = node === worker ? wording(node) : [`${Object.keys(node.inputs).length} bands`, ...wording(worker)];
  const lines = wrap(words, ', ', 9, width - 10).slice(0, room);
  return element(
    'g',
    { class: `${kernelClass(kernelOf(worker))}${fresh ? '' : ' still'}` },
    tip(printNode(node)),
    boxes.length > 1 ? rule(x + 3, boxes[0].top + ROW / 2, x + 3, boxes.at(-1)!.bottom - ROW / 2, { class: 'strong' }) : '',
    ...boxes.map(({ top, bottom }) => bar(x, top + 1, width, bottom - top - 2, { rx: 4, class: 'fill' })),
    ...lines.map((line, n) => label(x + 7, largest.top + 10.5 + n * 11, line, { style: 'font-size:9px' })),
  );
}

/** What a node is, the weightiest word first. */
function wording(node: Node): string[] {
  if (node.op === 'join') return ['join', 'no work'];
  const ending = endOf(node).activation?.curve;
  if (node.op !== 'conv') return ending && node.op !== 'activate' ? [node.op, ending] : [wordOf(node)];
  const { kernel, strides, dilations, groups } = node.attributes.geometry;
  const { shortcut, partials, also } = node.attributes.fused;
  const rates = dilations.map(rate => (rate[0] === rate[1] ? rate[0] : rate.join('×')));
  const { gate, sums, residual, addend, beside } = node.inputs;
  const words = [
    `${groups > 1 ? 'grouped' : 'conv'} ${kernel.join('×')}`,
    Math.max(...strides) > 1 && `stride ${strides[0] === strides[1] ? strides[0] : strides.join('×')}`,
    Math.max(...dilations.flat()) > 1 && `${rates.length > 1 ? 'rates' : 'rate'} ${rates.join(' ')}`,
    beside && 'resized concat',
    gate && 'gated',
    sums && 'own gate',
    shortcut === 'pooled' ? 'pooled shortcut' : shortcut === 'same' && 'shortcut',
    node.constants.bias && 'bias',
    residual && 'residual',
    ending,
    addend && 'resized addend',
    node.constants.project && 'classifier',
    partials && 'squeeze sums',
    also && 'two outputs',
  ];
  return words.filter(word => typeof word === 'string');
}

/** Greedy lines of pieces that stay whole. */
function wrap(pieces: readonly string[], glue: string, size: number, width: number): string[] {
  const lines: string[] = [];
  for (const piece of pieces) {
    const longer = lines.length ? `${lines.at(-1)}${glue}${piece}` : piece;
    if (lines.length && widthOf(longer, size) <= width) lines[lines.length - 1] = longer;
    else lines.push(piece);
  }
  return lines;
}

function drawSection({ path, alike, nodes }: Section, top: number, right: number): string[] {
  const others = alike.slice(1).map(name => name.split('.').slice(-2).join('.'));
  const list = fitting(
    [others.join(', '), `${others.slice(0, 3).join(', ')} … ${others.at(-1)}`, `${others[0]} … ${others.at(-1)}`],
    10,
    right - LEFT - 40,
  );
  const like = alike.length > 1 ? `the same ${alike.length === 2 ? 'once' : `${alike.length - 1} times`} more: ${list}` : '';
  return [
    rule(24, top + 4, right, top + 4, { class: 'line' }),
    label(24, top + 21, path, { class: 'head' }),
    like ? label(LEFT + 4, top + 21, like, { class: 'soft' }) : '',
    ...nodes.flatMap((node, n) => {
      const { name } = node;
      const inner = name === path ? '(result)' : name.startsWith(`${path}.`) ? name.slice(path.length + 1) : name;
      const y = top + SECTION + n * ROW + 10.5;
      return [
        label(24, y, fitting([inner, inner.split('.').slice(-2).join('.')], 9.5, 118), { class: 'mono', style: 'font-size:9.5px' }),
        label(LEFT - 8, y, wordOf(node), { class: 'soft end', style: 'font-size:9.5px' }),
      ];
    }),
  ];
}

/** A heading a column; returns where the rows begin, too. */
function drawHead(published: Graph, stages: readonly Stage[]): { head: string[]; bottom: number } {
  const last = stages.at(-1)?.after ?? published;
  const views = last.nodes.filter(({ op }) => VIEWS.has(op)).length;
  const counts = `${published.nodes.length} nodes as published, ${last.nodes.length} after ${stages.length} passes`;
  const about = 'a row a node; a box is one node and spans all that it does the work of; what a pass has changed is in full colour';
  const columns = [
    { name: 'as published', why: about, nodes: published.nodes.length },
    ...stages.map(({ pass, after }) => ({ ...pass, nodes: after.nodes.length })),
  ].map(column => ({ ...column, lines: wrap(column.why.split(' '), ' ', 9, COLUMN - 14) }));
  const bottom = 132 + 11 * Math.max(...columns.map(({ lines }) => lines.length));
  const head = [
    label(24, 44, published.name, { class: 'title' }),
    label(24, 66, views ? `${counts}, ${views} of them no work` : counts, { class: 'sub soft' }),
    ...columns.flatMap(({ name, lines, nodes }, column) => {
      const x = LEFT + column * COLUMN + 4;
      const before = column > 0 ? columns[column - 1].nodes : nodes;
      return [
        column > 0 ? rule(x - 6, 84, x - 6, bottom - 6, { class: 'line' }) : '',
        label(x, 96, column ? `${column}  ${name}` : name, { class: 'head', style: 'font-size:11px' }),
        label(x, 111, `${before === nodes ? '' : `${before} → `}${nodes} nodes`, { class: 'mono', style: 'font-size:9.5px' }),
        ...lines.map((line, n) => label(x, 125 + n * 11, line, { class: 'soft', style: 'font-size:9px' })),
      ];
    }),
  ];
  return { head, bottom };
}
