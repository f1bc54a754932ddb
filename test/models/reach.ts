// Which numbers of a network's input a cell depends on, by brute force: a mask a value, from the cell back to the input, node by
// node as each operation is defined, borders included. No arithmetic on fields of view is shared with src/graph/fov.ts, nor any
// line of it.
import { shapeOf } from '../../src/graph/constant.ts';
import { type Graph, INPUT, type Node, type Resampling, type Shape } from '../../src/graph/graph.ts';
import { infer } from '../../src/graph/ops.ts';

/** Cells of a map that count, a byte a cell; what lies outside of the window does not count. */
export interface Mask {
  readonly top: number;
  readonly left: number;
  readonly h: number;
  readonly w: number;
  readonly bytes: Uint8Array;
}

interface Window {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** Cells of channels [from, to). */
interface Need {
  readonly from: number;
  readonly to: number;
  readonly mask: Mask;
}

/** The mask of the input for all channels of one cell. Gates count as constants. */
export function reach(graph: Graph, value: string, row: number, column: number): Mask | null {
  const shapes = infer(graph);
  const needs = new Map<string, Need[]>();
  const add = (name: string, need: Need): void => {
    const list = needs.get(name) ?? [];
    needs.set(name, list);
    const at = list.findIndex(other => other.from === need.from && other.to === need.to);
    if (at < 0) list.push(need);
    else list[at] = { ...need, mask: or(list[at].mask, need.mask) };
  };
  add(value, {
    from: 0,
    to: shapes.get(value)!.shape.c,
    mask: { top: row, left: column, h: 1, w: 1, bytes: Uint8Array.of(1) },
  });
  for (const node of [...graph.nodes].reverse()) {
    for (const need of needs.get(node.name) ?? []) {
      for (const [name, other] of back(node, need, name => shapes.get(name)!.shape)) add(name, other);
    }
    // Maps of the first layers are large.
    needs.delete(node.name);
  }
  const found = needs.get(INPUT) ?? [];
  return found.length ? found.map(({ mask }) => mask).reduce(or) : null;
}

/** What a node reads for the cells that are needed of it. */
function back(node: Node, { from, to, mask }: Need, shape: (name: string) => Shape): [string, Need][] {
  switch (node.op) {
    case 'batchnorm':
    case 'activate':
    case 'mul':
      return [[node.inputs.x, { from, to, mask }]];
    case 'add':
      return [
        [node.inputs.x, { from, to, mask }],
        [node.inputs.other, { from, to, mask }],
      ];
    case 'slice':
      return [[node.inputs.x, { from: node.attributes.from + from, to: node.attributes.from + to, mask }]];
    case 'concat': {
      const needs: [string, Need][] = [];
      let channel = 0;
      for (let part = 0; node.inputs[part]; part++) {
        const { c } = shape(node.inputs[part]);
        const [first, last] = [Math.max(channel, from), Math.min(channel + c, to)];
        if (first < last) needs.push([node.inputs[part], { from: first - channel, to: last - channel, mask }]);
        channel += c;
      }
      return needs;
    }
    case 'conv': {
      const { kernel, strides, dilations, pads, groups } = node.attributes.geometry;
      const [o, i] = shapeOf(node.constants.weight);
      const taps = (axis: 0 | 1) => (at: number) =>
        Array.from({ length: kernel[axis] }, (_, tap) => strides[axis] * at + tap * dilations[0][axis] - pads[0][axis]);
      const group = Array.from({ length: groups }, (_, index) => index).filter(
        index => (index * o) / groups < to && ((index + 1) * o) / groups > from,
      );
      const read = scatter(mask, shape(node.inputs.x), taps(0), taps(1));
      return [[node.inputs.x, { from: group[0] * i, to: (group.at(-1)! + 1) * i, mask: read }]];
    }
    case 'pool':
    case 'maxpool': {
      const pair = (at: number): number[] => [2 * at, 2 * at + 1];
      return [[node.inputs.x, { from, to, mask: scatter(mask, shape(node.inputs.x), pair, pair) }]];
    }
    case 'resize': {
      const input = shape(node.inputs.x);
      const { h, w, mode } = node.attributes;
      const rows = (at: number): number[] => neighbours(at, input.h, h, mode);
      const columns = (at: number): number[] => neighbours(at, input.w, w, mode);
      return [[node.inputs.x, { from, to, mask: scatter(mask, input, rows, columns) }]];
    }
    case 'zoom': {
      const input = shape(node.inputs.x);
      const { scale } = node.attributes;
      // A cell reaches the pixels that are nearer than `scale`, and the last one all behind it.
      const cells = (size: number) => (at: number) =>
        Array.from({ length: size }, (_, cell) => cell).filter(
          cell => Math.abs(at - cell * scale) < scale || (cell === size - 1 && at > cell * scale),
        );
      return [[node.inputs.x, { from, to, mask: scatter(mask, input, cells(input.h), cells(input.w)) }]];
    }
    case 'deconv': {
      const input = shape(node.inputs.x);
      const { kernel, stride, pad, tile } = node.attributes;
      // Every cell adds a kernel from its own place on, in the space that its tile grows to.
      const cells = (size: number, one: number) => (at: number) =>
        Array.from({ length: size }, (_, cell) => cell).filter(cell => {
          const grown = (one - 1) * stride + kernel - 2 * pad;
          const space = Math.floor(cell / one) * grown;
          const start = space + (cell % one) * stride - pad;
          return at >= Math.max(start, space) && at < Math.min(start + kernel, space + grown);
        });
      const read = scatter(mask, input, cells(input.h, tile?.h ?? input.h), cells(input.w, tile?.w ?? input.w));
      return [[node.inputs.x, { from, to, mask: read }]];
    }
    case 'softmax':
    case 'argmax':
      return [[node.inputs.x, { from: 0, to: shape(node.inputs.x).c, mask }]];
    default:
      throw new Error(`reach has no rule for ${node.op} "${node.name}"`);
  }
}

/** PyTorch's source index, in fractions: neighbours of weight 0 are left out. */
function neighbours(at: number, from: number, to: number, mode: Resampling): number[] {
  if (mode === 'nearest') return [Math.floor((at * from) / to)];
  const source = mode === 'corners' ? (at * (from - 1)) / (to - 1) : Math.max(0, ((at + 0.5) * from) / to - 0.5);
  const nearest = Math.round(source);
  // A fraction with these denominators is a whole number or at least 1 / (2 · to) away from one.
  if (Math.abs(source - nearest) < 1e-9) return [Math.min(nearest, from - 1)];
  const low = Math.floor(source);
  return [low, low + 1].map(index => Math.min(index, from - 1));
}

/** What cells of a mask read: row by row, each cell of a row to its columns first, then the row to its rows. */
function scatter(mask: Mask, { h, w }: Shape, rowsOf: (at: number) => number[], columnsOf: (at: number) => number[]): Mask {
  const rows = Array.from({ length: mask.h }, (_, row) => rowsOf(mask.top + row).filter(at => at >= 0 && at < h));
  const columns = Array.from({ length: mask.w }, (_, column) => columnsOf(mask.left + column).filter(at => at >= 0 && at < w));
  const target = empty({
    top: least(rows),
    left: least(columns),
    bottom: most(rows) + 1,
    right: most(columns) + 1,
  });
  const line = new Uint8Array(target.w);
  for (let row = 0; row < mask.h; row++) {
    line.fill(0);
    for (let column = 0; column < mask.w; column++) {
      if (!mask.bytes[row * mask.w + column]) continue;
      for (const at of columns[column]) line[at - target.left] = 1;
    }
    for (const at of rows[row]) merge(target.bytes, (at - target.top) * target.w, line);
  }
  return target;
}

function or(a: Mask, b: Mask): Mask {
  if (a === b) return a;
  const target = empty({
    top: Math.min(a.top, b.top),
    left: Math.min(a.left, b.left),
    bottom: Math.max(a.top + a.h, b.top + b.h),
    right: Math.max(a.left + a.w, b.left + b.w),
  });
  for (const mask of [a, b]) {
    for (let row = 0; row < mask.h; row++) {
      const start = (mask.top + row - target.top) * target.w + mask.left - target.left;
      merge(target.bytes, start, mask.bytes.subarray(row * mask.w, (row + 1) * mask.w));
    }
  }
  return target;
}

function merge(bytes: Uint8Array, start: number, line: Uint8Array): void {
  for (let n = 0; n < line.length; n++) bytes[start + n] |= line[n];
}

function empty({ top, left, bottom, right }: Window): Mask {
  const [h, w] = [bottom - top, right - left];
  return { top, left, h, w, bytes: new Uint8Array(h * w) };
}

function least(lists: readonly number[][]): number {
  return lists.reduce((min, list) => list.reduce((a, b) => Math.min(a, b), min), Number.POSITIVE_INFINITY);
}

function most(lists: readonly number[][]): number {
  return lists.reduce((max, list) => list.reduce((a, b) => Math.max(a, b), max), Number.NEGATIVE_INFINITY);
}
