// What operators mean for values that are known before anything runs: the arithmetic of shapes that exporters write into a file, and weights that
// are dressed in casts, transpositions and scales. As ONNX says; floats are float32, whole numbers are divided towards zero.
import { roundToEven } from '../graph/formulas.ts';
import { count } from '../weights/tensor.ts';
import { axisOf, broadcast, type Element, fromTensor, type Known, known, printDims, reshaped, strides, whole } from './array.ts';
import { type Call, floatOf, intOf, intsOf } from './call.ts';
import { refuse } from './refusal.ts';

export type Folding = (call: Call, inputs: readonly (Known | null)[]) => Known | readonly Known[];

const float32 = Math.fround;
const truth = (value: boolean): number => (value ? 1 : 0);

/** By operator: the outputs for known inputs (null where one is left out). */
export const foldings: ReadonlyMap<string, Folding> = new Map<string, Folding>([
  ['Constant', constant],
  ['Identity', (_, [x]) => must(x)],
  ['Dropout', (_, [x]) => must(x)],
  ['Shape', (call, [x]) => shapeOf(call, must(x).dims)],
  ['Size', (_, [x]) => known('int', [], [count(must(x).dims)])],
  ['ConstantOfShape', constantOfShape],
  ['Cast', cast],
  ['Reshape', (call, [x, to]) => reshaped(must(x), newShape(call, must(x).dims, must(to)))],
  ['Flatten', (call, [x]) => reshaped(must(x), flattened(call, must(x).dims))],
  ['Squeeze', (call, [x, axes]) => reshaped(must(x), squeezed(call, must(x).dims, axes))],
  ['Unsqueeze', (call, [x, axes]) => reshaped(must(x), unsqueezed(call, must(x).dims, axes))],
  ['Transpose', (call, [x]) => transposed(call, must(x), permutation(call, must(x).dims.length))],
  ['Gather', gather],
  ['Slice', (call, [x, ...rest]) => slice(call, must(x), rest)],
  ['Concat', concat],
  ['Split', (call, [x, sizes]) => split(call, must(x), sizes)],
  ['Expand', (call, [x, to]) => expand(call, must(x), whole(must(to), 'sizes'))],
  ['Tile', tile],
  ['Range', range],
  ['Where', where],
  ['QuantizeLinear', quantize],
  ['DequantizeLinear', dequantize],
  ['ReduceProd', (call, [x, axes]) => reduceProd(call, must(x), axes)],
  ...unary('float', {
    Neg: x => -x,
    Abs: Math.abs,
    Floor: Math.floor,
    Ceil: Math.ceil,
    Round: roundToEven,
    Sqrt: Math.sqrt,
    Exp: Math.exp,
    Log: Math.log,
    Reciprocal: x => 1 / x,
    Not: x => truth(x === 0),
    Relu: x => Math.max(x, 0),
  }),
  ...binary({
    Add: (a, b) => a + b,
    Sub: (a, b) => a - b,
    Mul: (a, b) => a * b,
    Div: (a, b, whole) => (whole ? divided(a, b) : a / b),
    Mod: (a, b) => (b === 0 ? Number.NaN : a - b * Math.floor(a / b)),
    Pow: (a, b) => a ** b,
    Max: (a, b) => Math.max(a, b),
    Min: (a, b) => Math.min(a, b),
  }),
  ...comparisons({
    Equal: (a, b) => a === b,
    Less: (a, b) => a < b,
    Greater: (a, b) => a > b,
    LessOrEqual: (a, b) => a <= b,
    GreaterOrEqual: (a, b) => a >= b,
    And: (a, b) => a !== 0 && b !== 0,
    Or: (a, b) => a !== 0 || b !== 0,
  }),
]);

export function must(value: Known | null | undefined): Known {
  return value ?? refuse('an input is left out');
}

function divided(a: number, b: number): number {
  return b === 0 ? refuse('a whole number is divided by zero') : Math.trunc(a / b);
}

export function made(call: Call, element: Element, dims: readonly number[], value: (n: number) => number): Known {
  call.spend(dims);
  const data = new Float64Array(count(dims));
  for (let n = 0; n < data.length; n++) data[n] = element === 'float' ? float32(value(n)) : value(n);
  return known(element, dims, data);
}

