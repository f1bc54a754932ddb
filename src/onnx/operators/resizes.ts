// Resize and Upsample in all their modes: the graph's own where it is one of its three, else by tables of places and weights. Formulas: ONNX's
// Resize, and for opsets 9 and 10 what onnxruntime makes of them.
import type { Constant } from '../../graph/constant.ts';
import type { Resampling } from '../../graph/graph.ts';
import { count } from '../../weights/tensor.ts';
import { type Known, known, whole } from '../array.ts';
import { floatOf, floatsOf, intOf, textOf } from '../call.ts';
import { axesOf, sizes as checkSizes } from '../fold.ts';
import type { Mapped } from '../layout.ts';
import type { Making, Operator } from '../operator.ts';
import { refuse } from '../refusal.ts';
import { combine } from './elementwise.ts';
import { dimsLike, knownIn, made, mapIn, nameOf, spatial } from './inputs.ts';

export const resizes: Record<string, Operator> = { Resize: resize, Upsample: resize };

/** Rows or columns of a result: textures have no more on any adapter. */
const LONGEST = 2 ** 14;

/** How one axis is read. */
interface Reading {
  readonly size: number;
  readonly to: number;
  readonly scale: number;
  readonly mode: string;
  readonly transformation: string;
  readonly nearest: string;
  readonly cubic: number;
  readonly antialias: boolean;
  readonly exclude: boolean;
  /** The part that is read, in shares of the first to the last place, of `tf_crop_and_resize` alone. */
  readonly part: readonly [number, number];
}

const CROP = 'tf_crop_and_resize';

function resize(making: Making): Mapped {
  const { node, pen } = making;
  const x = mapIn(making);
  spatial(x);
  const readings = readingsOf(making, x.dims);
  const [first, second, ...axes] = readings;
  if (![first, second].every(unchanged)) {
    const to = readings.map(axis => axis.to);
    refuse(`a resize to ${to.join('×')}, which changes more than rows and columns`);
  }
  const row: Reading = { ...first, size: 1, to: 1 };
  const [rows, columns] = axes.length === 1 ? [row, ...axes] : axes;
  const [h, w] = [rows.to, columns.to];
  const dims = dimsLike(x, { c: x.shape.c, h, w });
  const [name, inputs] = [nameOf(making), { x: x.value }];
  if (unchanged(rows) && unchanged(columns)) return { ...x, dims };
  const usual = asResize(rows) === asResize(columns) ? asResize(rows) : null;
  if (usual) return made(pen.emit('resize', name, inputs, { h, w, mode: usual }), dims);
  const constants = { rows: table(making, 'rows', rows), columns: table(making, 'columns', columns) };
  const beyond = rows.transformation === CROP ? floatOf(node, 'extrapolation_value', 0) : 0;
  if (beyond === 0) return made(pen.emit('resample', name, inputs, { h, w }, constants), dims);
  // What the tables weigh with nothing is zero.
  const inside = made(pen.emit('resample', `${name}.inside`, inputs, { h, w }, constants), dims);
  making.spend([h, w]);
  const [above, beside] = [rows, columns].map(axis => Array.from({ length: axis.to }, (_, n) => isBeyond(axis, position(axis, n))));
  const outside = above.flatMap(row => beside.map(column => (row || column ? beyond : 0)));
  return combine(making, 'add', inside, known('float', [1, 1, h, w], outside), name) as Mapped;
}

type Asked = Pick<Making, 'node' | 'opset' | 'inputs'>;

/** How every axis is read. */
function readingsOf(making: Asked, dims: readonly number[]): Reading[] {
  const { node } = making;
  const old = node.op === 'Upsample' || making.opset < 11;
  const common = {
    mode: textOf(node, 'mode', 'nearest'),
    transformation: old ? 'asymmetric' : textOf(node, 'coordinate_transformation_mode', 'half_pixel'),
    nearest: old ? 'simple' : textOf(node, 'nearest_mode', 'round_prefer_floor'),
    cubic: floatOf(node, 'cubic_coeff_a', -0.75),
    antialias: intOf(node, 'antialias', 0) !== 0,
    exclude: intOf(node, 'exclude_outside', 0) !== 0,
  };
  const { sizes, scales, parts } = targets(making, dims);
  return dims.map((size, n) => ({ ...common, size, to: sizes[n], scale: scales[n], part: parts[n] }));
}

