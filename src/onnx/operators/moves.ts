// What moves numbers and changes none. Reshape and Transpose only say where axes lie; the others are tables of places.
import type { Moving, Pads, Pair } from '../../graph/graph.ts';
import { count } from '../../weights/tensor.ts';
import { axisOf, broadcast, type Known, known, printDims, whole } from '../array.ts';
import { intOf, textOf } from '../call.ts';
import {
  flattened,
  indices,
  newShape,
  numberOf,
  partSizes,
  permutation,
  shapeOf,
  sizes,
  slices,
  squeezed,
  unsqueezed,
} from '../fold.ts';
import {
  ENTRY,
  type Factor,
  FILLED,
  isPicture,
  isUsual,
  lying,
  type Mapped,
  regrouped,
  regroupedUncut,
  sameAxes,
  usual,
  walkOf,
} from '../layout.ts';
import type { Making, Operator, Value } from '../operator.ts';
import { along, alongAll, emitMove, inAnyOrder, inUsualOrder, laidOut, rowMajor, upTo } from '../pen.ts';
import { refuse } from '../refusal.ts';
import { anyMap, input, knownIn, made, mustKnow, nameOf } from './inputs.ts';

export const moves: Record<string, Operator> = {
  Shape: making => shapeOf(making, anyOf(making).dims),
  Size: making => ({ kind: 'known', element: 'int', dims: [], values: () => [count(anyOf(making).dims)], stored: null }),
  Reshape: making => regroup(making, newShape(making, anyOf(making).dims, mustKnow(making, 1))),
  Flatten: making => regroup(making, flattened(making, anyOf(making).dims)),
  Squeeze: making => regroup(making, squeezed(making, anyOf(making).dims, knownIn(making, 1))),
  Unsqueeze: making => regroup(making, unsqueezed(making, anyOf(making).dims, knownIn(making, 1))),
  Transpose: making => {
    const x = anyOf(making);
    const order = permutation(making, x.dims.length);
    return { ...x, dims: order.map(axis => x.dims[axis]), axes: order.map(axis => x.axes[axis]) };
  },
  Concat: concat,
  Split: split,
  Slice: making => {
    const x = anyOf(making);
    const rest = [1, 2, 3, 4].map(n => knownIn(making, n));
    const lists = slices(making, x.dims, rest);
    if (x.indices) return channelsBegin(x, lists);
    // Of rolls by nothing; a concat leaves it out.
    const dims = x.dims.map((size, axis) => lists.get(axis)?.length ?? size);
    return count(dims) === 0 ? known('float', dims, []) : taken(making, anyMap(making), lists, nameOf(making));
  },
  Gather: making => {
    const x = anyMap(making);
    const axis = axisOf(intOf(making.node, 'axis', 0), x.dims.length);
    const index = mustKnow(making, 1);
    const y = taken(making, x, new Map([[axis, indices(index.values(), x.dims[axis])]]), nameOf(making));
    const dims = [...x.dims.slice(0, axis), ...index.dims, ...x.dims.slice(axis + 1)];
    return { ...y, dims, axes: regrouped(y, dims) };
  },
  Tile: making => {
    const x = anyMap(making);
    const times = whole(mustKnow(making, 1), 'repeats');
    return taken(making, x, new Map(x.dims.map((size, axis) => [axis, repeated(size, size * times[axis])])), nameOf(making));
  },
  Expand: making => expand(making),
  Pad: pad,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};

/** A map, or what stands for one: classes, quantised numbers, indices. */
function anyOf(making: Making): Mapped {
  const x = input(making, 0);
  if (x?.kind === 'map' && x.quantised && x.quantised.axis !== null) refuse('it moves whole numbers of several scales');
  return x?.kind === 'map' ? x : anyMap(making);
}

function regroup(making: Making, dims: readonly number[]): Mapped {
  const x = anyOf(making);
  const axes = regroupedUncut(x, dims);
  if (axes) return { ...x, dims, axes };
  // Along a single row no axis is cut through.
  making.spend(x.dims);
  const row = laidOut(making.pen, x, { c: 1, h: 1, w: count(x.dims) }, rowMajor(x.dims), `${x.value}.row`);
  return { ...row, dims, axes: regrouped(row, dims) };
}

/** Indices of a map's own pixels, of which only each channel's first is left. */
function channelsBegin(x: Mapped, lists: ReadonlyMap<number, readonly number[]>): Mapped {
  const { kernel, strides, from } = x.indices!;
  const single = [...kernel, ...strides].every(n => n === 1) && from === 'map' && isUsual(x);
  const left = x.dims.map((size, axis) => lists.get(axis) ?? (size === 1 ? [0] : null));
  const first = left.length === 4 && !lists.has(1) && [0, 2, 3].every(axis => left[axis]?.join() === '0');
  if (!single || !first) refuse('it takes some of the indices of maxima');
  const { shape, axes } = usual([1, x.shape.c, 1, 1]);
  return { ...x, shape, axes, dims: [1, x.shape.c, 1, 1], indices: { ...x.indices!, from: 'channels begin' } };
}

