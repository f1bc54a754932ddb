// Products: by a matrix that is known they are 1×1 convolutions of a map whose channels are the axis that is summed over, of two maps a step of
// their own, or attention where a softmax of one product meets another.
import type { NodeOf } from '../../graph/graph.ts';
import { count } from '../../weights/tensor.ts';
import { broadcast, type Known, known, printDims } from '../array.ts';
import { floatOf, intOf } from '../call.ts';
import { type Axes, type Factor, type Mapped, regrouped, sameAxes } from '../layout.ts';
import type { Making, Operator, Value } from '../operator.ts';
import { channelsAt, laidOut } from '../pen.ts';
import { refuse } from '../refusal.ts';
import { anyMap, input, knownIn, nameOf } from './inputs.ts';
import { dequantise, quantise, quantisedWeight } from './quantised.ts';

export const products: Record<string, Operator> = {
  MatMul: making => {
    const [a, b] = [0, 1].map(n => input(making, n) ?? refuse(`input ${n} is left out`));
    const isMatrix = ({ kind, dims }: Value): boolean => kind === 'known' && dims.length > 1 && count(dims.slice(0, -2)) === 1;
    if (!isMatrix(a) && !isMatrix(b)) {
      const operands = [anyMap(making, 0), anyMap(making, 1)] as const;
      return attention(making, ...operands) ?? product(making, ...operands);
    }
    if (b.kind === 'known' && isMatrix(b)) return multiplied(making, anyMap(making), matrixOf(b), false, 1, null, 1);
    // A·B is what the transposed product of their transposes is.
    return exchanged(multiplied(making, exchanged(anyMap(making, 1)), matrixOf(a as Known), true, 1, null, 1));
  },
  /** Inputs: a, scale, zero; b, scale, zero; scale and zero of the result. */
  QLinearMatMul: making => {
    const part = (numbers: readonly number[]): Making => ({ ...making, inputs: numbers.map(n => making.inputs[n] ?? null) });
    const matrix = matrixOf(quantisedWeight(part([3, 4, 5]), 1));
    const node = { ...making.node, outputs: [`${nameOf(making)}.real`] };
    const y = multiplied({ ...making, node }, dequantise(part([0, 1, 2])), matrix, false, 1, null, 1);
    return quantise({ ...making, inputs: [y, making.inputs[6] ?? null, making.inputs[7] ?? null] });
  },
  Gemm: making => {
    const { node } = making;
    const x = intOf(node, 'transA', 0) ? exchanged(anyMap(making)) : anyMap(making);
    const turned = intOf(node, 'transB', 0) !== 0;
    const matrix = matrixOf(knownIn(making, 1) ?? refuse('input 1 is left out'));
    return multiplied(making, x, matrix, turned, floatOf(node, 'alpha', 1), knownIn(making, 2), floatOf(node, 'beta', 1));
  },
};

function matrixOf(matrix: Known): Known {
  // Batches of one are no batches.
  const dims = matrix.dims.slice(-2);
  if (dims.length !== 2 || count(dims) !== count(matrix.dims))
    refuse(`a product by ${printDims(matrix.dims)}, it must be a matrix`);
  return { ...matrix, dims };
}

/** The last two axes in each other's place. */
function exchanged(x: Mapped): Mapped {
  if (x.dims.length < 2) return x;
  const turn = <T>(list: readonly T[]): T[] => [...list.slice(0, -2), ...list.slice(-2).reverse()];
  return { ...x, dims: turn(x.dims), axes: turn(x.axes) };
}

/** x · matrix · alpha + bias · beta. */
export function multiplied(
  making: Making,
  x: Mapped,
  matrix: Known,
  turned: boolean,
  alpha: number,
  bias: Known | null,
  beta: number,
): Mapped {
  const { pen } = making;
  const axis = x.dims.length - 1;
  const there = channelsAt(making, x, axis);
  const [k, n] = turned ? [matrix.dims[1], matrix.dims[0]] : matrix.dims;
  if (k !== x.dims[axis]) refuse(`a product of ${printDims(x.dims)} by ${printDims(matrix.dims)}`);
  if (bias && count(bias.dims) !== n && count(bias.dims) !== 1) refuse(`a sum with ${printDims(bias.dims)}`);
  making.spend([k, n]);
  const values = matrix.values();
  const weight = new Float64Array(n * k);
  for (let o = 0; o < n; o++)
    for (let i = 0; i < k; i++) weight[o * k + i] = alpha * (turned ? values[o * k + i] : values[i * n + o]);
  const name = nameOf(making);
  const added = bias?.values();
  const constants = {
    weight: pen.weights(`${name}.weight`, known('float', [n, k], weight), [n, k, 1, 1]),
    ...(added
      ? {
          bias: pen.table(
            `${name}.bias`,
            [n],
            Array.from({ length: n }, (_, o) => beta * added[added.length === 1 ? 0 : o]),
          ),
        }
      : {}),
  };
  const geometry = { kernel: [1, 1], strides: [1, 1], dilations: [[1, 1]], pads: [[0, 0, 0, 0]], groups: 1 } as const;
  const value = pen.emit('conv', name, { x: there.value }, { geometry, fused: {} }, constants);
  const dims = x.dims.map((size, at) => (at === axis ? n : size));
  const axes = there.axes.map((list, at) => (at !== axis ? list : n > 1 ? [{ axis: 'c' as const, size: n, step: 1 }] : []));
  return { ...there, value, dims, axes, shape: { ...there.shape, c: n } };
}

const digit = (axis: Factor['axis'], size: number): Factor[] => (size > 1 ? [{ axis, size, step: 1 }] : []);