/** Number by number. */
export function each(f: (x: number) => number): Folding {
  return (call, [input]) => {
    const x = must(input);
    const values = x.values();
    return made(call, x.element, x.dims, n => f(values[n]));
  };
}

function unary(_: 'float', table: Record<string, (x: number) => number>): [string, Folding][] {
  return Object.entries(table).map(([op, f]) => [op, each(f)]);
}

function pairs(call: Call, a: Known, b: Known, element: Element, f: (a: number, b: number) => number): Known {
  const dims = broadcast(a.dims, b.dims);
  const [p, q] = [a, b].map(each => reader(each, dims));
  return made(call, element, dims, n => f(p(n), q(n)));
}

/** Element n of a value that was broadcast to `dims`. */
export function reader(value: Known, dims: readonly number[]): (n: number) => number {
  const values = value.values();
  if (values.length === 1) return () => values[0];
  const lead = dims.length - value.dims.length;
  if (lead === 0 && value.dims.every((size, axis) => size === dims[axis])) return n => values[n];
  const own = strides(value.dims);
  const all = strides(dims);
  return n => {
    let at = 0;
    for (let axis = lead; axis < dims.length; axis++) {
      if (value.dims[axis - lead] !== 1) at += (Math.floor(n / all[axis]) % dims[axis]) * own[axis - lead];
    }
    return values[at];
  };
}

function binary(table: Record<string, (a: number, b: number, whole: boolean) => number>): [string, Folding][] {
  return Object.entries(table).map(([op, f]) => [
    op,
    (call, inputs) => {
      const [first, ...rest] = inputs.map(must);
      return rest.reduce((a, b) => pairs(call, a, b, a.element, (p, q) => f(p, q, a.element === 'int')), must(first));
    },
  ]);
}

function comparisons(table: Record<string, (a: number, b: number) => boolean>): [string, Folding][] {
  return Object.entries(table).map(([op, f]) => [
    op,
    (call, [a, b]) => pairs(call, must(a), must(b), 'bool', (p, q) => truth(f(p, q))),
  ]);
}

function constant({ node }: Call): Known {
  for (const [key, each] of node.attributes) {
    if (key === 'value' && each.kind === 'tensor') return fromTensor(node.outputs[0], each.value);
    if (key === 'value_float' && each.kind === 'float') return known('float', [], [each.value]);
    if (key === 'value_int' && each.kind === 'int') return known('int', [], [each.value]);
    if (key === 'value_floats' && each.kind === 'floats') return known('float', [each.value.length], each.value);
    if (key === 'value_ints' && each.kind === 'ints') return known('int', [each.value.length], each.value);
  }
  return refuse('a constant that is neither a tensor nor numbers');
}

export function shapeOf({ node }: Call, dims: readonly number[]): Known {
  const clamp = (at: number): number => Math.min(Math.max(at < 0 ? at + dims.length : at, 0), dims.length);
  const part = dims.slice(clamp(intOf(node, 'start', 0)), clamp(intOf(node, 'end', dims.length)));
  return known('int', [part.length], part);
}

function constantOfShape(call: Call, [shape]: readonly (Known | null)[]): Known {
  const dims = sizes(whole(must(shape), 'sizes'));
  const attribute = call.node.attributes.get('value');
  const value = attribute?.kind === 'tensor' ? fromTensor('', attribute.value) : known('float', [1], [0]);
  return made(call, value.element, dims, () => value.values()[0]);
}

/** Sizes that a file computed. */
export function sizes(dims: readonly number[]): readonly number[] {
  if (dims.length > 32 || dims.some(size => !Number.isSafeInteger(size) || size < 0) || count(dims) > 2 ** 40)
    refuse(`a shape ${printDims(dims)}`);
  return dims;
}

const casts = new Map<number, Element>([
  [1, 'float'],
  [10, 'float'],
  [11, 'float'],
  [16, 'float'],
  [2, 'int'],
  [3, 'int'],
  [5, 'int'],
  [6, 'int'],
  [7, 'int'],
  [9, 'bool'],
]);

export function castTo({ node }: Call): Element {
  const to = intOf(node, 'to', 1);
  return casts.get(to) ?? refuse(`a cast to ONNX's type ${to}`);
}