function repeated(size: number, to: number): number[] {
  if (!(to > 0 && to <= LONGEST)) refuse(`an axis of ${to}`);
  return Array.from({ length: to }, (_, n) => n % size);
}

/** Axis of ours behind each of ONNX's in the usual order. */
function usualAxis(dims: readonly number[], axis: number): 'c' | 'h' | 'w' | null {
  if (dims.length === 1) return 'c';
  return ([null, 'c', dims.length === 4 ? 'h' : 'w', 'w'] as const)[axis];
}

/** The places given along some axes, −1 for what is filled. */
export function taken(
  making: Making,
  from: Mapped,
  lists: ReadonlyMap<number, readonly number[]>,
  name: string,
  fill = 0,
  words: Moving = {},
): Mapped {
  if (!isUsual(from)) {
    const lying = [...lists].reduce<Mapped | null>(
      (value, [axis, list]) => value && takenAsItLies(making, value, axis, list, name),
      from,
    );
    if (lying) return lying;
  }
  const dims = from.dims.map((size, axis) => lists.get(axis)?.length ?? size);
  sizes(dims);
  if (count(dims) === 0) refuse(`a value of shape ${printDims(dims)}, which holds nothing`);
  if (!isPicture(from.dims) || !isPicture(dims)) return takenAnyhow(making, from, lists, dims, name, fill);
  const x = inUsualOrder(making.pen, from);
  const places = { c: upTo(x.shape.c), h: upTo(x.shape.h), w: upTo(x.shape.w) };
  let changed = false;
  for (const [axis, list] of lists) {
    const own = usualAxis(x.dims, axis);
    if (!own) continue;
    making.spend([list.length, ENTRY]);
    places[own] = list.map(place => (place < 0 ? FILLED : place));
    changed ||= list.length !== x.dims[axis] || list.some((place, n) => place !== n);
  }
  if (!changed) return x;
  const entries = alongAll(places);
  const [first] = places.c;
  const plain = (['h', 'w'] as const).every(axis => runsFrom(0, places[axis]) && places[axis].length === x.shape[axis]);
  if (plain && first >= 0 && runsFrom(first, places.c))
    return made(sliced(making, name, x.value, [first, first + places.c.length], entries), dims);
  return made(emitMove(making.pen, name, [x.value], { ...entries, fill, ...words }), dims);
}

/** The same of more axes than a picture has: every place of the result says where it lies in x. */
function takenAnyhow(
  { pen, spend }: Making,
  x: Mapped,
  lists: ReadonlyMap<number, readonly number[]>,
  dims: readonly number[],
  name: string,
  fill: number,
): Mapped {
  const { shape, axes } = lying(dims);
  spend([shape.c + shape.h + shape.w, ENTRY]);
  const walk = walkOf(x, shape, axes, lists) ?? refuse('it would move numbers in a way that no table says');
  const value = emitMove(pen, name, [x.value], { channels: walk.c, rows: walk.h, columns: walk.w, fill });
  return { ...x, dims, axes, shape, value };
}

/** Channels [from, to): what begins within a quad is moved, by tables that say just that. */
function sliced({ pen }: Making, name: string, x: string, [from, to]: Pair, entries: Parameters<typeof emitMove>[3]): string {
  return from % 4 === 0
    ? pen.emit('slice', name, { x }, { from, to })
    : emitMove(pen, name, [x], { ...entries, taken: [from, to] });
}

/** The same of one axis that is a single digit of the map's: the others stay where they are. Null where it is not, or where something is filled. */
function takenAsItLies(making: Making, x: Mapped, axis: number, list: readonly number[], name: string): Mapped | null {
  const [digit, ...more] = x.axes[axis];
  if (!digit || more.length || list.length === 0 || list.some(place => place < 0)) return null;
  const { axis: own, size, step } = digit;
  const dims = x.dims.map((length, n) => (n === axis ? list.length : length));
  const scale = (factor: Factor): Factor =>
    factor.axis === own && factor.step > step ? { ...factor, step: (factor.step / size) * list.length } : factor;
  const axes = x.axes.map((factors, n) =>
    n === axis ? (list.length > 1 ? [{ ...digit, size: list.length }] : []) : factors.map(scale),
  );
  const shape = { ...x.shape, [own]: (x.shape[own] / size) * list.length };
  making.spend([shape[own], ENTRY]);
  const places = upTo(shape[own]).map(place => {
    const digits = Math.floor(place / step);
    return (Math.floor(digits / list.length) * size + list[digits % list.length]) * step + (place % step);
  });
  const entries = alongAll({ c: upTo(shape.c), h: upTo(shape.h), w: upTo(shape.w), [own]: places });
  const value =
    own === 'c' && runsFrom(places[0], places)
      ? sliced(making, name, x.value, [places[0], places[0] + shape.c], entries)
      : emitMove(making.pen, name, [x.value], entries);
  return { ...x, dims, axes, shape, value };
}

