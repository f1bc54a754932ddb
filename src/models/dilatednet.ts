// DilatedNet (Yu and Koltun, "Multi-Scale Context Aggregation by Dilated Convolutions", arXiv 1511.07122): VGG-16 without its last two pools, then a
// context module of doubling rates. Layers, sizes and mean pixels are the published deploy networks', and values are called as Caffe calls its layers.
import { AtrousError } from '../errors.ts';
import { type Builder, builder } from '../graph/build.ts';
import { type End, writeClasses } from '../graph/end.ts';
import type { Graph } from '../graph/graph.ts';
import { writeProbabilities } from '../graph/probability.ts';
import type { Size } from '../image/size.ts';
import type { Preprocessing, Tile } from '../weights/card.ts';
import { fromFloat32, type Tensor, type Tensors } from '../weights/tensor.ts';
import { type ClassSet, camvid, cityscapes, voc } from './palettes.ts';
import type { Options } from './regseg.ts';

/** A convolution with a bias, and what comes right behind it. */
export interface Layer {
  readonly name: string;
  readonly out: number;
  readonly kernel: number;
  readonly dilation: number;
  readonly pad: number;
  /** Scores have none. */
  readonly relu: boolean;
  /** Name of a 2×2 max pool, or null. */
  readonly pool: string | null;
}

/** A context module: 3×3 layers, then a 1×1 that makes scores. */
export interface Context {
  /** What its layers' names begin with. */
  readonly prefix: 'ctx' | 'ct';
  readonly rates: readonly number[];
  /** Channels of the 3×3 layers, in classes. */
  readonly multiples: readonly number[];
  /** Zeros stand before each layer, which keeps the size, or all of them before the first. */
  readonly padding: 'each' | 'once';
}

export interface DilatedNet {
  readonly name: string;
  readonly classes: ClassSet;
  readonly preprocessing: Preprocessing;
  readonly tile: Tile;
  /** Name of the front end's last layer. */
  readonly final: string;
  /** Null for the front end alone. */
  readonly context: Context | null;
  readonly grid: Grid;
}

/** Where the published prediction stitches its tiles, and how it goes on. */
export interface Grid {
  /** The value that tiles are joined at, classes×h×w cells: what follows is a softmax or the way to pixels. */
  readonly value: string;
  /** What brings cells to pixels: the bilinear zoom of probabilities, or the network's own transposed convolution, tile by tile. */
  readonly end: 'zoom' | 'deconv';
}

/** Hidden channels by layer, where they differ from the published ones. */
export type Widths = ReadonlyMap<string, number>;

/** Pixels of a cell along an axis: three pools. */
export const CELL = 8;
/** Half of what the front end's unpadded layers take off a picture, which is 372 pixels along an axis. */
const MARGIN = 186;
/** Cityscapes' transposed convolution. */
const UPSAMPLE = 'ctx_upsample';

/** VGG-16's blocks as the paper changes them: a pool that is removed doubles the rate of what follows. */
const blocks = [
  { layers: 2, out: 64, dilation: 1, pooled: true },
  { layers: 2, out: 128, dilation: 1, pooled: true },
  { layers: 3, out: 256, dilation: 1, pooled: true },
  { layers: 3, out: 512, dilation: 1, pooled: false },
  { layers: 3, out: 512, dilation: 2, pooled: false },
] as const;

const pointwise = { kernel: 1, dilation: 1, pad: 0, pool: null } as const;

function frontEnd(final: string, classes: number): Layer[] {
  const convs = blocks.flatMap(({ layers, out, dilation, pooled }, block) =>
    Array.from({ length: layers }, (_, n): Layer => {
      const pool = pooled && n === layers - 1 ? `pool${block + 1}` : null;
      return { name: `conv${block + 1}_${n + 1}`, out, kernel: 3, dilation, pad: 0, relu: true, pool };
    }),
  );
  return [
    ...convs,
    { name: 'fc6', out: 4096, kernel: 7, dilation: 4, pad: 0, relu: true, pool: null },
    { ...pointwise, name: 'fc7', out: 4096, relu: true },
    { ...pointwise, name: final, out: classes, relu: false },
  ];
}

export function contextLayers({ prefix, rates, multiples, padding }: Context, classes: number): Layer[] {
  const all = rates.reduce((sum, rate) => sum + rate);
  const layers = rates.map((dilation, n): Layer => {
    const name = n === rates.length - 1 ? 'fc1' : n < 2 ? `conv1_${n + 1}` : `conv${n}_1`;
    const pad = padding === 'each' ? dilation : n === 0 ? all : 0;
    return { name: `${prefix}_${name}`, out: multiples[n] * classes, kernel: 3, dilation, pad, relu: true, pool: null };
  });
  return [...layers, { ...pointwise, name: `${prefix}_final`, out: classes, relu: false }];
}