/** What a resize makes of a value of any dimensions: places and weights of every place of each axis; null for an axis that stays as it is. */
export function tapsByAxis(making: Asked, dims: readonly number[]): { to: number[]; taps: (number[][] | null)[] } {
  const readings = readingsOf(making, dims);
  if (readings.some(({ transformation }) => transformation === CROP)) refuse(`${CROP} of a constant`);
  return { to: readings.map(({ to }) => to), taps: readings.map(reading => (unchanged(reading) ? null : entriesOf(reading))) };
}

/** Sizes and scales of all axes, and the parts of them that are read. */
function targets(
  making: Asked,
  dims: readonly number[],
): { sizes: number[]; scales: number[]; parts: (readonly [number, number])[] } {
  const { node, opset } = making;
  const old = node.op === 'Upsample' || opset < 11;
  const given = (value: Known | null): Known | null => (value && count(value.dims) > 0 ? value : null);
  const scaled = given(knownIn(making, old ? 1 : 2));
  const wanted = old ? null : given(knownIn(making, 3));
  const rank = dims.length;
  const axes = axesOf(making as Making, null, rank) ?? dims.map((_, axis) => axis);
  const list = wanted
    ? whole(wanted, 'sizes')
    : ((scaled ? Array.from(scaled.values()) : floatsOf(node, 'scales', null)) ?? refuse('neither sizes nor scales'));
  if (list.length !== axes.length) refuse(`${list.length} sizes or scales for ${axes.length} axes`);
  const parts = dims.map((): readonly [number, number] => [0, 1]);
  if (!old && textOf(node, 'coordinate_transformation_mode', '') === CROP) {
    const region = Array.from(given(knownIn(making, 1))?.values() ?? refuse('no region'));
    if (region.length !== 2 * axes.length) refuse(`a region of ${region.length} numbers for ${axes.length} axes`);
    for (const [n, axis] of axes.entries()) parts[axis] = [region[n], region[n + axes.length]];
  }
  const sizes = [...dims];
  const scales = dims.map(() => 1);
  const policy = textOf(node, 'keep_aspect_ratio_policy', 'stretch');
  const factors = list.map((value, n) => (wanted ? value / dims[axes[n]] : value));
  const one = policy === 'stretch' ? null : (policy === 'not_larger' ? Math.min : Math.max)(...factors);
  axes.forEach((axis, n) => {
    const size = dims[axis];
    // Products of sizes and scales are float32's, so that a scale such as 1.3 cuts where the exporter's runtime does.
    sizes[axis] = !wanted ? Math.floor(Math.fround(size * factors[n])) : one === null ? list[n] : Math.floor(size * one + 0.5);
    scales[axis] = one ?? (wanted ? list[n] / size : factors[n]);
    if (!(scales[axis] > 0)) refuse(`a scale of ${scales[axis]}`);
  });
  checkSizes(sizes);
  if (sizes.some(size => size < 1 || size > LONGEST)) refuse(`a resize to ${sizes.join('×')}`);
  return { sizes, scales, parts };
}

const unchanged = ({ size, to, scale, transformation, part: [from, until] }: Reading): boolean =>
  size === to && scale === 1 && (transformation !== CROP || (from === 0 && until === 1));

/** The graph's own mode that reads the axis so, where sizes alone decide it. */
function asResize(reading: Reading): Resampling | null {
  const { size, to, scale, mode, transformation, nearest, antialias, exclude } = reading;
  if (Math.abs(scale * size - to) > 1e-6 * to || antialias || exclude) return null;
  if (mode === 'linear' && (transformation === 'half_pixel' || (transformation === 'pytorch_half_pixel' && to > 1)))
    return 'half-pixel';
  if (mode === 'linear' && transformation === 'align_corners') return 'corners';
  return mode === 'nearest' && transformation === 'asymmetric' && nearest === 'floor' ? 'nearest' : null;
}