function cast(call: Call, [input]: readonly (Known | null)[]): Known {
  const x = must(input);
  const to = castTo(call);
  if (to === x.element) return x;
  const values = x.values();
  if (to === 'bool') return made(call, to, x.dims, n => truth(values[n] !== 0));
  return made(call, to, x.dims, n => (to === 'int' ? Math.trunc(values[n]) : values[n]));
}

/** What Reshape makes of `dims`. */
export function newShape({ node }: Call, dims: readonly number[], to: Known): number[] {
  const wanted = whole(to, 'sizes');
  const kept = wanted.map((size, axis) =>
    size === 0 && !intOf(node, 'allowzero', 0) ? (dims[axis] ?? refuse('a size of an axis that is not there')) : size,
  );
  const rest = kept.filter(size => size !== -1);
  if (kept.length - rest.length > 1) refuse('two sizes are left open');
  const known = count(rest);
  const shape = kept.map(size => (size === -1 ? count(dims) / known : size));
  sizes(shape);
  if (count(shape) !== count(dims)) refuse(`a reshape from ${printDims(dims)} to ${printDims(wanted)}`);
  return shape;
}

export function flattened({ node }: Call, dims: readonly number[]): number[] {
  const axis = intOf(node, 'axis', 1);
  const at = axis === dims.length ? axis : axisOf(axis, dims.length);
  return [count(dims.slice(0, at)), count(dims.slice(at))];
}

/** Axes as an attribute, as before opset 13 or 18, or as an input. */
export function axesOf({ node }: Call, input: Known | null | undefined, rank: number): number[] | null {
  const axes = input ? whole(input, 'axes') : intsOf(node, 'axes', null);
  return axes?.map(axis => axisOf(axis, rank)) ?? null;
}

export function squeezed(call: Call, dims: readonly number[], input: Known | null | undefined): number[] {
  const axes = axesOf(call, input, dims.length);
  if (axes?.some(axis => dims[axis] !== 1)) refuse(`an axis of ${printDims(dims)} that is not 1 is squeezed`);
  return dims.filter((size, axis) => (axes ? !axes.includes(axis) : size !== 1));
}

export function unsqueezed(call: Call, dims: readonly number[], input: Known | null | undefined): number[] {
  const given = input ? whole(input, 'axes') : intsOf(call.node, 'axes', null);
  const rank = dims.length + (given?.length ?? 0);
  const axes = (given ?? []).map(axis => axisOf(axis, rank));
  if (new Set(axes).size < axes.length || rank > 32) refuse('an axis is given twice');
  const rest = [...dims];
  return Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : rest.shift()!));
}

export function permutation({ node }: Call, rank: number): number[] {
  const order = intsOf(node, 'perm', null) ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  if (order.length !== rank || new Set(order).size !== rank || order.some(axis => !(axis >= 0 && axis < rank)))
    refuse(`perm is ${order.join(', ')} for ${rank} axes`);
  return [...order];
}

export function transposed(call: Call, x: Known, order: readonly number[]): Known {
  const steps = strides(x.dims);
  const dims = order.map(axis => x.dims[axis]);
  return picked(call, x, dims, axis => step => step * steps[order[axis]]);
}

/** A value of which each axis is walked by a table of its own: `walk(axis)` gives what an index adds to the place in x. */
function picked(call: Call, x: Known, dims: readonly number[], walk: (axis: number) => (index: number) => number): Known {
  call.spend(dims);
  const values = x.values();
  let places = Float64Array.of(0);
  dims.forEach((size, axis) => {
    const add = walk(axis);
    const next = new Float64Array(places.length * size);
    for (let n = 0; n < places.length; n++) for (let i = 0; i < size; i++) next[n * size + i] = places[n] + add(i);
    places = next;
  });
  return known(
    x.element,
    dims,
    places.map(at => values[at]),
  );
}

export function indices(index: ArrayLike<number>, size: number): number[] {
  return Array.from(index, at => {
    const from = at < 0 ? at + size : at;
    return from >= 0 && from < size ? from : refuse(`index ${at} of ${size}`);
  });
}

