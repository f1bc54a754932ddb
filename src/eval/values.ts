// What the values of label files mean, in classes of the model: what a layout declares, and what `--map` makes of it. A value that nobody
// declares is an error, never void: masks of 0 and 255 would lose their foreground in silence.

import { AtrousError } from '../errors.ts';
import { IGNORE } from './classes.ts';

/** Stored value → class, `IGNORE` for void, `UNKNOWN` for a value that nobody declares; one for each of 256. */
export type Values = Int16Array;
/** Colour 0xRRGGBB → class, `IGNORE` for void. */
export type Colours = ReadonlyMap<number, number>;

export const UNKNOWN = -1;
/** Values that a message lists before it only counts them. */
const LISTED = 6;

/** `values[k]` stands for class k, 255 and `voids` for none. */
export function declareValues(values: readonly number[], voids: readonly number[] = []): Values {
  const table = new Int16Array(256).fill(UNKNOWN);
  for (const value of [...voids, IGNORE]) table[value] = IGNORE;
  values.forEach((value, index) => {
    table[value] = index;
  });
  return table;
}

/** Values 0 to `classes` − 1 stand for themselves. */
export function countedValues(classes: number, voids: readonly number[] = []): Values {
  return declareValues(
    Array.from({ length: classes }, (_, index) => index),
    voids,
  );
}

/** `255=1` → from 255 to 1. Throws `BAD_USAGE` for anything else, and for a value with two targets. */
export function parseMap(pairs: readonly string[]): Map<number, number> {
  const map = new Map<number, number>();
  for (const pair of pairs) {
    const [from, to] = /^(\d{1,3})=(\d{1,3})$/.exec(pair)?.slice(1).map(Number) ?? [];
    if (from === undefined || from > 255 || to > 255)
      throw new AtrousError('BAD_USAGE', `--map ${pair}: expected value=class, each from 0 to 255, several with commas: 255=1,4=0`);
    if (map.has(from) && map.get(from) !== to)
      throw new AtrousError('BAD_USAGE', `--map ${from}=${map.get(from)},${pair}: ${from} has two targets; give one`);
    map.set(from, to);
  }
  return map;
}

/** The table under which a value means what its target means in `values`, all at once: 0=1,1=0 swaps. Throws `BAD_USAGE` for a target that is no class and not 255. */
export function mapValues(values: Values, map: ReadonlyMap<number, number>): Values {
  const mapped = values.slice();
  for (const [from, to] of map) {
    if (to !== IGNORE && (values[to] === UNKNOWN || values[to] === IGNORE))
      throw new AtrousError(
        'BAD_USAGE',
        `--map ${from}=${to}: ${to} stands for no class; ${allowed(values)}, and 255 leaves a value out`,
      );
    mapped[from] = to === IGNORE ? IGNORE : values[to];
  }
  return mapped;
}

/** The `--map` that turns `values` into `wanted`, null where a class has no value; an empty one changes nothing. */
export function printMap(values: Values, wanted: Values): string | null {
  const pairs: string[] = [];
  for (let value = 0; value < 256; value++) {
    if (wanted[value] === values[value] || wanted[value] === UNKNOWN) continue;
    const target = wanted[value] === IGNORE ? IGNORE : values.indexOf(wanted[value]);
    if (target < 0) return null;
    pairs.push(`${value}=${target}`);
  }
  return pairs.join(',');
}

/** Classes of stored values. Throws `BAD_IMAGE` with all values that nobody declares and their counts. `name` is the file's. */
export function classesOf(stored: Uint8Array, values: Values, name: string): Uint8Array {
  const counts = new Float64Array(256);
  for (const value of stored) counts[value]++;
  const unknown = [...counts.keys()].filter(value => counts[value] > 0 && values[value] === UNKNOWN);
  if (unknown.length > 0) {
    const listed = unknown.slice(0, LISTED).map((value, n) => `${value} (${counts[value]}${n === 0 ? ' pixels' : ''})`);
    const more = unknown.length > LISTED ? ` and ${unknown.length - LISTED} more up to ${unknown.at(-1)}` : '';
    throw new AtrousError(
      'BAD_IMAGE',
      `${name} has label values of no class: ${listed.join(', ')}${more}; ${allowed(values)}, 255 is void. ` +
        `Say what they mean, such as --map ${unknown[0]}=255, or name the model's classes by --labels`,
    );
  }
  const table = Uint8Array.from(values);
  return stored.map(value => table[value]);
}

function allowed(values: Values): string {
  const found = [...values.keys()].filter(value => values[value] !== UNKNOWN && values[value] !== IGNORE);
  const whole = found.length === found.at(-1)! - found[0] + 1;
  return whole ? `classes are ${found[0]} to ${found.at(-1)}` : `classes are ${found.join(', ')}`;
}