const runsFrom = (first: number, places: readonly number[]): boolean => places.every((place, n) => place === first + n);

/** Places of an axis: textures and pictures have fewer. */
const LONGEST = 2 ** 14;

function concat(making: Making): Value {
  const { node, pen } = making;
  const parts = making.inputs.flatMap((value, n) => {
    if (!value) return refuse('a part is left out');
    return count(value.dims) > 0 ? inAnyOrder(pen, anyMap(making, n)) : [];
  });
  const [{ dims: first }] = parts;
  const axis = axisOf(intOf(node, 'axis', 0), first.length);
  for (const { dims } of parts) {
    if (dims.length !== first.length || dims.some((size, n) => n !== axis && size !== first[n]))
      refuse(`a concat of ${printDims(first)} and ${printDims(dims)}`);
  }
  if (parts.length === 1) return parts[0];
  const name = nameOf(making);
  const dims = first.map((size, n) => (n === axis ? parts.reduce((sum, part) => sum + part.dims[axis], 0) : size));
  if (isPicture(dims) && usualAxis(first, axis) === 'c' && parts.slice(0, -1).every(part => part.shape.c % 4 === 0)) {
    const inputs = Object.fromEntries(parts.map(({ value }, n) => [String(n), value]));
    return made(pen.emit('concat', name, inputs, {}), dims);
  }
  // Four maps a step, and what they make joined to the next three.
  let joined = parts[0];
  for (let at = 1; at < parts.length; at += 3) {
    const last = at + 3 >= parts.length;
    joined = join(making, [joined, ...parts.slice(at, at + 3)], axis, last ? name : `${name}.${at}`);
  }
  return joined;
}

/** Up to four maps behind one another along an axis, all in any order. */
function join({ pen, spend }: Making, parts: readonly Mapped[], axis: number, name: string): Mapped {
  const length = parts.reduce((sum, part) => sum + part.dims[axis], 0);
  const dims = parts[0].dims.map((size, n) => (n === axis ? length : size));
  const { shape, axes } = lying(dims);
  const [digit] = axes[axis];
  const own = digit?.axis ?? 'c';
  const step = (value: Mapped, n: number): number => value.axes[n][0]?.step ?? 0;
  const others = axes.flatMap((list, n) => (n !== axis && list[0]?.axis === own ? [{ ...list[0], n }] : []));
  spend([shape[own], ENTRY]);
  const part = parts.flatMap((value, n) => upTo(value.dims[axis]).map((place): Pair => [n, place]));
  const sources = upTo(shape[own]).map((place): Pair => {
    const [from, index] = part[Math.floor(place / digit.step) % digit.size];
    const rest = others.reduce((sum, { n, step: each, size }) => sum + (Math.floor(place / each) % size) * step(parts[from], n), 0);
    return [rest + index * step(parts[from], axis), from];
  });
  const [places, froms] = [0, 1].map(at => sources.map(source => source[at]));
  const entries = alongAll({ c: upTo(shape.c), h: upTo(shape.h), w: upTo(shape.w) });
  const role = ({ c: 'channels', h: 'rows', w: 'columns' } as const)[own];
  const inputs = parts.map(({ value }) => value);
  const joined = own === 'c' && ({ joined: true } as const);
  const value = emitMove(pen, name, inputs, { ...entries, [role]: along(own, places, froms), ...joined });
  return { ...parts[0], dims, axes, shape, value };
}

function split(making: Making): Mapped[] {
  const { node } = making;
  const x = anyMap(making);
  const axis = axisOf(intOf(node, 'axis', 0), x.dims.length);
  let from = 0;
  return partSizes(making, x.dims[axis], knownIn(making, 1)).map((size, n) => {
    const begin = from;
    from += size;
    return taken(making, x, new Map([[axis, upTo(size).map(place => place + begin)]]), node.outputs[n]);
  });
}

function expand(making: Making): Mapped {
  const x = anyMap(making);
  return expanded(making, x, broadcast(x.dims, sizes(whole(mustKnow(making, 1), 'sizes'))), nameOf(making));
}

