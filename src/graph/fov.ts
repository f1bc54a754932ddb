// What a cell of a map sees: exactly which pixels of the input its numbers depend on, how that grows from layer to layer, and how
// far a convolution could be dilated before its field of view had holes.
import { AtrousError } from '../errors.ts';
import { shapeOf } from './constant.ts';
import { type Graph, INPUT, type Node, type NodeOf, type Resampling, resolve, type Shape, writes } from './graph.ts';
import { infer } from './ops.ts';
import { area, boxOf, clip, firstHole, type Region, rectangle, shift, union } from './region.ts';

/** The input pixels that a cell depends on. */
export interface Sight {
  /** Absolute rows and columns of the input, on a plane without borders: part of it may lie outside of the picture. */
  readonly region: Region;
  /** Besides that, a mean over the whole picture (or a warp that may point anywhere), so that there is no pixel it does not see. */
  readonly whole: boolean;
}

/** The fields of view of a map's cells in a few numbers; all are pixels of the input but `period`, which is in cells. */
export interface FieldOfView {
  readonly value: string;
  /** From a cell to the next; the mean distance where a resize makes it uneven. */
  readonly stride: { readonly h: number; readonly w: number };
  /** After so many cells the fields repeat, moved by period × stride: 1 before any resize; 0 where they never do. */
  readonly period: { readonly h: number; readonly w: number };
  /** Top left corner of the box that cell (0, 0) sees. */
  readonly first: { readonly row: number; readonly column: number };
  /** Height and width of the box that a cell sees; the largest, where cells differ. */
  readonly size: { readonly h: number; readonly w: number };
  /** Whether every cell sees the whole picture besides, through a mean that is no gate. */
  readonly whole: boolean;
  /**
   * Pixels of the box that the cell does not depend on, and the first of them, row by row, from the box's corner; null without any.
   */
  readonly holes: { readonly pixels: number; readonly row: number; readonly column: number } | null;
}

export interface FieldsOfView {
  /** Values on the way from the input to the outputs, in order; the branch that makes a gate is not on it. */
  readonly values: readonly string[];
  /** Gates that are held at 1. With them every cell that is behind one sees the whole picture, faintly. */
  readonly gates: readonly string[];
  /**
   * What one cell sees. Cells are counted on a plane without borders, so negative ones exist and see pixels outside of the picture.
   */
  see(value: string, row: number, column: number): Sight;
  of(value: string): FieldOfView;
  /** Dilations of the convolutions wider than 1×1 in the module `path`, or of the value itself: ascending, each once. */
  rates(path: string): number[];
  /**
   * The largest dilation at which each of those convolutions, by itself, would leave no hole; null where there is none or it makes
   * no difference. When the convolution's input has no holes it is ⌊field of view / stride⌋. The bound holds for a block of several
   * branches as a whole, too: the widest branch alone sees the corners of the block's box, so a row that it skips stays a hole
   * there.
   */
  bound(path: string): number | null;
}

/** How cells repeat along one axis: `period` cells on, a cell sees the same, `shift` pixels on. */
interface Steps {
  readonly period: number;
  readonly shift: number;
}

/** 'any': there is nothing to move (all is in `whole`). null: no two cells are alike. */
type Pattern = Steps | 'any' | null;

interface Known {
  readonly shape: Shape;
  readonly rows: Pattern;
  readonly columns: Pattern;
  /** Cells are parts of the picture whatever its size (pooled to bins), so there are none beyond the border. */
  readonly anchored: boolean;
}

/** Channels [from, to) of the cells where some rows and some columns of a value cross. */
interface Read {
  readonly value: string;
  readonly from: number;
  readonly to: number;
  readonly rows: readonly number[];
  readonly columns: readonly number[];
}

/** More cells than these in a row are not looked through for holes: those in the middle stand for all. */
const MOST_PHASES = 16;

/**
 * Fields of view of a network as published (unfused). Gates are held at 1: the mean behind them is cut. Borders are not looked at:
 * a cell near one sees the part of its box that lies in the picture. Zero padding changes that only where a dilation × stride is
 * larger than half the field before, because a cell beyond the border would have seen pixels that no cell inside sees.
 * Throws `BAD_GRAPH` for a graph that passes have been over.
 */