function gather(call: Call, [input, index]: readonly (Known | null)[]): Known {
  const x = must(input);
  const axis = axisOf(intOf(call.node, 'axis', 0), x.dims.length);
  const at = must(index).dims;
  const taken = indices(must(index).values(), x.dims[axis]);
  const dims = [...x.dims.slice(0, axis), taken.length, ...x.dims.slice(axis + 1)];
  const steps = strides(x.dims);
  const y = picked(call, x, dims, own => (own === axis ? i => taken[i] * steps[own] : i => i * steps[own]));
  return reshaped(y, [...x.dims.slice(0, axis), ...at, ...x.dims.slice(axis + 1)]);
}

/** The indices that Slice takes, by axis; axes that it leaves whole are not among them. */
export function slices(
  { node }: Call,
  dims: readonly number[],
  [starts, ends, axes, steps]: readonly (Known | null)[],
): Map<number, number[]> {
  const from = starts ? whole(starts, 'starts') : (intsOf(node, 'starts', null) ?? refuse('no starts'));
  const to = ends ? whole(ends, 'ends') : (intsOf(node, 'ends', null) ?? refuse('no ends'));
  const along = axesOf({ node } as Call, axes, dims.length) ?? from.map((_, axis) => axis);
  const by = steps ? whole(steps, 'steps') : from.map(() => 1);
  const taken = new Map<number, number[]>();
  along.forEach((axis, n) => {
    const [size, step] = [dims[axis], by[n]];
    if (!step) refuse('a step of 0');
    const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
    const place = (at: number): number => Math.min(Math.max(at < 0 ? at + size : at, low), high);
    const [begin, end] = [place(from[n]), place(to[n])];
    const length = Math.max(Math.ceil((end - begin) / step), 0);
    if (length > 2 ** 20) refuse(`a slice of ${length}`);
    taken.set(
      axis,
      Array.from({ length }, (_, i) => begin + i * step),
    );
  });
  return taken;
}

function slice(call: Call, x: Known, rest: readonly (Known | null)[]): Known {
  const taken = slices(
    call,
    x.dims,
    [0, 1, 2, 3].map(n => rest[n] ?? null),
  );
  const dims = x.dims.map((size, axis) => taken.get(axis)?.length ?? size);
  const steps = strides(x.dims);
  return picked(call, x, dims, axis => {
    const list = taken.get(axis);
    return list ? i => list[i] * steps[axis] : i => i * steps[axis];
  });
}

function concat(call: Call, inputs: readonly (Known | null)[]): Known {
  const parts = inputs.map(must);
  const axis = axisOf(intOf(call.node, 'axis', 0), parts[0].dims.length);
  for (const { dims } of parts) {
    if (dims.length !== parts[0].dims.length || dims.some((size, n) => n !== axis && size !== parts[0].dims[n]))
      refuse(`a concat of ${printDims(parts[0].dims)} and ${printDims(dims)}`);
  }
  const dims = parts[0].dims.map((size, n) => (n === axis ? parts.reduce((sum, part) => sum + part.dims[axis], 0) : size));
  call.spend(dims);
  const data = new Float64Array(count(dims));
  const row = count(dims.slice(axis));
  let offset = 0;
  for (const part of parts) {
    const values = part.values();
    const own = count(part.dims.slice(axis));
    for (let n = 0; n < values.length; n++) data[Math.floor(n / own) * row + offset + (n % own)] = values[n];
    offset += own;
  }
  return known(parts[0].element, dims, data);
}

/** Sizes of the parts along an axis. */
export function partSizes({ node, opset }: Call, size: number, input: Known | null | undefined): number[] {
  const given = input ? whole(input, 'sizes') : intsOf(node, 'split', null);
  if (given) {
    if (given.some(part => part < 0) || given.reduce((sum, part) => sum + part, 0) !== size || given.length !== node.outputs.length)
      refuse(`parts of ${given.join(', ')} of ${size}`);
    return given;
  }
  const parts = opset >= 18 ? intOf(node, 'num_outputs', node.outputs.length) : node.outputs.length;
  if (!(parts > 0) || parts !== node.outputs.length) refuse(`${parts} parts in ${node.outputs.length} outputs`);
  const each = Math.ceil(size / parts);
  return Array.from({ length: parts }, (_, n) => Math.max(Math.min(each, size - n * each), 0));
}

