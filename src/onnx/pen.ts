// What operators' functions write with: each call adds a node of our graph and returns the value that it makes. Tensors that an import works out
// itself (tables, folded weights) get names of their own beside those of the file.
import type { Constant } from '../graph/constant.ts';
import { type Attributes, INPUT, type Moving, type Node, type Op, type Shape } from '../graph/graph.ts';
import { count, fromFloat32, type Tensor } from '../weights/tensor.ts';
import { type Known, known, strides } from './array.ts';
import { reader } from './fold.ts';
import { type Axes, type Factor, isPicture, lying, type Mapped, usual, type Walk, walkOf } from './layout.ts';
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
export function pen(taken: readonly string[], tensors = new Map<string, Tensor>()): Pen {
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
      return store(name, fromFloat32(shape, Float32Array.from(values())));
    },
    table: (name, shape, values) => store(name, fromFloat32(shape, Float32Array.from(values))),
  };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || (a.length === b.length && a.every((byte, n) => byte === b[n]));
}

/** Source of a move: a place of an axis → what it adds to channel, row, column, and number of the input. */
export type Entries = readonly (readonly [number, number, number, number])[];

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
  const table = (role: string, entries: Entries): Constant => pen.table(`${name}.${role}`, [entries.length, 4], entries.flat());
  const attributes = { c: channels.length, h: rows.length, w: columns.length, fill, ...words };
  const inputs = Object.fromEntries(parts.entries());
  const constants = { channels: table('channels', channels), rows: table('rows', rows), columns: table('columns', columns) };
  return pen.emit('move', name, inputs, attributes, constants);
}

/** The axis itself, and nothing but it. */
export function along(axis: 'c' | 'h' | 'w', places: readonly number[], part = 0): Entries {
  if (axis === 'c') return places.map(place => [place, 0, 0, part]);
  return places.map(place => (axis === 'h' ? [0, place, 0, part] : [0, 0, place, part]));
}

export const upTo = (size: number): number[] => Array.from({ length: size }, (_, n) => n);

/** A value laid out as `shape` and `axes` say: itself where it lies so, else moved there. */
export function laidOut(pen: Pen, x: Mapped, shape: Shape, axes: Axes, name: string): Mapped {
  if (x.classes) refuse('it reads classes, which nothing but a Cast can');
  if (x.quantised) refuse('it reads quantised numbers, which nothing but DequantizeLinear can');
  if (x.indices) refuse('it reads the indices of maxima, which nothing but MaxUnpool can');
  const walk = walkOf(x, shape, axes) ?? refuse('it would move numbers in a way that no table says');
  const own = (['c', 'h', 'w'] as const).every(
    (axis, at) =>
      shape[axis] === x.shape[axis] && walk[axis].every((add, n) => add.every((value, k) => value === (k === at ? n : 0))),
  );
  if (own) return { ...x, axes };
  const entries = (axis: 'c' | 'h' | 'w'): Entries => walk[axis].map(([c, h, w]) => [c, h, w, 0]);
  const shuffled = shuffleOf(x.shape, shape, walk);
  const value = emitMove(pen, name, [x.value], {
    ...{ channels: entries('c'), rows: entries('h'), columns: entries('w') },
    ...(shuffled && { shuffled }),
  });
  return { ...x, value, shape, axes };
}

/** A pixel shuffle in one of its two orders, if the walk is that. */
function shuffleOf(from: Shape, to: Shape, walk: Walk): Moving['shuffled'] | null {
  const [down, right] = [to.h / from.h, to.w / from.w];
  if (!Number.isInteger(down) || !Number.isInteger(right) || down * right === 1 || to.c * down * right !== from.c) return null;
  const is = (between: number, channel: number): boolean =>
    walk.c.every((add, n) => `${add}` === `${[channel * n, 0, 0]}`) &&
    walk.h.every((add, n) => `${add}` === `${[(n % down) * right * between, Math.floor(n / down), 0]}`) &&
    walk.w.every((add, n) => `${add}` === `${[(n % right) * between, 0, Math.floor(n / right)]}`);
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
export function valuesLaid(value: Known, dims: readonly number[], shape: Shape, axes: Axes): number[] | null {
  // As if it lay as one row.
  const walk = walkOf({ dims, axes: rowMajor(dims) }, shape, axes);
  if (!walk) return null;
  const at = reader(value, dims);
  const values: number[] = [];
  for (const c of walk.c) for (const h of walk.h) for (const w of walk.w) values.push(at(c[2] + h[2] + w[2]));
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