export function fieldsOfView(graph: Graph): FieldsOfView {
  const shapes = infer(graph);
  const forked = graph.nodes.find(node => writes(node).length > 1);
  if (forked) throw unknown(forked);
  const nodes = mainPath(graph);
  const made = new Map(nodes.map(node => [node.name, node]));
  const known = new Map<string, Known>([
    [
      INPUT,
      { shape: graph.input, rows: { period: 1, shift: 1 }, columns: { period: 1, shift: 1 }, anchored: false } satisfies Known,
    ],
  ]);
  for (const node of nodes) known.set(node.name, place(node, shapes.get(node.name)!.shape, known));
  const seen = new Map<string, Sight>();

  /** Every channel apart, because the branches of a block see different pixels until a 1×1 convolution mixes them. */
  function see(value: string, from: number, to: number, row: number, column: number): Sight {
    if (value === INPUT) return { region: rectangle({ top: row, left: column, bottom: row + 1, right: column + 1 }), whole: false };
    const { rows, columns } = known.get(value)!;
    const [r, down] = reduce(rows, row);
    const [c, right] = reduce(columns, column);
    const key = `${value} ${from} ${to} ${r} ${c}`;
    let sight = seen.get(key);
    if (!sight) seen.set(key, (sight = look(made.get(value)!, from, to, r, c)));
    return { region: shift(sight.region, down, right), whole: sight.whole };
  }

  function look(node: Node, from: number, to: number, row: number, column: number): Sight {
    if (node.op === 'mean' || (node.op === 'adaptive' && node.attributes.bins === 1)) return { region: [], whole: true };
    const sights = reads(node, from, to, row, column, name => known.get(name)!).flatMap(read =>
      read.rows.flatMap(r => read.columns.map(c => see(read.value, read.from, read.to, r, c))),
    );
    const region = union(sights.map(sight => sight.region));
    const picture = { top: 0, left: 0, bottom: graph.input.h, right: graph.input.w };
    return {
      region: node.op === 'adaptive' ? clip(region, picture) : region,
      // A warp reads wherever its flow points: besides what the flow sees, that is anything.
      whole: node.op === 'warp' || sights.some(sight => sight.whole),
    };
  }

  function all(value: string, row: number, column: number): Sight {
    return see(value, 0, known.get(value)!.shape.c, row, column);
  }

  function of(value: string): FieldOfView {
    const { shape, rows, columns } = known.get(value)!;
    const middle = { row: Math.floor(shape.h / 2), column: Math.floor(shape.w / 2) };
    const heights = phases(rows, shape.h).map(row => boxOf(all(value, row, middle.column).region));
    const widths = phases(columns, shape.w).map(column => boxOf(all(value, middle.row, column).region));
    const { region, whole } = all(value, 0, 0);
    const corner = boxOf(region);
    return {
      value,
      stride: { h: strideOf(rows, graph.input.h / shape.h), w: strideOf(columns, graph.input.w / shape.w) },
      period: { h: periodOf(rows), w: periodOf(columns) },
      first: { row: corner?.top ?? 0, column: corner?.left ?? 0 },
      size: {
        h: Math.max(...heights.map(box => (box ? box.bottom - box.top : 0))),
        w: Math.max(...widths.map(box => (box ? box.right - box.left : 0))),
      },
      whole,
      holes: whole ? null : worst(sample(rows, shape.h).flatMap(r => sample(columns, shape.w).map(c => all(value, r, c).region))),
    };
  }

  function wide(path: string): NodeOf<'conv'>[] {
    return nodes.filter(
      (node): node is NodeOf<'conv'> =>
        node.op === 'conv' &&
        Math.max(...node.attributes.geometry.kernel) > 1 &&
        (node.name === path || node.name.startsWith(`${path}.`)),
    );
  }

  function freeAt(node: NodeOf<'conv'>, rate: number): boolean {
    const { shape, rows, columns } = known.get(node.inputs.x)!;
    const [tall, broad] = node.attributes.geometry.kernel.map(taps => Array.from({ length: taps }, (_, tap) => tap * rate));
    return sample(rows, shape.h).every(row =>
      sample(columns, shape.w).every(column => {
        const parts = tall.flatMap(down => broad.map(right => all(node.inputs.x, row + down, column + right).region));
        return firstHole(union(parts)) === null;
      }),
    );
  }

  function most(node: NodeOf<'conv'>): number | null {
    const { size, stride, whole } = of(node.inputs.x);
    if (whole) return null;
    // Past this the taps' boxes no longer touch.
    let rate = Math.floor(Math.max(size.h / stride.h, size.w / stride.w)) + 1;
    while (rate > 0 && !freeAt(node, rate)) rate--;
    return rate || null;
  }

  const gates = new Set(graph.nodes.flatMap(node => (node.op === 'mul' ? [node.inputs.gate] : [])));
  const checked = (name: string): string => {
    const value = resolve(graph, name);
    if (known.has(value)) return value;
    throw new AtrousError(
      'BAD_USAGE',
      `${graph.name} has no value "${name}" on the way from input to outputs; ${nodes.length} are, such as ${nodes.at(-1)?.name}`,
    );
  };
  return {
    values: [...known.keys()],
    gates: [...gates],
    see: (name, row, column) => all(checked(name), row, column),
    of: name => of(checked(name)),
    rates: path => [...new Set(wide(path).map(({ attributes }) => attributes.geometry.dilations[0][0]))].sort((a, b) => a - b),
    bound(path) {
      const bounds = wide(path).map(most);
      return bounds.length === 0 || bounds.includes(null) ? null : Math.min(...bounds.map(Number));
    },
  };
}