function split(call: Call, x: Known, input: Known | null | undefined): Known[] {
  const axis = axisOf(intOf(call.node, 'axis', 0), x.dims.length);
  const steps = strides(x.dims);
  let from = 0;
  return partSizes(call, x.dims[axis], input).map(size => {
    const [begin, dims] = [from, x.dims.map((all, n) => (n === axis ? size : all))];
    from += size;
    return picked(call, x, dims, own => i => (own === axis ? i + begin : i) * steps[own]);
  });
}

function expand(call: Call, x: Known, to: readonly number[]): Known {
  const dims = broadcast(x.dims, sizes(to));
  const at = reader(x, dims);
  return made(call, x.element, dims, at);
}

function tile(call: Call, [input, repeats]: readonly (Known | null)[]): Known {
  const x = must(input);
  const times = whole(must(repeats), 'repeats');
  const dims = sizes(x.dims.map((size, axis) => size * times[axis]));
  const steps = strides(x.dims);
  return picked(call, x, dims, axis => i => (i % x.dims[axis]) * steps[axis]);
}

function range(call: Call, inputs: readonly (Known | null)[]): Known {
  const [start, limit, delta] = inputs.map(each => must(each).values()[0]);
  const length = Math.max(Math.ceil((limit - start) / delta), 0);
  return made(call, must(inputs[0]).element, sizes([length]), n => start + n * delta);
}

function where(call: Call, [condition, a, b]: readonly (Known | null)[]): Known {
  const dims = broadcast(broadcast(must(condition).dims, must(a).dims), must(b).dims);
  const [c, p, q] = [condition, a, b].map(each => reader(must(each), dims));
  return made(call, must(a).element, dims, n => (c(n) ? p(n) : q(n)));
}

/** (q − zero) · scale, both one number or one along `axis`. */
/** The whole numbers of a type, which is the zero's. */
export function rangeOf(zero: Known | null | undefined): readonly [low: number, high: number] {
  const type = zero?.stored?.tensor.dtype ?? 'U8';
  const ranges: Record<string, readonly [number, number]> = { U8: [0, 255], I8: [-128, 127] };
  return ranges[type] ?? refuse(`whole numbers of type ${type}`);
}

/** Scale and zero of each element, of one for all or one for every place of an axis. */
function stepsOf({ node }: Call, { dims }: Known, scale: Known, zero: Known | null | undefined) {
  if (intOf(node, 'block_size', 0) !== 0) refuse('a scale for a part of an axis');
  const axis = axisOf(intOf(node, 'axis', 1), Math.max(dims.length, 1));
  const along = (each: Known): ((n: number) => number) => {
    const number = each.values().length;
    if (number === 1) return reader(each, dims);
    if (number !== dims[axis]) refuse(`${number} scales or zeros for ${dims[axis]} places`);
    const own = dims.map((size, n) => (n === axis ? size : 1));
    return reader(reshaped(each, own), dims);
  };
  return { scale: along(scale), zero: zero ? along(zero) : () => 0 };
}

function quantize(call: Call, [input, scales, zeros]: readonly (Known | null)[]): Known {
  const x = must(input);
  const { scale, zero } = stepsOf(call, x, must(scales), zeros);
  const [low, high] = rangeOf(zeros);
  const values = x.values();
  return made(call, 'int', x.dims, n => Math.min(Math.max(roundToEven(float32(values[n] / scale(n))) + zero(n), low), high));
}

function dequantize(call: Call, [input, scales, zeros]: readonly (Known | null)[]): Known {
  const x = must(input);
  const { scale, zero } = stepsOf(call, x, must(scales), zeros);
  const values = x.values();
  return made(call, 'float', x.dims, n => (values[n] - zero(n)) * scale(n));
}

function reduceProd(call: Call, x: Known, input: Known | null | undefined): Known {
  const axes = axesOf(call, input, x.dims.length) ?? x.dims.map((_, axis) => axis);
  if (axes.length !== x.dims.length) refuse('a product along some axes of a known value');
  const keep = intOf(call.node, 'keepdims', 1);
  return known(x.element, keep ? x.dims.map(() => 1) : [], [Array.from(x.values()).reduce((product, value) => product * value, 1)]);
}

/** What a float attribute or an input of one number says. */
export function numberOf(call: Call, input: Known | null | undefined, attribute: string, absent: number): number {
  if (!input) return floatOf(call.node, attribute, absent);
  return count(input.dims) === 1 ? input.values()[0] : refuse(`${attribute} has ${count(input.dims)} numbers`);
}
