// A network as frozen data: nodes in execution order, each naming the values that it reads. Nothing here knows of a GPU.

import type { Codec, Precision } from '../shader/source.ts';
import type { Constant } from './constant.ts';
import type { Decision } from './decision.ts';
import type { Curve, Operation, Reduction } from './numbered.ts';

export interface Shape {
  readonly c: number;
  readonly h: number;
  readonly w: number;
}

/**
 * What a value's numbers are: a feature `map` in the plan's storage precision, `exact` float32 vectors (sums and gates, where
 * half precision would overflow or cost accuracy), a map of `int8` codes, or one `class` index a pixel, which may also be a matte's byte.
 */
export type Kind = 'map' | 'exact' | 'int8' | 'class';

/** What an int8 code stands for: (code − zero) · scale. */
export interface Codes {
  readonly scale: number;
  /** From -128 to 127: zero itself has a code, so that what lies beyond a map has. */
  readonly zero: number;
}

/** The codes that a result keeps to; a ReLU's begin at zero. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

export interface Value {
  readonly shape: Shape;
  readonly kind: Kind;
}

/** How a resize reads between pixels: half-pixel centres, corner centres aligned (align_corners=True), or the nearest pixel below. */
export type Resampling = 'half-pixel' | 'corners' | 'nearest';

/** A curve with its numbers: bounds, slopes or exponents. The slopes of prelu, one a channel, are the constant `slope` of the node that ends in it. */
export interface Activation {
  readonly curve: Curve;
  readonly a: number;
  readonly b: number;
}

export const relu: Activation = { curve: 'relu', a: 0, b: 0 };
export const sigmoid: Activation = { curve: 'sigmoid', a: 0, b: 0 };

/** Rows, then columns. */
export type Pair = readonly [number, number];

/** Above, left, below, right. */
export type Pads = readonly [top: number, left: number, bottom: number, right: number];

/** A window or kernel on a map; `pads` are those before the first row and column. */
export interface Sliding {
  readonly kernel: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly pads: Pair;
  /** Of the result. */
  readonly h: number;
  readonly w: number;
}

/** Where −1 and 1 are on a map that is sampled, the centres of its corners or its edges, and what lies beyond. */
export interface Sampling {
  readonly corners: boolean;
  readonly outside: 'zeros' | 'border' | 'reflection';
}

/** What a convolution is. */
export interface Geometry {
  readonly kernel: Pair;
  readonly strides: Pair;
  /** One a branch: equal runs of groups, in order. */
  readonly dilations: readonly Pair[];
  readonly pads: readonly Pads[];
  readonly groups: number;
}

/** What ends in an activation. */
export interface Ending {
  readonly activation?: Activation;
}

/**
 * What is fused around a convolution, absent where nothing is; the values and weights that it brings are inputs and constants by the same word. Of the
 * operand: `gate` scales x, or is made from the `sums` of a squeeze first; `beside` follows x, resized to its size, along the channels; a shortcut adds a
 * second 1×1 convolution. Of the result: `residual` is added before, `addend` after the activation; the constants `project` and `projectBias` are a 1×1
 * convolution of it.
 */
export interface Fused extends Chained {
  /** Pixels that the sums run over. */
  readonly squeezed?: number;
  /** How the shortcut's map is read: it has the result's size, or is 2×2 average-pooled. */
  readonly shortcut?: 'same' | 'pooled';
  /** With a 2×2 max pool behind the activation (as `maxpool`): the convolution's own height and width. */
  readonly pooled?: { readonly h: number; readonly w: number };
  /** A second output, the partial sums of a squeeze, in so many rows: tile t of eight pixels of a row is summed in row t mod strips. */
  readonly partials?: { readonly name: string; readonly strips: number };
  /** A second output, a map of all channels from `split` on. */
  readonly also?: { readonly name: string; readonly split: number };
}

/** The same around the step that reads the frame: a 1×1 convolution of the result, of the constants `project` and `projectBias`. */
export interface Chained extends Ending {
  /** What that one ends in. */
  readonly projected?: Activation;
  /** Name of a second output, the result before it, 2×2 averaged as `pool` does. */
  readonly halved?: string;
}

/** What a move is in words, where its tables say no more. */
export interface Moving {
  readonly around?: Pads;
  readonly expanded?: true;
  /** A pixel shuffle by so many rows and columns: each place between two pixels has a run of channels, or each channel a run of places. */
  readonly shuffled?: { readonly by: 'place' | 'channel'; readonly strides: Pair };
  readonly taken?: Pair;
  readonly joined?: true;
}