/**
 * The layers that people speak of: values that are the output of a module with a convolution in it (a block, a head, the stem, a
 * bare convolution), without what lies inside such a module; and the graph's outputs.
 */
export function layers(graph: Graph): string[] {
  const nodes = mainPath(graph);
  const made = new Set(nodes.map(({ name }) => name));
  const convs = nodes.filter(({ op }) => op === 'conv').map(({ name }) => name);
  const inside = (name: string): boolean => {
    const parts = name.split('.');
    return parts.some((_, n) => n > 0 && made.has(parts.slice(0, n).join('.')));
  };
  const heads = [...made].filter(name => !inside(name) && convs.some(conv => conv === name || conv.startsWith(`${name}.`)));
  return [...new Set([...heads, ...graph.outputs])];
}

/** Nodes that the outputs depend on when no gate counts. */
function mainPath(graph: Graph): Node[] {
  const needed = new Set(graph.outputs);
  for (const node of [...graph.nodes].reverse()) {
    if (!needed.has(node.name)) continue;
    for (const [role, value] of Object.entries(node.inputs)) if (role !== 'gate') needed.add(value);
  }
  return graph.nodes.filter(({ name }) => needed.has(name));
}

/** How a node's cells repeat, from how its inputs' do. */
function place(node: Node, shape: Shape, known: ReadonlyMap<string, Known>): Known {
  const inputs = Object.entries(node.inputs)
    .filter(([role]) => role !== 'gate' && !(node.op === 'warp' && role === 'x'))
    .map(([, value]) => known.get(value)!);
  const anchored = node.op === 'adaptive' || (node.op !== 'resize' && inputs.some(input => input.anchored));
  const along = (axis: 'rows' | 'columns', size: 'h' | 'w'): Pattern => {
    const pattern = inputs.map(input => input[axis]).reduce(together);
    switch (node.op) {
      case 'mean':
        return 'any';
      case 'adaptive':
        return node.attributes.bins === 1 ? 'any' : null;
      case 'conv':
        return strided(pattern, node.attributes.geometry.strides[size === 'h' ? 0 : 1]);
      case 'pool':
      case 'maxpool':
        return strided(pattern, 2);
      case 'zoom':
        return moved(pattern, 1, node.attributes.scale);
      case 'deconv': {
        const { cells, pixels } = tiling(node, size, inputs[0].shape[size]) ?? { cells: 1, pixels: node.attributes.stride };
        return moved(pattern, cells, pixels);
      }
      case 'resize':
        return resized(pattern, inputs[0].shape[size], shape[size], node.attributes.mode);
      default:
        return pattern;
    }
  };
  return { shape, rows: along('rows', 'h'), columns: along('columns', 'w'), anchored };
}

function together(a: Pattern, b: Pattern): Pattern {
  if (a === 'any') return b;
  if (b === 'any') return a;
  if (!a || !b) return null;
  const period = (a.period * b.period) / common(a.period, b.period);
  const shift = (a.shift * period) / a.period;
  return shift === (b.shift * period) / b.period ? { period, shift } : null;
}

function strided(x: Pattern, stride: number): Pattern {
  if (!x || x === 'any') return x;
  const period = x.period / common(x.period, stride);
  return { period, shift: ((period * stride) / x.period) * x.shift };
}

