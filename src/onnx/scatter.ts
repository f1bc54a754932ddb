// Which numbers ScatterND puts where and GatherND takes from where, of indices that are known.
import { count } from '../weights/tensor.ts';
import { type Known, printDims, strides } from './array.ts';
import { type Call, intOf, textOf } from './call.ts';
import { indices } from './fold.ts';
import { refuse } from './refusal.ts';

/** The places that rows of indices name, one coordinate an axis for the first axes of `dims`. */
export function coordinates(dims: readonly number[], at: Known): { axes: number; rows: number[][] } {
  const axes = at.dims.at(-1) ?? 0;
  if (axes < 1 || axes > dims.length) refuse(`indices of shape ${printDims(at.dims)} for ${printDims(dims)}`);
  const values = at.values();
  const rows = Array.from({ length: count(at.dims.slice(0, -1)) }, (_, row) =>
    Array.from({ length: axes }, (_, axis) => indices([values[row * axes + axis]], dims[axis])[0]),
  );
  return { axes, rows };
}

/** For every place along the first axes of `dims`: the row of the updates that lands there, or −1. */
export function scattered(call: Call, dims: readonly number[], at: Known): Int32Array {
  if (textOf(call.node, 'reduction', 'none') !== 'none') refuse('updates that are added to what is there');
  call.spend(at.dims);
  const { axes, rows } = coordinates(dims, at);
  const own = dims.slice(0, axes);
  call.spend(own);
  const steps = strides(own);
  const from = new Int32Array(count(own)).fill(-1);
  rows.forEach((row, n) => {
    from[row.reduce((place, index, axis) => place + index * steps[axis], 0)] = n;
  });
  return from;
}

/**
 * The same as a box: of each of the first axes the place that the updates have there, or −1, and the box's size along it. Null where they lie otherwise.
 */
export function boxOf(from: Int32Array, dims: readonly number[]): { lists: number[][]; size: number[] } | null {
  const steps = strides(dims);
  const lists = dims.map((size, axis) => {
    const touched = new Set<number>();
    for (let n = 0; n < from.length; n++) if (from[n] >= 0) touched.add(Math.floor(n / steps[axis]) % size);
    let next = 0;
    return Array.from({ length: size }, (_, place) => (touched.has(place) ? next++ : -1));
  });
  const size = lists.map(list => Math.max(...list) + 1);
  const own = strides(size);
  for (let n = 0; n < from.length; n++) {
    const places = lists.map((list, axis) => list[Math.floor(n / steps[axis]) % dims[axis]]);
    const row = places.some(place => place < 0) ? -1 : places.reduce((sum, place, axis) => sum + place * own[axis], 0);
    if (from[n] !== row) return null;
  }
  return { lists, size };
}

/**
 * What GatherND takes along each of the first axes, where coordinates are a table an axis: axis after axis hangs on index axes of its own. Null where they are
 * not.
 */
export function tablesOf(dims: readonly number[], at: Known): number[][] | null {
  const { axes, rows } = coordinates(dims, at);
  const lead = at.dims.slice(0, -1);
  const steps = strides(lead);
  const tables: number[][] = [];
  let from = 0;
  for (let axis = 0; axis < axes; axis++) {
    // The index axes that this coordinate hangs on: from the first that is free to the last along which it changes.
    let to = from;
    for (let n = from; n < lead.length; n++)
      if (lead[n] > 1 && rows.some((row, k) => row[axis] !== rows[k - (Math.floor(k / steps[n]) % lead[n]) * steps[n]][axis]))
        to = n + 1;
    if (axis === axes - 1) to = lead.length;
    const size = count(lead.slice(from, to));
    const step = to > from ? steps[to - 1] : 1;
    tables.push(Array.from({ length: size }, (_, n) => rows[n * step][axis]));
    const table = tables[axis];
    if (rows.some((row, k) => row[axis] !== table[Math.floor(k / step) % size])) return null;
    from = to;
  }
  return tables;
}

/** The batch that indices have in common with what they take from is not read. */
export function refuseBatches({ node }: Call): void {
  if (intOf(node, 'batch_dims', 0) !== 0) refuse('indices of many batches');
}
