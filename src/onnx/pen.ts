// What operators' functions write with: each call adds a node of our graph and returns the value that it makes. Tensors that an import works out
// itself (tables, folded weights) get names of their own beside those of the file.
import type { Constant } from '../graph/constant.ts';
import { type Attributes, INPUT, type Moving, type Node, type Op, type Shape } from '../graph/graph.ts';
import { count, fromFloat32, type Tensor } from '../weights/tensor.ts';
import { type Known, known, strides } from './array.ts';
import { reader } from './fold.ts';
import {
  type Axes,
  ENTRY,
  type Entries,
  type Factor,
  isPicture,
  lying,
  type Mapped,
  ROLES,
  usual,
  type Walk,
  walkOf,
} from './layout.ts';
import { refuse } from './refusal.ts';

/** A product of two maps as ONNX has it: the operands before they were laid out for it, and the axes of what it made. */
export interface Product {
  readonly a: Mapped;
  readonly b: Mapped;
  readonly axes: Axes;
}

export interface Pen {
  readonly nodes: Node[];
  /** By the value that they made. */
  readonly products: Map<string, Product>;
  readonly tensors: Map<string, Tensor>;
  /** Counts numbers that are about to be worked out; refuses too many. */
  spend(dims: readonly number[]): void;
  /** A name that no value of the graph has: the one wished for, or with marks behind it. */
  fresh(name: string): string;
  emit<K extends Op>(
    op: K,
    name: string,
    inputs: Readonly<Record<string, string>>,
    attributes: Attributes[K],
    constants?: Readonly<Record<string, Constant>>,
  ): string;
  /** The value of a map of one number that is zero. */
  zero(): string;
  /** A known value as weights of the shape given. */
  weights(name: string, value: Known, shape: readonly number[]): Constant;
  /** Numbers that the import worked out. */
  table(name: string, shape: readonly number[], values: ArrayLike<number>): Constant;
}

/** `taken` are names that must not be used; `tensors` are those of imports of the same file at other sizes, which are added to. */
export function pen(taken: readonly string[], tensors = new Map<string, Tensor>(), spend: Pen['spend'] = () => {}): Pen {
  const nodes: Node[] = [];
  const names = new Set(taken);
  const fresh = (name: string): string => {
    let free = name;
    while (names.has(free)) free += '′';
    names.add(free);
    return free;
  };
  const store = (name: string, tensor: Tensor): Constant => {
    // The same tensor is read by many nodes, and keeps its name.
    let free = name;
    while (tensors.has(free) && !sameBytes(tensors.get(free)!.bytes, tensor.bytes)) free += '′';
    if (!tensors.has(free)) tensors.set(free, tensor);
    return { kind: 'tensor', name: free, shape: tensor.shape };
  };
  let zero: string | null = null;
  return {
    nodes,
    products: new Map(),
    tensors,
    spend,
    fresh,
    emit(op, name, inputs, attributes, constants = {}) {
      const value = fresh(name);
      nodes.push({ op, name: value, inputs, attributes, constants } as unknown as Node);
      return value;
    },
    zero() {
      const one = { channels: along('c', [0]), rows: along('h', [0]), columns: along('w', [0]) };
      zero ??= this.emit('activate', 'zero', { x: emitMove(this, 'zero.number', [INPUT], one) }, { curve: 'clip', a: 0, b: 0 });
      return zero;
    },
    weights(name, { stored, values }, shape) {
      if (stored && /^(F|BF|[IU]8)/.test(stored.tensor.dtype)) return store(stored.name, { ...stored.tensor, shape });
      return store(name, fromFloat32(shape, new Float32Array(values())));
    },
    table: (name, shape, values) => store(name, fromFloat32(shape, new Float32Array(values))),
  };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let n = 0; n < a.length; n++) if (a[n] !== b[n]) return false;
  return true;
}

export interface Moved extends Moving {
  readonly channels: Entries;
  readonly rows: Entries;
  readonly columns: Entries;
  readonly fill?: number;
}

/** Numbers to other places, from up to four values. */
export function emitMove(
  pen: Pen,
  name: string,
  parts: readonly string[],
  { channels, rows, columns, fill = 0, ...words }: Moved,
): string {
  const table = (role: string, entries: Entries): Constant => pen.table(`${name}.${role}`, [placesOf(entries), ENTRY], entries);
  const attributes = { c: placesOf(channels), h: placesOf(rows), w: placesOf(columns), fill, ...words };
  const inputs = Object.fromEntries(parts.entries());
  const constants = { channels: table('channels', channels), rows: table('rows', rows), columns: table('columns', columns) };
  return pen.emit('move', name, inputs, attributes, constants);
}

/** Places of the source by axis of the target. */
export type Places = Readonly<Record<'c' | 'h' | 'w', readonly number[]>>;

/** The axis itself, and nothing but it; `parts` say of which input. */
export function along(axis: 'c' | 'h' | 'w', places: readonly number[], parts?: readonly number[]): Entries {
  const entries = new Int32Array(places.length * ENTRY);
  const role = ROLES.indexOf(axis);
  for (let n = 0; n < places.length; n++) {
    entries[n * ENTRY + role] = places[n];
    entries[n * ENTRY + 3] = parts?.[n] ?? 0;
  }
  return entries;
}

/** All three axes, each by its own places. */
export const alongAll = ({ c, h, w }: Places) => ({
  channels: along('c', c),
  rows: along('h', h),
  columns: along('w', w),
});

export const placesOf = (entries: Entries): number => entries.length / ENTRY;

export function upTo(size: number): number[] {
  const places: number[] = [];
  for (let n = 0; n < size; n++) places.push(n);
  return places;
}