/** The paper's basic module: as many channels everywhere as there are classes. */
function basic(rates: readonly number[]): Context {
  return { prefix: 'ctx', rates, multiples: rates.map(() => 1), padding: 'each' };
}

/** The large module (table 1). */
const large: Context = { prefix: 'ct', rates: [1, 1, 2, 4, 8, 16, 1], multiples: [2, 2, 4, 8, 16, 32, 32], padding: 'once' };

interface DataSet {
  readonly name: string;
  /** Name of the network with a context module. */
  readonly whole: string;
  readonly classes: ClassSet;
  /** Mean pixel, blue first, 0 to 255: as published. */
  readonly mean: readonly [number, number, number];
  /** Height and width of what the network reads at once. */
  readonly reads: readonly [number, number];
  readonly final: string;
  readonly context: Context;
  readonly end: Grid['end'];
}

const dataSets: readonly DataSet[] = [
  {
    name: 'pascal_voc',
    whole: 'dilation8_pascal_voc',
    classes: voc,
    mean: [102.93, 111.36, 116.52],
    reads: [900, 900],
    final: 'fc-final',
    context: large,
    end: 'zoom',
  },
  {
    name: 'cityscapes',
    whole: 'dilation10_cityscapes',
    classes: cityscapes,
    mean: [72.39, 82.91, 73.16],
    reads: [1396, 1396],
    final: 'final',
    context: basic([1, 1, 2, 4, 8, 16, 32, 64, 1]),
    end: 'deconv',
  },
  {
    name: 'camvid',
    whole: 'dilation8_camvid',
    classes: camvid,
    mean: [110.70313206, 108.77808759, 105.41212523],
    reads: [900, 1100],
    final: 'final',
    context: basic([1, 1, 2, 4, 8, 16, 1]),
    end: 'zoom',
  },
  {
    name: 'kitti',
    whole: 'dilation7_kitti',
    classes: camvid,
    mean: [96.19429688, 95.55136972, 91.34692262],
    reads: [852, 1640],
    final: 'final',
    context: basic([1, 1, 2, 4, 8, 1]),
    end: 'zoom',
  },
];

/** By name: the four networks with a context module, then their front ends. */
export const dilatedNets: ReadonlyMap<string, DilatedNet> = new Map(
  [true, false].flatMap(whole => dataSets.map(data => describeNet(data, whole))).map(net => [net.name, net]),
);

function describeNet({ name, whole, classes, mean, reads, final, context, end }: DataSet, hasContext: boolean): DilatedNet {
  const [b, g, r] = mean.map(value => value / 255);
  const tile = { height: reads[0], width: reads[1], margin: MARGIN };
  const preprocessing: Preprocessing = { mean: [r, g, b], std: [1 / 255, 1 / 255, 1 / 255], max_area: null, channels: 'bgr', tile };
  const shared = { classes, preprocessing, tile, final };
  if (!hasContext) return { ...shared, name: `frontend_${name}`, context: null, grid: { value: final, end: 'zoom' } };
  return { ...shared, name: whole, context, grid: { value: `${context.prefix}_final`, end } };
}

/** Every convolution in order. The last makes one score a class, whatever widths say. */
function layersOf({ final, context }: DilatedNet, classes: number, widths: Widths): Layer[] {
  const layers = [...frontEnd(final, classes), ...(context ? contextLayers(context, classes) : [])];
  const last = layers.length - 1;
  return layers.map((layer, n) => (n === last ? layer : { ...layer, out: widths.get(layer.name) ?? layer.out }));
}

/** Cells that so many pixels along an axis leave: layers of the front end are unpadded, its pools round up. */
function cells(layers: readonly Layer[], pixels: number): number {
  return layers.reduce((n, { kernel, dilation, pool }) => {
    const seen = n - dilation * (kernel - 1);
    return pool ? Math.ceil(seen / 2) : seen;
  }, pixels);
}

/** The least pixels along an axis that leave a cell, from the last layer back. */
function leastPixels(layers: readonly Layer[]): number {
  return layers.reduceRight((n, { kernel, dilation, pool }) => (pool ? 2 * n - 1 : n) + dilation * (kernel - 1), 1);
}

/** Values are named as Caffe's layers are, whose ReLU works in place: `fc7` is what comes out of it. */
function write(b: Builder, x: string, inputs: number, layers: readonly Layer[]): string {
  let [value, c] = [x, inputs];
  for (const { name, relu, pool, ...layer } of layers) {
    const options = { ...layer, in: c, bias: true, tensors: name };
    value = relu ? b.relu(name, b.conv(`${name}.conv`, value, options)) : b.conv(name, value, options);
    if (pool) value = b.maxpool(pool, value);
    c = layer.out;
  }
  return value;
}

/** The context module alone, from `input` (classes×h×w) to its scores, of the same size. */
export function contextModule(context: Context, { classes, h, w }: Pick<Options, 'classes' | 'h' | 'w'>): Graph {
  const b = builder(`${context.prefix} context`, { c: classes, h, w });
  return b.graph([write(b, b.input, classes, contextLayers(context, classes))]);
}

