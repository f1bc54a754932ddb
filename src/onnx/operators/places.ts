// What is taken from places that are known, or put there.
import { known } from '../array.ts';
import { type Mapped, regrouped } from '../layout.ts';
import type { Making, Operator, Value } from '../operator.ts';
import { refuse } from '../refusal.ts';
import { boxOf, refuseBatches, scattered, tablesOf } from '../scatter.ts';
import { combine } from './elementwise.ts';
import { anyMap, input, mustKnow, nameOf } from './inputs.ts';
import { taken } from './moves.ts';

export const places: Record<string, Operator> = { GatherND: gatherPlaces, ScatterND: scatter };

/** Coordinates that are a table an axis: what each takes along its own. */
function gatherPlaces(making: Making): Mapped {
  refuseBatches(making);
  const x = anyMap(making);
  const at = mustKnow(making, 1);
  making.spend(at.dims);
  const tables = tablesOf(x.dims, at) ?? refuse('indices that are no table an axis');
  const y = taken(making, x, new Map(tables.entries()), nameOf(making));
  const dims = [...at.dims.slice(0, -1), ...x.dims.slice(at.dims.at(-1)!)];
  return { ...y, dims, axes: regrouped(y, dims) };
}

/** Updates put into a box of a map: what is there without the box, and the updates in nothing else, added. */
function scatter(making: Making): Value {
  const [data, updates] = [0, 2].map(n => input(making, n) ?? refuse(`input ${n} is left out`));
  const at = mustKnow(making, 1);
  const from = scattered(making, data.dims, at);
  const axes = at.dims.at(-1)!;
  const { lists, size } = boxOf(from, data.dims.slice(0, axes)) ?? refuse('updates in places that are no box');
  const source = anyMap({ ...making, inputs: [updates] });
  const dims = [...size, ...data.dims.slice(axes)];
  const name = nameOf(making);
  const box = { ...source, dims, axes: regrouped(source, dims) };
  const whole = from.every(row => row >= 0);
  const placed = taken(making, box, new Map(lists.entries()), whole ? name : `${name}.placed`);
  if (whole) return placed;
  const mask = known(
    'float',
    [...data.dims.slice(0, axes), ...data.dims.slice(axes).map(() => 1)],
    Array.from(from, row => Number(row < 0)),
  );
  const around = combine(making, 'mul', anyMap({ ...making, inputs: [data] }), mask, `${name}.around`);
  return combine(making, 'add', around, placed, name);
}