/** Repeated along the axes of one place that are longer in `dims`. */
export function expanded(making: Making, x: Mapped, dims: readonly number[], name = `${x.value}.expanded`): Mapped {
  const padded = [...Array(dims.length - x.dims.length).fill(1), ...x.dims];
  const own = { ...x, dims: padded, axes: regrouped(x, padded) };
  const lists = dims.flatMap((size, axis) => (size === own.dims[axis] ? [] : [[axis, repeated(1, size)] as const]));
  const y = taken(making, own, new Map(lists), name, 0, { expanded: true });
  return lists.length > 0 || sameAxes(y.axes, lying(dims).axes) ? y : inAnyOrder(making.pen, y);
}

/** Places before, within and behind an axis, by the mode. */
function padded(size: number, before: number, behind: number, mode: string): number[] {
  const length = size + before + behind;
  if (!(length > 0 && length <= LONGEST)) refuse(`pads of ${before} and ${behind} on an axis of ${size}`);
  const mirrored = (at: number): number => {
    const turn = 2 * (size - 1);
    return turn === 0 ? 0 : size - 1 - Math.abs((((at % turn) + turn) % turn) - (size - 1));
  };
  return Array.from({ length }, (_, n) => {
    const at = n - before;
    if (at >= 0 && at < size) return at;
    if (mode === 'constant') return -1;
    if (mode === 'edge') return at < 0 ? 0 : size - 1;
    if (mode === 'wrap') return ((at % size) + size) % size;
    return mode === 'reflect' ? mirrored(at) : refuse(`the mode ${mode}`);
  });
}

function pad(making: Making): Mapped {
  const { node } = making;
  const x = anyMap(making);
  const rank = x.dims.length;
  const list = padsOf(making);
  const axesInput: Known | null = knownIn(making, 3);
  const axes = axesInput ? whole(axesInput, 'axes').map(axis => axisOf(axis, rank)) : upTo(rank);
  if (list.length !== 2 * axes.length) refuse(`${list.length} pads for ${axes.length} axes`);
  const mode = textOf(node, 'mode', 'constant');
  const lists = axes.map((axis, n) => [axis, padded(x.dims[axis], list[n], list[n + axes.length], mode)] as const);
  const fill = numberOf(making, knownIn(making, 2), 'value', 0);
  const amount = (axis: number, end: 0 | 1): number => (axes.includes(axis) ? list[axes.indexOf(axis) + end * axes.length] : 0);
  const [row, column] = rank === 4 ? [2, 3] : [rank, 2];
  const around: Pads = [amount(row, 0), amount(column, 0), amount(row, 1), amount(column, 1)];
  const others = amount(0, 0) + amount(0, 1) + amount(1, 0) + amount(1, 1);
  const zeros = mode === 'constant' && fill === 0 && rank > 2 && list.every(n => n >= 0) && others === 0;
  return taken(making, x, new Map(lists), nameOf(making), fill, zeros ? { around } : {});
}

function padsOf(making: Making): number[] {
  const given = knownIn(making, 1);
  if (given) return whole(given, 'pads');
  const attribute = making.node.attributes.get('pads');
  return attribute?.kind === 'ints' ? [...attribute.value] : refuse('no pads');
}

/** A Reshape to six axes, a Transpose and a Reshape, which is how both are defined. */
function shuffled(making: Making, split: readonly number[], order: readonly number[], dims: readonly number[]): Mapped {
  const x = anyMap(making);
  const axes = regrouped(x, split);
  const moved = { dims: order.map(axis => split[axis]), axes: order.map(axis => axes[axis]) };
  return { ...x, dims, axes: regrouped(moved, dims) };
}

function blockOf(making: Making): [b: number, c: number, h: number, w: number] {
  const { dims } = anyMap(making);
  const b = intOf(making.node, 'blocksize', 0);
  if (dims.length !== 4 || !(b > 0)) refuse(`blocks of ${b} in a map of shape ${printDims(dims)}`);
  return [b, dims[1], dims[2], dims[3]];
}

function depthToSpace(making: Making): Mapped {
  const [b, c, h, w] = blockOf(making);
  const k = c / b ** 2;
  const to = [1, k, h * b, w * b];
  if (textOf(making.node, 'mode', 'DCR') === 'DCR') return shuffled(making, [1, b, b, k, h, w], [0, 3, 4, 1, 5, 2], to);
  return shuffled(making, [1, k, b, b, h, w], [0, 1, 4, 2, 5, 3], to);
}

function spaceToDepth(making: Making): Mapped {
  const [b, c, h, w] = blockOf(making);
  return shuffled(making, [1, c, h / b, b, w / b, b], [0, 3, 5, 1, 2, 4], [1, c * b ** 2, h / b, w / b]);
}