export interface DilatedOptions extends Options {
  readonly widths?: Widths;
}

/**
 * The unfused network, from `input` (3×h×w, BGR, 0 to 255 less the mean pixel) to `prob` and their `classes`, both at the network's own output: a cell
 * for 8×8 pixels, for Cityscapes the pixels themselves, the margin left out in both. `to` is of no matter here: tiles, stitching and zoom stand around
 * the network (`endGraph`). Throws `BAD_USAGE` below 373×373, where no cell is left.
 */
export function dilatedNet(net: DilatedNet, { classes, h, w, widths = new Map(), ...rest }: DilatedOptions): Graph {
  const front = frontEnd(net.final, classes);
  const least = leastPixels(front);
  if (h < least || w < least) {
    throw new AtrousError(
      'BAD_USAGE',
      `${net.name} reads at least ${least}×${least} pixels, its margin of ${MARGIN} on every side included: ${h}×${w} is too small`,
    );
  }
  const b = builder(net.name, { c: 3, h, w });
  const scores = write(b, b.input, 3, layersOf(net, classes, widths));
  const pixels = { h: CELL * cells(front, h), w: CELL * cells(front, w) };
  const grown = net.grid.end === 'deconv' ? deconv(b, scores, classes, pixels, null) : scores;
  const end: End = { ...rest, channels: classes };
  return b.graph([writeClasses(b, writeProbabilities(b, grown, end), end)]);
}

function deconv(b: Builder, x: string, classes: number, size: Size, tile: Size | null): string {
  return b.deconv(UPSAMPLE, x, classes, { kernel: 2 * CELL, stride: CELL, pad: CELL / 2, ...size, tile });
}

export interface EndOptions {
  /** Channels of the scores, height and width of the stitched grid, in cells. */
  readonly c: number;
  readonly h: number;
  readonly w: number;
  /** The picture's size. */
  readonly to: Size;
  /** Cells of one tile, beyond which a transposed convolution must not see; null: there is one. A zoom goes across tiles. */
  readonly tile: Size | null;
}

/**
 * How the published prediction (fyu/dilation's predict.py) ends: from `input`, the stitched grid of `grid.value` (c×h×w), to `classes` at the picture's
 * size. `prob` is at the grid's size before a zoom, at the picture's behind a transposed convolution.
 */
export function endGraph(
  { canonical, grid, end: fitted }: { readonly canonical: string; readonly grid: Grid | null; readonly end: End },
  { c, h, w, to, tile }: EndOptions,
): Graph {
  if (!grid) throw new AtrousError('BAD_GRAPH', `${canonical} takes pictures whole: there is no grid to end at`);
  const b = builder(`${canonical} end`, { c, h, w });
  const end: End = { ...fitted, channels: c };
  const pixels =
    grid.end === 'zoom'
      ? b.zoom('zoom', writeProbabilities(b, b.input, end), { scale: CELL, ...to })
      : writeProbabilities(b, deconv(b, b.input, c, to, tile), end);
  return b.graph([writeClasses(b, pixels, end)]);
}

/** Hidden widths as a checkpoint has them: narrower networks run as the published ones do. Layers that it lacks keep theirs. */
export function widthsOf(net: DilatedNet, tensors: Tensors): Widths {
  const widths = new Map<string, number>();
  for (const { name } of layersOf(net, 1, widths)) {
    const shape = tensors.get(`${name}.weight`)?.shape ?? [];
    if (shape.length === 4 && shape[0] > 0) widths.set(name, shape[0]);
  }
  return widths;
}

/** The front end's hidden widths over a divisor: small networks that have every layer. */
export function narrowed(net: DilatedNet, divisor: number): Widths {
  const hidden = frontEnd(net.final, 1).filter(({ relu }) => relu);
  return new Map(hidden.map(({ name, out }) => [name, Math.max(1, Math.round(out / divisor))]));
}

/** The tensors, with the one that a file may leave out: the transposed convolution's, which is never trained. */
export function completed({ grid }: DilatedNet, tensors: Tensors): Tensors {
  const key = `${UPSAMPLE}.weight`;
  const classes = tensors.get(`${grid.value}.weight`)?.shape[0];
  if (grid.end === 'zoom' || tensors.has(key) || !classes) return tensors;
  return new Map([...tensors, [key, bilinear(classes)]]);
}

/** classes×1×16×16: the outer product of (1, 3, …, 15, 15, …, 3, 1)/16 with itself, for every class. */
function bilinear(classes: number): Tensor {
  const size = 2 * CELL;
  const taps = Array.from({ length: size }, (_, n) => (2 * Math.min(n, size - 1 - n) + 1) / size);
  const kernel = taps.flatMap(row => taps.map(column => row * column));
  return fromFloat32([classes, 1, size, size], Float32Array.from(Array.from({ length: classes }, () => kernel).flat()));
}
