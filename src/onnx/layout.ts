// How ONNX's axes lie in a map of this engine. A value of ours has three axes, channels, rows and columns; one of ONNX's has any number, and what
// Reshape and Transpose do to them moves no number: they only say which axis stands where. So an axis is a list of factors, each a digit of one
// axis of the map, and both operators rewrite lists. What needs the usual order has it made by a `move`.
import type { Shape, Sliding } from '../graph/graph.ts';
import { count } from '../weights/tensor.ts';
import { printDims } from './array.ts';
import { refuse } from './refusal.ts';

type Axis = keyof Shape;

/** A digit of an axis: `size` values, each worth `step` places along it. */
export interface Factor {
  readonly axis: Axis;
  readonly size: number;
  readonly step: number;
}

/** For every axis of ONNX's the factors that it is made of, the most significant first; an axis of one place has none. */
export type Axes = readonly (readonly Factor[])[];

/** What whole numbers stand for: one scale and zero, or one for every place of an axis of ONNX's. */
export interface Steps {
  readonly scales: readonly number[];
  readonly zeros: readonly number[];
  readonly axis: number | null;
}

/** A value that is made when the network runs. */
export interface Mapped {
  readonly kind: 'map';
  /** Of the graph's. */
  readonly value: string;
  readonly shape: Shape;
  readonly dims: readonly number[];
  readonly axes: Axes;
  /** One class a pixel, made by argmax. */
  readonly classes: boolean;
  /** Its numbers are whole ones to ONNX. */
  readonly whole?: boolean;
  /** It stands for whole numbers, of which it holds what they are dequantised to: only DequantizeLinear with the same steps reads them. */
  readonly quantised?: Steps;
  /**
   * It stands for the indices of a pool's maxima, which are nowhere: the value of its winning taps, how it pooled, and from where they count, the map's beginning or
   * that of their own channel; or for where the channels begin. Only what puts maxima back reads them: `none` is why it can't.
   */
  readonly indices?: Sliding & {
    readonly winners: string | { readonly none: string };
    readonly from: 'map' | 'channel' | 'channels begin';
  };
}

const whole = (axis: Axis, size: number): Factor[] => (size === 1 ? [] : [{ axis, size, step: 1 }]);

/** The usual order: N×C×H×W, N×C×L as one row, N×C as one pixel. The batch is one picture. */
export function usual(dims: readonly number[]): { shape: Shape; axes: Axes } {
  const [n = 1, c = 1, ...rest] = dims;
  if (dims.length === 1) return { shape: { c: n, h: 1, w: 1 }, axes: [whole('c', n)] };
  if (n !== 1) refuse(`its value has ${printDims(dims)} values, of which the first counts pictures: one at a time`);
  if (rest.length > 2) refuse(`a value with ${dims.length} axes, ${printDims(dims)}`);
  const [h, w] = rest.length === 2 ? rest : [1, rest[0] ?? 1];
  const places = rest.length === 2 ? [whole('h', h), whole('w', w)] : rest.length === 1 ? [whole('w', w)] : [];
  return { shape: { c, h, w }, axes: dims.length === 0 ? [] : [[], whole('c', c), ...places] };
}

/**
 * Any dimensions. What is not one picture in its usual order lies as it can: the second axis as channels, the last one as columns, and all others as rows,
 * pictures below one another; of two axes the first as rows. Each of ONNX's axes is one digit.
 */
export function lying(dims: readonly number[]): { shape: Shape; axes: Axes } {
  if (isPicture(dims)) return usual(dims);
  const shape = { c: 1, h: 1, w: 1 };
  const axes: Axes = [...dims.keys()]
    .reverse()
    .map(n => {
      const axis: Axis = n === 1 ? 'c' : n > 1 && n === dims.length - 1 ? 'w' : 'h';
      const step = shape[axis];
      shape[axis] *= dims[n];
      return dims[n] > 1 ? [{ axis, size: dims[n], step }] : [];
    })
    .reverse();
  return { shape, axes };
}

/** The last three axes of one picture in the order given, behind a batch of one or nothing. */
export function ordered(dims: readonly number[], order: readonly Axis[]): { shape: Shape; axes: Axes } {
  const sizes = dims.slice(-3);
  const shape = Object.fromEntries(order.map((axis, n) => [axis, sizes[n]])) as unknown as Shape;
  return { shape, axes: [...dims.slice(0, -3).map(() => []), ...order.map((axis, n) => whole(axis, sizes[n]))] };
}

/** Neighbours that are one digit together. */
function merged(factors: readonly Factor[]): Factor[] {
  const list: Factor[] = [];
  for (const factor of factors) {
    const last = list.at(-1);
    if (last && last.axis === factor.axis && last.step === factor.size * factor.step)
      list[list.length - 1] = { ...factor, size: last.size * factor.size };
    else list.push(factor);
  }
  return list;
}

export function sameAxes(a: Axes, b: Axes): boolean {
  return a.length === b.length && a.every((list, n) => JSON.stringify(merged(list)) === JSON.stringify(merged(b[n])));
}

