// The form of a kernel's table: one-node cases with awkward sizes, as plain data. The tests, the benchmark and `bench --check` read
// the same rows, so a table neither runs nor imports anything that runs.
import type { Constant } from '../../src/graph/constant.ts';
import {
  type Activation,
  type Fused,
  type Geometry,
  type Node,
  type NodeOf,
  type Op,
  relu,
  type Shape,
  type Value,
} from '../../src/graph/graph.ts';
import { uniform } from '../../src/weights/seeded.ts';

export interface Row {
  /** Unique in its table; a failure's message asks for it by this name. */
  readonly name: string;
  /** Its value is called `y`. */
  readonly node: Node;
  /** By value name; the frame of a stem is given apart. */
  readonly inputs: Readonly<Record<string, Value>>;
  /** Number i of an input in c×h×w order, where uniform in ±1 would not do. */
  readonly fill?: (value: string, i: number) => number;
  /** Number i of a constant, by its tensor's name, where seeded weights would not do. */
  readonly constant?: (tensor: string, i: number) => number;
  /** The result lies in a wider map, from this channel on. */
  readonly join?: { readonly from: number; readonly c: number };
  /** Size of the frame that a stem reads. */
  readonly frame?: { readonly h: number; readonly w: number };
  /** Workgroups that a dimension may hold: a small number folds a small grid as a huge one is folded. */
  readonly most?: number;
  /** Where results are stored as halves, weights are too. */
  readonly halfWeights?: boolean;
}

export interface Tolerance {
  /** Largest |Δ| over the row's largest |expected|, of results stored as float32 and as half. */
  readonly f32: number;
  readonly half: number;
  readonly why: string;
}

export interface KernelTable {
  readonly kernel: string;
  readonly rows: readonly Row[];
  /**
   * Rows that variants with barriers run on a CPU adapter, where each of their pipelines takes seconds to compile: the compiler sees the others.
   * Default: all, as on a GPU.
   */
  readonly barrierRows?: readonly string[];
  /** The property: any row of this kind holds. */
  readonly random: (draw: Draw) => Row;
  readonly tolerance: Tolerance;
}

/** Random rows of a table: `random 0` to `random 19`; any other number can be asked for by name. */
export const RANDOM_ROWS = 20;

export function randomRow(table: KernelTable, seed: number): Row {
  return { ...table.random(draws(`${table.kernel} ${seed}`)), name: `random ${seed}` };
}

export function allRows(table: KernelTable): Row[] {
  return [...table.rows, ...Array.from({ length: RANDOM_ROWS }, (_, seed) => randomRow(table, seed))];
}

export interface Draw {
  /** A whole number from `low` to `high`, both included. */
  int(low: number, high: number): number;
  from<T>(choices: readonly T[]): T;
  /** True once in `n`. */
  once(n: number): boolean;
}

function draws(seed: string): Draw {
  const numbers = uniform(seed, 64);
  let at = 0;
  const int = (low: number, high: number): number => low + Math.floor(numbers[at++] * (high - low + 1));
  return { int, from: choices => choices[int(0, choices.length - 1)], once: n => int(1, n) === 1 };
}

export const map = (c: number, h: number, w: number): Value => ({ shape: { c, h, w }, kind: 'map' });
export const exact = (c: number, h: number, w: number): Value => ({ shape: { c, h, w }, kind: 'exact' });
export const codes = (c: number, h: number, w: number): Value => ({ shape: { c, h, w }, kind: 'int8' });
export const tensor = (name: string, ...shape: number[]): Constant => ({ kind: 'tensor', name, shape });

/** A node that reads `x` and writes `y`, whatever else it needs. */
export function node<K extends Op>(op: K, rest: Partial<NodeOf<K>> & Pick<NodeOf<K>, 'attributes'>): Node {
  return { op, name: 'y', inputs: { x: 'x' }, constants: {}, ...rest } as Node;
}

export interface ConvSpec {
  readonly i: number;
  readonly o: number;
  readonly h: number;
  readonly w: number;
  readonly kernel?: readonly [number, number];
  readonly stride?: number;
  readonly dilations?: readonly number[];
  readonly pads?: readonly number[];
  readonly groups?: number;
  readonly bias?: boolean;
  readonly relu?: boolean;
  /** Another curve. */
  readonly activation?: Activation;
  /** Rows of partial sums to leave; none by default. */
  readonly strips?: number;
  readonly pooled?: Fused['pooled'];
}

/** What a node that ends in prelu has beside its other constants. */
export function slopes(activation: Activation | undefined, channels: number): Record<string, Constant> {
  return activation?.curve === 'prelu' ? { slope: tensor('slope', channels) } : {};
}

/** A curve without numbers, or with them. */
export const ends = (curve: Activation['curve'], a = 0, b = 0): Activation => ({ curve, a, b });

/** A convolution with its operand, before anything is fused into it. */
export function convRow(spec: ConvSpec): Pick<Row, 'inputs'> & { node: NodeOf<'conv'> } {
  const { i, o, h, w, kernel = [1, 1], stride = 1, dilations = [1], pads = [0], groups = 1 } = spec;
  const activation = spec.activation ?? (spec.relu ? relu : undefined);
  const constants = {
    weight: tensor('weight', o, i / groups, ...kernel),
    ...(spec.bias ? { bias: tensor('bias', o) } : {}),
    ...slopes(activation, o),
  };
  const geometry: Geometry = {
    kernel,
    strides: [stride, stride],
    dilations: dilations.map(rate => [rate, rate]),
    pads: pads.map(pad => [pad, pad, pad, pad]),
    groups,
  };
  const fused: Fused = {
    ...(activation && { activation }),
    ...(spec.strips && { partials: { name: 'partials', strips: spec.strips } }),
    ...(spec.pooled && { pooled: spec.pooled }),
  };
  return { node: node('conv', { attributes: { geometry, fused }, constants }) as NodeOf<'conv'>, inputs: { x: map(i, h, w) } };
}

/** Where a random row puts a result of `c` channels (mostly alone, else inside a join), and how its grid is folded. */
export function drawPlace(draw: Draw, c: number): Pick<Row, 'join' | 'most'> {
  const from = 4 * draw.int(0, 3);
  return {
    join: draw.once(3) ? { from, c: from + c + draw.int(0, 9) } : undefined,
    most: draw.once(4) ? draw.int(1, 3) : undefined,
  };
}

/** Small sizes, often one pixel wide or high. */
export function drawSize(draw: Draw, most = 19): Pick<Shape, 'h' | 'w'> {
  return { h: draw.once(6) ? 1 : draw.int(1, most), w: draw.once(6) ? 1 : draw.int(1, most) };
}

/** As many quads, so that the pipeline is one that a row of the table has compiled: on a CPU adapter that is what takes time. */
export function drawChannels(draw: Draw, c: number): number {
  return Math.ceil(c / 4) * 4 - draw.int(0, 3);
}