/** A resize moves on by from / to of a cell: after `b` cells of a reduced fraction a / b, by `a` whole cells of x. */
function resized(x: Pattern, from: number, to: number, mode: Resampling): Pattern {
  if (!x || x === 'any') return x;
  const [over, under] = mode === 'corners' ? [from - 1, to - 1] : [from, to];
  if (over <= 0 || under <= 0) return null;
  return moved(x, over / common(over, under), under / common(over, under));
}

/** After `after` cells of the result, reading moves on by `by` cells of x. */
function moved(x: Pattern, by: number, after: number): Pattern {
  if (!x || x === 'any') return x;
  const times = x.period / common(x.period, by);
  return { period: after * times, shift: ((by * times) / x.period) * x.shift };
}

/** Cells of a transposed convolution's tile along an axis and the pixels that they grow to; null where there is but one tile. */
function tiling(node: NodeOf<'deconv'>, size: 'h' | 'w', cells: number): { cells: number; pixels: number } | null {
  const { kernel, stride, pad, tile } = node.attributes;
  if (!tile || tile[size] >= cells) return null;
  return { cells: tile[size], pixels: (tile[size] - 1) * stride + kernel - 2 * pad };
}

/** Cells of x that reach a pixel: those of its own tile, when there are several. */
function deconvTaps(node: NodeOf<'deconv'>, at: number, size: 'h' | 'w', cells: number): number[] {
  const { kernel, stride, pad } = node.attributes;
  const tiles = tiling(node, size, cells);
  const tile = tiles ? Math.floor(at / tiles.pixels) : 0;
  const shifted = at - tile * (tiles?.pixels ?? 0) + pad;
  const taps = range(Math.ceil((shifted - kernel + 1) / stride), Math.floor(shifted / stride) + 1);
  return tiles ? taps.filter(cell => cell >= 0 && cell < tiles.cells).map(cell => tile * tiles.cells + cell) : taps;
}

function common(a: number, b: number): number {
  return b === 0 ? a : common(b, a % b);
}

/** What channels [from, to) of one cell read. */
function reads(node: Node, from: number, to: number, row: number, column: number, known: (value: string) => Known): Read[] {
  const here = { rows: [row], columns: [column] };
  switch (node.op) {
    case 'conv': {
      const { geometry, fused } = node.attributes;
      const { kernel, strides, dilations, pads, groups } = geometry;
      const alone = Object.keys(node.inputs).length === 1 && !node.constants.project;
      if (dilations.length > 1 || fused.pooled || !alone) throw unknown(node);
      const taps = (at: number, axis: 0 | 1): number[] =>
        range(0, kernel[axis]).map(tap => at * strides[axis] - pads[0][axis] + tap * dilations[0][axis]);
      const { shape, anchored } = known(node.inputs.x);
      const within = (at: number[], size: number): number[] => (anchored ? at.filter(index => index >= 0 && index < size) : at);
      const [o, perGroup] = shapeOf(node.constants.weight);
      const outputs = o / groups;
      return [
        {
          value: node.inputs.x,
          from: Math.floor(from / outputs) * perGroup,
          to: Math.ceil(to / outputs) * perGroup,
          rows: within(taps(row, 0), shape.h),
          columns: within(taps(column, 1), shape.w),
        },
      ];
    }
    case 'batchnorm':
    case 'activate':
    case 'mul':
      return [{ value: node.inputs.x, from, to, ...here }];
    case 'add':
      return [node.inputs.x, node.inputs.other].map(value => ({ value, from, to, ...here }));
    case 'slice':
      return [{ value: node.inputs.x, from: from + node.attributes.from, to: to + node.attributes.from, ...here }];
    case 'concat': {
      let start = 0;
      return Object.values(node.inputs).flatMap(value => {
        const { c } = known(value).shape;
        const [first, last] = [Math.max(from - start, 0), Math.min(to - start, c)];
        start += c;
        return first < last ? [{ value, from: first, to: last, ...here }] : [];
      });
    }
    case 'pool':
    case 'maxpool': {
      const { shape, anchored } = known(node.inputs.x);
      const pair = (at: number, size: number): number[] => [2 * at, 2 * at + 1].filter(index => !anchored || index < size);
      return [{ value: node.inputs.x, from, to, rows: pair(row, shape.h), columns: pair(column, shape.w) }];
    }
    case 'resize': {
      const { shape, anchored } = known(node.inputs.x);
      const taps = (at: number, size: number, target: number): number[] => {
        return clamped(resizeTaps(at, size, target, node.attributes.mode), size, anchored);
      };
      const { h, w } = node.attributes;
      return [{ value: node.inputs.x, from, to, rows: taps(row, shape.h, h), columns: taps(column, shape.w, w) }];
    }
    case 'zoom': {
      const { scale, classes } = node.attributes;
      if (classes) throw unknown(node);
      const { shape, anchored } = known(node.inputs.x);
      const taps = (at: number, size: number): number[] => clamped(between(at, scale), size, anchored);
      return [{ value: node.inputs.x, from, to, rows: taps(row, shape.h), columns: taps(column, shape.w) }];
    }
    case 'deconv': {
      if (node.attributes.classes) throw unknown(node);
      const { shape, anchored } = known(node.inputs.x);
      const taps = (at: number, size: 'h' | 'w'): number[] =>
        deconvTaps(node, at, size, shape[size]).filter(index => !anchored || (index >= 0 && index < shape[size]));
      return [{ value: node.inputs.x, from, to, rows: taps(row, 'h'), columns: taps(column, 'w') }];
    }
    case 'adaptive': {
      const { h, w } = known(node.inputs.x).shape;
      const { bins } = node.attributes;
      const window = (at: number, size: number): number[] =>
        range(Math.floor((at * size) / bins), Math.ceil(((at + 1) * size) / bins));
      return [{ value: node.inputs.x, from, to, rows: window(row, h), columns: window(column, w) }];
    }
    case 'warp':
      return [{ value: node.inputs.flow, from: 0, to: 2, ...here }];
    case 'softmax':
    case 'argmax':
      return [{ value: node.inputs.x, from: 0, to: known(node.inputs.x).shape.c, ...here }];
    default:
      throw unknown(node);
  }
}