/** Are these dimensions of one picture, or less? */
export const isPicture = (dims: readonly number[]): boolean => dims.length < 2 || (dims.length < 5 && dims[0] === 1);

export const isUsual = ({ dims, axes, shape }: Mapped): boolean => {
  if (!isPicture(dims)) return false;
  const there = usual(dims);
  return sameAxes(axes, there.axes) && (['c', 'h', 'w'] as const).every(axis => shape[axis] === there.shape[axis]);
};

/** The same map under other axes: digits are regrouped, and split where a new axis ends within one. Null where one ends within no whole part of a digit. */
export function regroupedUncut({ axes, dims }: Pick<Mapped, 'axes' | 'dims'>, to: readonly number[]): Axes | null {
  if (count(dims) !== count(to)) refuse(`a reshape from ${printDims(dims)} to ${printDims(to)}`);
  const digits = merged(axes.flat());
  const lists: Factor[][] = [];
  for (const size of [...to].reverse()) {
    const list: Factor[] = [];
    for (let left = size; left > 1; ) {
      const last = digits.pop()!;
      if (left % last.size === 0) {
        list.unshift(last);
        left /= last.size;
      } else if (last.size % left === 0) {
        list.unshift({ ...last, size: left });
        digits.push({ ...last, size: last.size / left, step: last.step * left });
        left = 1;
      } else return null;
    }
    lists.unshift(merged(list));
  }
  return lists;
}

export function regrouped(x: Pick<Mapped, 'axes' | 'dims'>, to: readonly number[]): Axes {
  return regroupedUncut(x, to) ?? refuse(`a reshape from ${printDims(x.dims)} to ${printDims(to)}, which cuts through an axis`);
}

/** Four numbers for each place of an axis of the target: what it adds to channel, row and column of the source, and the number of the input. */
export type Entries = Int32Array;

/** The numbers that a place has in `Entries`. */
export const ENTRY = 4;

/** In the order of those numbers. */
export const ROLES: readonly Axis[] = ['c', 'h', 'w'];

export type Walk = Readonly<Record<Axis, Entries>>;

/** So far below zero that no sum of places comes back. */
export const FILLED = -(2 ** 20);

/**
 * For a map of shape `to` whose ONNX axes are `axes`: where its numbers lie in `from`, which has the same dimensions, or of whose axes `lists` say which
 * places are taken (below zero: none, what is filled); such an axis is one digit. Every axis of the target adds its part; null where sums of parts can't
 * say it, because digits carry.
 */
export function walkOf(
  from: Pick<Mapped, 'axes' | 'dims'>,
  to: Shape,
  axes: Axes,
  lists: ReadonlyMap<number, readonly number[]> = new Map(),
): Walk | null {
  const [c, h, w] = ROLES.map(axis => new Int32Array(to[axis] * ENTRY));
  const walk = { c, h, w };
  for (let logical = 0; logical < axes.length; logical++) {
    const source = withWeights(from.axes[logical]);
    const list = lists.get(logical);
    // An axis of one place has no digit: what it takes is added to every channel.
    const digits: readonly Factor[] = list && axes[logical].length === 0 ? [{ axis: 'c', size: 1, step: 1 }] : axes[logical];
    for (const target of withWeights(digits)) {
      if (source.some(({ weight }) => weight % target.weight !== 0 && target.weight % weight !== 0)) return null;
      addAlong(walk[target.axis], additions(source, target, list), target.step);
    }
  }
  return walk;
}

/** What every value of a digit adds, whose axis is made of `source`. Plain loops: an axis may have a hundred thousand places. */
function additions(source: readonly WeightedFactor[], target: WeightedFactor, list?: readonly number[]): Entries {
  const adds = new Int32Array(target.size * ENTRY);
  const taken = (n: number): number => (list ? list[n * target.weight] : n * target.weight);
  for (const { axis, weight, size, step } of source) {
    const role = ROLES.indexOf(axis);
    for (let n = 0; n < target.size; n++)
      if (taken(n) >= 0) adds[n * ENTRY + role] += (Math.floor(taken(n) / weight) % size) * step;
  }
  for (let n = 0; n < target.size; n++) if (taken(n) < 0) adds[n * ENTRY] = FILLED;
  return adds;
}

/** To every place what the digit there adds, which goes one on after `step` places. */
function addAlong(entries: Entries, adds: Entries, step: number): void {
  let [digit, left] = [0, step];
  for (let place = 0; place < entries.length; place += ENTRY) {
    for (let role = 0; role < ENTRY; role++) entries[place + role] += adds[digit + role];
    if (--left > 0) continue;
    left = step;
    digit = (digit + ENTRY) % adds.length;
  }
}

interface WeightedFactor extends Factor {
  /** What one step is worth along ONNX's axis. */
  readonly weight: number;
}

function withWeights(factors: readonly Factor[]): WeightedFactor[] {
  let weight = 1;
  return [...factors]
    .reverse()
    .map(factor => {
      const own = { ...factor, weight };
      weight *= factor.size;
      return own;
    })
    .reverse();
}