/** Batches, rows and columns of a product's operand. */
function matrices({ dims, axes }: Mapped, rank: number): { batch: number[]; merged: Pick<Mapped, 'dims' | 'axes'> } {
  if (dims.length < 2) refuse(`a product with ${printDims(dims)}`);
  const batch = [...Array(rank - dims.length).fill(1), ...dims.slice(0, -2)];
  const to = [count(batch), ...dims.slice(-2)];
  return { batch, merged: { dims: to, axes: regrouped({ dims, axes }, to) } };
}

/** As rows of pixels with channels: itself where a single matrix's rows are all pixels in their order and its columns the channels. */
function rowsOf(making: Making, x: Mapped, { dims, axes }: Pick<Mapped, 'dims' | 'axes'>): Mapped {
  const [batches, rows, columns] = dims;
  const { c, h, w } = x.shape;
  const whole: Axes = [[], [...digit('h', h), ...digit('w', w)], digit('c', c)];
  if (batches === 1 && c === columns && h * w === rows && sameAxes(axes, whole)) return { ...x, dims, axes };
  const own = [digit('h', batches), digit('w', rows), digit('c', columns)];
  return laidOut(making.pen, { ...x, dims, axes }, { c: columns, h: batches, w: rows }, own, `${nameOf(making)}.${x.value}`);
}

/** a·b, a matrix a batch. */
function product(making: Making, a: Mapped, b: Mapped): Mapped {
  const { pen } = making;
  const rank = Math.max(a.dims.length, b.dims.length);
  const [p, q] = [matrices(a, rank), matrices(b, rank)];
  const [inner, columns] = q.merged.dims.slice(1);
  if (p.merged.dims[2] !== inner) refuse(`a product of ${printDims(a.dims)} by ${printDims(b.dims)}`);
  const batch = broadcast(p.batch, q.batch);
  const batches = count(batch);
  if (q.merged.dims[0] !== 1 && count(p.batch) !== batches) {
    if (count(q.batch) !== batches) refuse(`a product of ${printDims(a.dims)} by ${printDims(b.dims)}, where both stand for more`);
    // One matrix by many: the transposes of many by one.
    return exchanged(product(making, exchanged(b), exchanged(a)));
  }
  const x = rowsOf(making, a, p.merged);
  // The other's pixels are what is summed over, or what is made.
  const turned = q.merged.axes[2].some(factor => factor.axis === 'c') || columns === 1;
  const other = rowsOf(making, b, turned ? q.merged : exchanged({ ...b, ...q.merged }));
  const name = nameOf(making);
  // One matrix for all batches: they are one.
  const attributes = { batches: q.merged.dims[0], turned, inner };
  const value = pen.emit('product', name, { x: x.value, other: other.value }, attributes);
  const to = [...batch, a.dims.at(-2)!, columns];
  const made = { dims: [batches, a.dims.at(-2)!, columns], axes: [...x.axes.slice(0, 2), digit('c', columns)] };
  const axes = regrouped(made, to);
  pen.products.set(value, { a, b, axes });
  return { ...x, value, dims: to, axes, shape: { ...x.shape, c: columns } };
}

/** Channels of a map as heads, and all its pixels in their order: what lies in it as [heads, pixels, channels of a head]. */
function headsOf(x: Mapped): { heads: number; pixels: number; width: number } | null {
  const { dims, axes } = x;
  const [heads, pixels, width] = [count(dims.slice(0, -2)), ...dims.slice(-2)];
  const { c, h, w } = x.shape;
  const own: Axes = [
    heads > 1 ? [{ axis: 'c', size: heads, step: width }] : [],
    [...digit('h', h), ...digit('w', w)],
    digit('c', width),
  ];
  const fits = c === heads * width && pixels === h * w && (heads === 1 || width % 4 === 0);
  return fits && sameAxes(regrouped({ dims, axes }, [heads, pixels, width]), own) ? { heads, pixels, width } : null;
}

/** softmax(scale · q·kᵀ)·v: the walk back from its last product. Null where that is not what it is. */
function attention({ pen, node }: Making, a: Mapped, values: Mapped): Mapped | null {
  const made = new Map(pen.nodes.map(each => [each.name, each]));
  const softmax = made.get(a.value);
  if (softmax?.op !== 'softmax') return null;
  let scale = 1;
  let scores = made.get(softmax.inputs.x);
  while (scores?.op === 'activate' && isFactor(scores)) {
    scale *= scores.attributes.a;
    scores = made.get(scores.inputs.x);
  }
  const found = scores && pen.products.get(scores.name);
  // The softmax must run along the product's columns, and the shares be read as it made them.
  if (!found || !sameAxes(found.axes, a.axes)) return null;
  const keys = exchanged(found.b);
  const [q, k, v] = [found.a, keys, values].map(headsOf);
  if (!q || !k || !v || q.heads !== k.heads || q.heads !== v.heads || k.pixels !== v.pixels || q.width !== k.width) return null;
  const attributes = { heads: q.heads, scale, pixels: k.pixels, inner: q.heads * q.width };
  const value = pen.emit('attention', node.outputs[0], { x: found.a.value, keys: keys.value, values: values.value }, attributes);
  const dims = [...found.a.dims.slice(0, -1), v.width];
  const heads: Factor[] = q.heads > 1 ? [{ axis: 'c', size: q.heads, step: v.width }] : [];
  const { h, w } = found.a.shape;
  const axes = regrouped(
    { dims: [q.heads, q.pixels, v.width], axes: [heads, [...digit('h', h), ...digit('w', w)], digit('c', v.width)] },
    dims,
  );
  return { ...found.a, value, dims, axes, shape: { ...found.a.shape, c: q.heads * v.width } };
}

/** x · a? */
function isFactor({ attributes }: NodeOf<'activate'>): boolean {
  return attributes.curve === 'affine' && attributes.b === 0;
}