/** Attributes by operation. */
export interface Attributes {
  /**
   * Frame → normalised `input`: a texture or a video's external texture of any size (resized when h×w differs, a texture also cut as `tile` says), or a
   * tensor that is normalised already.
   */
  preprocess: {
    readonly form: 'texture' | 'external' | 'tensor';
    readonly h: number;
    readonly w: number;
    readonly mean: readonly [number, number, number];
    readonly std: readonly [number, number, number];
    /** Order of the input's channels; mean and std are of red, green, blue. */
    readonly channels: 'rgb' | 'bgr';
    /** The input is h×w of the picture with a margin of its reflection, from (top, left) of that on; what overhangs is reflected. In pixels. */
    readonly tile: { readonly margin: number; readonly top: number; readonly left: number } | null;
  };
  /** x → Σ w·x + b, zeros outside the map. */
  conv: { readonly geometry: Geometry; readonly fused: Fused };
  /** The first convolution and the preprocessing before it in one: it reads the frame. */
  stem: Attributes['preprocess'] & { readonly geometry: Geometry; readonly fused: Chained };
  batchnorm: { readonly fused: Ending };
  /** A curve of every number. */
  activate: Activation;
  /** a + b. */
  add: { readonly fused: Ending };
  /** x · gate, the gate one value a channel. */
  mul: Record<never, never>;
  /** Channels [from, to). */
  slice: { readonly from: number; readonly to: number };
  /** Inputs '0', '1', … one after another along the channels; each from a whole quad on, with zeros between, where `c` says how many that makes. */
  concat: { readonly c?: number };
  /** A concat whose inputs were written in place: no work. */
  join: Attributes['concat'];
  /** A plain copy, so that a value can also lie inside a join. */
  copy: Record<never, never>;
  /** The same of a map that is kept in float32, stored as the plan's others are. */
  narrow: Record<never, never>;
  /** Mean over all pixels. */
  mean: Record<never, never>;
  /** 2×2 average, stride 2, sizes rounded up; a window that overhangs divides by the pixels that exist. */
  pool: Record<never, never>;
  /** 2×2 maximum, stride 2, sizes rounded up as Caffe does. */
  maxpool: Record<never, never>;
  /** To h×w. Bilinear with half-pixel centres, clamped (PyTorch's align_corners=False), unless the mode says otherwise. */
  resize: { readonly h: number; readonly w: number; readonly mode: Resampling };
  /** x resized to the size of `other`, which is added. */
  merge: { readonly mode: Resampling; readonly fused: Ending };
  /** Adaptive average to bins × bins: window i covers ⌊i·n/bins⌋ to ⌈(i + 1)·n/bins⌉. */
  adaptive: { readonly bins: number };
  /** x sampled bilinearly, as `sample` says, where each pixel of `flow` (two channels, x first) points, from its own place on; `scaled`: in halves of the map, else in pixels of the result. */
  warp: Sampling & { readonly scaled: boolean };
  /** exp(x) over its sum, along the channels. */
  softmax: Record<never, never>;
  /**
   * `scale` times as large, cut or continued to h×w. Bilinear with the cells at their blocks' top left: pixel i reads cells ⌊i/scale⌋ and the next
   * (clamped). With `classes` the end in one step: softmax of x before (a single channel's sigmoid, where there is a threshold), argmax behind.
   */
  zoom: { readonly scale: number; readonly h: number; readonly w: number; readonly classes: boolean } & Decision;
  /**
   * Transposed convolution of one group a channel: y[o] = Σ w[o + pad − stride·i]·x[i] along each axis, neighbours outside count 0. `tile`, in cells:
   * x is stitched of tiles that must not see one another; null: one tile. y is cut to h×w. With `classes` an argmax follows in the same step.
   */
  deconv: {
    readonly kernel: number;
    readonly stride: number;
    readonly pad: number;
    readonly h: number;
    readonly w: number;
    readonly tile: { readonly h: number; readonly w: number } | null;
    readonly classes: boolean;
  } & Decision;
  /** Transposed convolution, dense or in groups; the weight is IOHW, and a `scale` one factor of it for each channel that it makes. */
  transposed: Sliding & { readonly groups: number; readonly fused: Ending };
  /**
   * Channels as the pixels between others: pixel (row, column) behind `cut` of the result is of pixel (⌊row / stride⌋, …) of x, whose channels are so many
   * runs one after another, one for each of the `strides` rows and columns.
   */
  interleave: { readonly strides: Pair; readonly cut: Pair; readonly h: number; readonly w: number };
  /**
   * Maximum or mean of windows of any form. Beyond the map there is nothing; `counted` are the rows below and columns to the right that a mean
   * counts as zeros all the same, and with them those above and to the left; null: only what is in the map.
   */
  window: Sliding & { readonly kind: 'max' | 'mean'; readonly counted: readonly [number, number] | null };
  /** The tap (row by row) that is the maximum of each window, the first of equals, -1 where there is none: codes, a byte a channel. */
  winners: Sliding;
  /** Maxima back to where they came from by the `winners` of the same windows, zeros elsewhere. A pixel that won several windows takes the last one's. */
  unpool: Sliding;
  /**
   * x sampled at the points of `grid` (two channels, x first, from −1 to 1 over the map): bilinearly, at the nearest pixel (of two the even one), or of
   * 4×4 pixels by Keys's cubic with −3/4, where each pixel beyond the map is what lies there.
   */
  sample: Sampling & { readonly mode?: 'nearest' | 'cubic' };
  /** x and `other`, a value or a constant C×H×W; an axis of one place stands for every place. `swapped`: other comes first. */
  combine: { readonly operation: Operation; readonly swapped: boolean; readonly fused: Ending };
  /** All places of the axes named become one. */
  reduce: { readonly operation: Reduction; readonly channels: boolean; readonly rows: boolean; readonly columns: boolean };
  /** (x − mean) / √(variance + ε) over the channels of each pixel, then `scale` and `shift`, one a channel. */
  layernorm: { readonly epsilon: number };
  /**
   * Of all pixels of a channel what a norm of them does to each: factor and offset, c×2, of mean, variance, and `scale` and `shift` where they are given.
   * Of the channels [from, to) of `given` the scale is the factor and the shift the offset.
   */
  moments: { readonly epsilon: number; readonly given?: Pair };
  /** x · factor + offset by such a `norm`. */
  normalise: { readonly fused: Ending };
  /**
   * Products of the pixels of x by those of `other`, both cut into `batches` of pixels in their order: in place of its channels pixel i of x gets
   * Σ x[i][k]·other[j][k] for each pixel j of its batch or, `turned`, Σ x[i][k]·other[k][j] for each channel j. `inner`: how many k there are.
   */
  product: { readonly batches: number; readonly turned: boolean; readonly inner: number };
  /**
   * For each of `heads` runs of channels softmax(scale · x·keysᵀ) · values, of every pixel of x over all pixels of keys and values: `pixels` of them,
   * keys with `inner` channels as x has.
   */
  attention: { readonly heads: number; readonly scale: number; readonly pixels: number; readonly inner: number };
  /** To h×w by tables of places and weights: constants `rows` (h × taps × 2) and `columns`. */
  resample: { readonly h: number; readonly w: number };
  /**
   * Any number to any place: constants `channels`, `rows` and `columns` (c, h and w × 4) hold, for each place of the result, what it adds to the source's
   * channel, row, column, and number of the input ('0' to '3'). A sum below zero: `fill`. Those tables only put so many zeros `around` a map,
   * only take the channels [from, to) as `taken` has them, only put the channels of maps one behind another where they are `joined`,
   * only repeat a place where they are `expanded`, or are `shuffled`.
   */
  move: { readonly c: number; readonly h: number; readonly w: number; readonly fill: number } & Moving;
  /** The class of every pixel. */
  argmax: Decision;
  /** Rows [top, top + rows): a view, no work. */
  crop: { readonly top: number; readonly rows: number };
  /** Inputs '0', '1', … one below another, written in place: no work. */
  stack: Record<never, never>;
  /** Of every channel, in so many rows: row s holds the sum of pixels s, s + strips, … */
  sums: { readonly strips: number };
  /** Squeeze sums → mean → 1×1 → ReLU → 1×1 → sigmoid, or `gate`, a hard one. `pixels` is what the sums run over. */
  excite: { readonly hidden: number; readonly pixels: number; readonly gate?: Activation };
  /** A single channel's probability as a byte a pixel, 0 to 255: of x, resized to h×w before the activation. */
  matte: { readonly h: number; readonly w: number } & Pick<Decision, 'activation'>;
  /** Numbers → codes: the nearest, ties to even, and within -128 and 127. */
  quantise: { readonly to: Codes };
  /** Codes → numbers. */
  dequantise: { readonly from: Codes };
  /** A convolution of codes, of x and of its own weights (see codes.ts); without `to` its result are numbers. A residual, of codes `beside`, is added before the bounds. */
  qconv: {
    readonly geometry: Geometry;
    readonly from: Codes;
    readonly to: Codes | null;
    readonly beside: Codes | null;
  } & Bounds;
  /** Sums of every channel of a map of codes, as numbers, in rows as the partial sums of a convolution. */
  qsums: { readonly from: Codes; readonly strips: number };
  /** x · gate, the gate numbers, one a channel. */
  qscale: { readonly from: Codes; readonly to: Codes };
  /** x + other; without `other` the same numbers in other codes. */
  qadd: { readonly from: Codes; readonly beside: Codes | null; readonly to: Codes } & Bounds;
  /** `pool` of codes. */
  qpool: { readonly from: Codes; readonly to: Codes };
  /** `resize` of codes with half-pixel centres, places in 256ths of a pixel. */
  qresize: { readonly h: number; readonly w: number; readonly from: Codes; readonly to: Codes };
  /** argmax(resize(x)) without the resized map. */
  classify: { readonly h: number; readonly w: number } & Decision;
}