/** A value laid out as `shape` and `axes` say: itself where it lies so, else moved there. */
export function laidOut(pen: Pen, x: Mapped, shape: Shape, axes: Axes, name: string): Mapped {
  if (x.classes) refuse('it reads classes, which nothing but a Cast can');
  if (x.quantised) refuse('it reads quantised numbers, which nothing but DequantizeLinear can');
  if (x.indices) refuse('it reads the indices of maxima, which nothing but MaxUnpool can');
  // A number a place: four, as the table has, would be too dear for networks of few weights on large pictures.
  pen.spend([shape.c + shape.h + shape.w]);
  const walk = walkOf(x, shape, axes) ?? refuse('it would move numbers in a way that no table says');
  const same = shape.c === x.shape.c && shape.h === x.shape.h && shape.w === x.shape.w;
  if (same && adds(walk.c, n => [n, 0, 0]) && adds(walk.h, n => [0, n, 0]) && adds(walk.w, n => [0, 0, n])) return { ...x, axes };
  const shuffled = shuffleOf(x.shape, shape, walk);
  const value = emitMove(pen, name, [x.value], {
    ...{ channels: walk.c, rows: walk.h, columns: walk.w },
    ...(shuffled && { shuffled }),
  });
  return { ...x, value, shape, axes };
}

/** Does every place add this to channel, row and column? */
function adds(entries: Entries, what: (place: number) => readonly number[]): boolean {
  for (let n = 0; n < placesOf(entries); n++) if (what(n).some((add, role) => entries[n * ENTRY + role] !== add)) return false;
  return true;
}

/** A pixel shuffle in one of its two orders, if the walk is that. */
function shuffleOf(from: Shape, to: Shape, walk: Walk): Moving['shuffled'] | null {
  const [down, right] = [to.h / from.h, to.w / from.w];
  if (!Number.isInteger(down) || !Number.isInteger(right) || down * right === 1 || to.c * down * right !== from.c) return null;
  const is = (between: number, channel: number): boolean =>
    adds(walk.c, n => [channel * n, 0, 0]) &&
    adds(walk.h, n => [(n % down) * right * between, Math.floor(n / down), 0]) &&
    adds(walk.w, n => [(n % right) * between, 0, Math.floor(n / right)]);
  const by = is(to.c, 1) ? 'place' : is(1, down * right) ? 'channel' : null;
  return by && { by, strides: [down, right] };
}

/** A value in the usual order: channels, rows, columns. */
export function inUsualOrder(pen: Pen, x: Mapped): Mapped {
  const { shape, axes } = usual(x.dims);
  return laidOut(pen, x, shape, axes, `${x.value}.usual`);
}

/** The same of any dimensions. */
export function inAnyOrder(pen: Pen, x: Mapped): Mapped {
  const { shape, axes } = lying(x.dims);
  return laidOut(pen, x, shape, axes, `${x.value}.usual`);
}

/** A value whose channels are the axes given, and only those; of the others the last as columns. */
export function channelsAt({ pen }: { readonly pen: Pen }, x: Mapped, ...given: readonly number[]): Mapped {
  const rest = x.dims.flatMap((size, n) => (given.includes(n) || size === 1 ? [] : [n]));
  const c = count(given.map(n => x.dims[n]));
  const fits =
    given.every(n => x.axes[n].length <= 1 && x.axes[n].every(factor => factor.axis === 'c')) &&
    x.shape.c === c &&
    rest.every(n => x.axes[n].every(factor => factor.axis !== 'c'));
  if (fits) return x;
  const shape = { c: 1, h: 1, w: 1 };
  const digit = (axis: 'c' | 'h' | 'w', size: number): readonly Factor[] => {
    const step = shape[axis];
    shape[axis] *= size;
    return size > 1 ? [{ axis, size, step }] : [];
  };
  const columns = rest.length > 1 ? rest.at(-1) : null;
  const axes = [...x.dims.entries()].reverse().map(([n, size]) => digit(given.includes(n) ? 'c' : n === columns ? 'w' : 'h', size));
  return laidOut(pen, x, shape, axes.reverse(), `${x.value}.channels`);
}

/**
 * Numbers of a known value, broadcast to `dims`, in the order of a map of that shape whose ONNX axes are `axes`. Null where no table says it.
 */
export function valuesLaid(value: Known, dims: readonly number[], shape: Shape, axes: Axes): Float64Array | null {
  // As if it lay as one row.
  const walk = walkOf({ dims, axes: rowMajor(dims) }, shape, axes);
  if (!walk) return null;
  const at = reader(value, dims);
  const values = new Float64Array(count([shape.c, shape.h, shape.w]));
  const column = ROLES.indexOf('w');
  let n = 0;
  for (let c = column; c < walk.c.length; c += ENTRY)
    for (let h = column; h < walk.h.length; h += ENTRY)
      for (let w = column; w < walk.w.length; w += ENTRY) values[n++] = at(walk.c[c] + walk.h[h] + walk.w[w]);
  return values;
}

/** All axes along the last one of a single row: place n is element n. */
export function rowMajor(dims: readonly number[]): Axes {
  const steps = strides(dims);
  return dims.map((size, n): Factor[] => (size > 1 ? [{ axis: 'w', size, step: steps[n] }] : []));
}

/** A known value as a map, made anew in every frame: zero, and the value added to it. */
export function constantMap(pen: Pen, value: Known, name: string): Mapped {
  const { shape, axes } = lying(value.dims);
  const laid = isPicture(value.dims) ? value : known('float', [], valuesLaid(value, value.dims, shape, axes)!);
  const other = pen.weights(name, laid, [shape.c, shape.h, shape.w]);
  const made = pen.emit('combine', name, { x: pen.zero() }, { operation: 'add', swapped: false, fused: {} }, { other });
  return { kind: 'map', value: made, shape, axes, dims: value.dims, classes: false };
}