/** Where place `index` of the result lies in the source. */
function position({ size, to, scale, transformation, part: [from, until] }: Reading, index: number): number {
  switch (transformation) {
    case 'half_pixel':
      return (index + 0.5) / scale - 0.5;
    case 'pytorch_half_pixel':
      return to > 1 ? (index + 0.5) / scale - 0.5 : 0;
    case 'align_corners':
      return to > 1 ? (index * (size - 1)) / (to - 1) : 0;
    case 'asymmetric':
      return index / scale;
    case 'tf_half_pixel_for_nn':
      return (index + 0.5) / scale;
    case CROP:
      return (size - 1) * (to > 1 ? from + (index * (until - from)) / (to - 1) : (from + until) / 2);
    case 'half_pixel_symmetric':
      return (size / 2) * (1 - to / (scale * size)) + (index + 0.5) / scale - 0.5;
    default:
      return refuse(`the coordinate transformation ${transformation}`);
  }
}

/** A place of the result that is cut from beyond the map holds a number of its own. */
const isBeyond = ({ transformation, size }: Reading, at: number): boolean => transformation === CROP && (at < 0 || at > size - 1);

function nearestTo({ nearest, scale }: Reading, at: number): number {
  switch (nearest) {
    case 'simple':
      return scale >= 1 ? Math.floor(at) : Math.ceil(at);
    case 'floor':
      return Math.floor(at);
    case 'ceil':
      return Math.ceil(at);
    case 'round_prefer_floor':
      return Math.ceil(at - 0.5);
    case 'round_prefer_ceil':
      return Math.floor(at + 0.5);
    default:
      return refuse(`the nearest_mode ${nearest}`);
  }
}

/** The weight of a place `t` away: a tent, or Keys's cubic. */
function weightOf({ mode, cubic: a }: Reading, t: number): number {
  if (mode === 'linear') return Math.max(1 - t, 0);
  if (t <= 1) return (a + 2) * t ** 3 - (a + 3) * t ** 2 + 1;
  return t < 2 ? a * t ** 3 - 5 * a * t ** 2 + 8 * a * t - 4 * a : 0;
}

/** Place and weight of every tap of every place of the result. */
function table({ node, pen, spend }: Making, role: string, reading: Reading): Constant {
  const { size, to, mode, scale, transformation } = reading;
  const entries = unchanged(reading) ? Array.from({ length: to }, (_, index) => [index, 1]) : entriesOf(reading);
  // One tap at least: all of a crop may lie beyond the map.
  const most = Math.max(2, ...entries.map(list => list.length));
  spend([to, most]);
  // Taps that are missing weigh nothing.
  const values = entries.flatMap(list => [...list, ...Array(most - list.length).fill(0)]);
  return pen.table(`${node.outputs[0]}.${role} ${mode} ${transformation} ${size}→${to} ×${scale}`, [to, most / 2, 2], values);
}

/** By place of the result: place, weight, place, weight, … */
function entriesOf(reading: Reading): number[][] {
  const { size, to, mode } = reading;
  if (!['nearest', 'linear', 'cubic'].includes(mode)) refuse(`the mode ${mode}`);
  const inside = (place: number): number => Math.min(Math.max(place, 0), size - 1);
  return Array.from({ length: to }, (_, index) => {
    const at = position(reading, index);
    if (isBeyond(reading, at)) return [];
    return mode === 'nearest' ? [inside(nearestTo(reading, at)), 1] : tapsOf(reading, at).flat();
  });
}

/** With antialias the weights are stretched over as many places as one of the result covers. */
function tapsOf(reading: Reading, at: number): number[][] {
  const { size, mode, scale, antialias, exclude } = reading;
  const stretch = antialias ? Math.min(scale, 1) : 1;
  const reach = Math.ceil((mode === 'linear' ? 1 : 2) / stretch);
  if (reach > 4096) refuse(`a resize by ${scale}`);
  const taps: number[][] = [];
  for (let place = Math.floor(at) + 1 - reach; place <= Math.floor(at) + reach; place++) {
    const weight = weightOf(reading, Math.abs(at - place) * stretch);
    if ((antialias || exclude) && (place < 0 || place >= size)) continue;
    if (weight !== 0) taps.push([Math.min(Math.max(place, 0), size - 1), weight]);
  }
  if (!antialias && !exclude) return taps;
  const total = taps.reduce((sum, [, weight]) => sum + weight, 0);
  return taps.map(([place, weight]) => [place, weight / total]);
}