export type Op = keyof Attributes;

/** A node of one operation; `Node` is any. */
export type NodeOf<K extends Op> = { readonly [P in K]: NodeShape<P> }[K];

interface NodeShape<K extends Op> {
  readonly op: K;
  /** The name of the value that the node makes. */
  readonly name: string;
  /** Value by role: `x` is the main operand. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly attributes: Attributes[K];
  readonly constants: Readonly<Record<string, Constant>>;
}

export type Node = NodeOf<Op>;

export interface Graph {
  /** The model's name, for people. */
  readonly name: string;
  /** The network's input value is called `input`. */
  readonly input: Shape;
  /** Further inputs, which the caller fills: imported networks may have several. */
  readonly others?: ReadonlyMap<string, Shape>;
  readonly nodes: readonly Node[];
  /** Values that must exist at the end: no pass may fuse them away. */
  readonly outputs: readonly string[];
  /** Further names of values: module paths whose output is another module's output. */
  readonly aliases: ReadonlyMap<string, string>;
  /** What a plan of a precision stores maps in, where it is not the codec of that name. */
  readonly codecs?: Readonly<Partial<Record<Precision, Codec>>>;
  /** Values that are float32 in a plan of another codec, with the steps that write and read them: what else reads one reads it narrowed. */
  readonly wide?: ReadonlySet<string>;
}