function unknown(node: Node): AtrousError {
  return new AtrousError(
    'BAD_GRAPH',
    `no rule says what ${node.op} "${node.name}" sees: fields of view are worked out on the graph as published, before any pass`,
  );
}

/** Neighbours with a weight. In whole numbers: rounding would let a neighbour in whose weight is 1e-17. */
function resizeTaps(at: number, from: number, to: number, mode: Resampling): number[] {
  const [over, under] =
    mode === 'half-pixel'
      ? [(2 * at + 1) * from - to, 2 * to]
      : mode === 'corners'
        ? [at * (from - 1), Math.max(to - 1, 1)]
        : [at * from, to];
  return mode === 'nearest' ? [Math.floor(over / under)] : between(over, under);
}

/** The whole numbers about a fraction, or the one that it is. */
function between(over: number, under: number): number[] {
  const low = Math.floor(over / under);
  return over % under === 0 ? [low] : [low, low + 1];
}

/** Cells that are anchored repeat their last beyond the border. */
function clamped(indices: number[], size: number, anchored: boolean): number[] {
  return anchored ? [...new Set(indices.map(index => Math.min(Math.max(index, 0), size - 1)))] : indices;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, n) => from + n);
}

/** The cell that stands for a cell, and the pixels between their fields. */
function reduce(pattern: Pattern, at: number): [at: number, shift: number] {
  if (pattern === 'any') return [0, 0];
  if (!pattern) return [at, 0];
  const turns = Math.floor(at / pattern.period);
  return [at - turns * pattern.period, turns * pattern.shift];
}

/** Cells along an axis that may differ. */
function phases(pattern: Pattern, size: number): number[] {
  return pattern === 'any' ? [0] : range(0, pattern ? Math.min(pattern.period, size) : size);
}

function sample(pattern: Pattern, size: number): number[] {
  const all = phases(pattern, size);
  if (all.length <= MOST_PHASES) return all;
  const middle = Math.floor(size / 2);
  return [middle - 1, middle, middle + 1];
}

function periodOf(pattern: Pattern): number {
  return pattern === 'any' ? 1 : (pattern?.period ?? 0);
}

function strideOf(pattern: Pattern, otherwise: number): number {
  return pattern && pattern !== 'any' ? pattern.shift / pattern.period : otherwise;
}

/** The holes of the region that has most. */
function worst(regions: readonly Region[]): FieldOfView['holes'] {
  let holes: FieldOfView['holes'] = null;
  for (const region of regions) {
    const hole = firstHole(region);
    if (!hole) continue;
    const { top, left, bottom, right } = boxOf(region)!;
    const pixels = (bottom - top) * (right - left) - area(region);
    if (pixels > (holes?.pixels ?? 0)) holes = { pixels, row: hole.row - top, column: hole.column - left };
  }
  return holes;
}