export const INPUT = 'input';

/** Operations that only say where values lie: no kernel makes them. */
export const VIEWS: ReadonlySet<Op> = new Set<Op>(['join', 'crop', 'stack']);

/** What a plan's first step reads: not a value of the network, bound anew for every frame. */
export const FRAME = 'frame';

/** Values that a node writes: its own, and the squeeze sums or the second map of a fused convolution. */
export function writes(node: Node): string[] {
  const { partials, also, halved }: Fused = node.op === 'conv' || node.op === 'stem' ? node.attributes.fused : {};
  return [node.name, partials?.name, also?.name, halved].filter(value => value !== undefined);
}

export function producers(graph: Graph): Map<string, Node> {
  return new Map(graph.nodes.flatMap(node => writes(node).map(value => [value, node] as const)));
}

/** Nodes that read a value, once a reading; an output counts as no reader. */
export function readers(graph: Graph): Map<string, Node[]> {
  const map = new Map<string, Node[]>();
  for (const node of graph.nodes) {
    for (const value of Object.values(node.inputs)) map.set(value, [...(map.get(value) ?? []), node]);
  }
  return map;
}

/** The value behind a name: the name itself, or what it is an alias of. */
export function resolve(graph: Graph, name: string): string {
  return graph.aliases.get(name) ?? name;
}

/** What a plan of a precision stores a graph's maps in. */
export function codecOf({ codecs }: Graph, precision: Precision): Codec {
  return codecs?.[precision] ?? precision;
}

/** What a node ends in; a curve of every number is nothing but its end. */
export function endOf(node: Node): Ending {
  if (node.op === 'activate') return { activation: node.attributes };
  return 'fused' in node.attributes ? node.attributes.fused : {};
}

/** Is a node that curve of every number? */
export function isCurve(node: Node | null | undefined, curve: Curve): node is NodeOf<'activate'> {
  return node?.op === 'activate' && node.attributes.curve === curve;
}

const every = (list: readonly number[], n: number): boolean => list.every(each => each === n);

/** A 1×1 convolution in the plain sense: stride 1, one group, no padding, no pool. Only these take gates, shortcuts, residuals and addends. */
export function isPointwise({ attributes: { geometry, fused } }: NodeOf<'conv'>): boolean {
  const { kernel, strides, pads, groups } = geometry;
  return every([...kernel, ...strides, groups], 1) && every(pads[0], 0) && !fused.pooled;
}

/** A grouped 3×3 convolution that keeps the map's size but for its stride: the middle of a D block. Only these leave squeeze sums. */
export function isGrouped({ attributes: { geometry, fused } }: NodeOf<'conv'>): boolean {
  const { kernel, strides, dilations, pads, groups } = geometry;
  const keeps = dilations.every(([rate, across], n) => every([across, ...pads[n]], rate));
  return every(kernel, 3) && strides[0] === strides[1] && groups > 1 && keeps && !fused.pooled;
}
