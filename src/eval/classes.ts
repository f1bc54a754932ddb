// Which class of the model a data set's label means: by name where both have names, since the same classes are published in several
// orders.

import { AtrousError } from '../errors.ts';

/** A class of a data set. */
export interface DataClass {
  readonly name: string;
  /** The coarser class that it counts as where a model does not have it itself: lane markings are road. */
  readonly group?: string;
}

export interface Matching {
  readonly by: 'name' | 'index';
  /** Class of the data → class of the model, 255 for none. */
  readonly table: Uint8Array;
}

/** Stands for "no class" wherever a class is a byte. */
export const IGNORE = 255;

/** CamVid's classes have one spelling in the original release and another in SegNet's. */
const spellings: ReadonlyMap<string, string> = new Map([
  ['columnpole', 'pole'],
  ['sidewalk', 'pavement'],
  ['signsymbol', 'sign'],
]);
const unlabelled: ReadonlySet<string> = new Set(['void', 'unlabelled', 'unlabeled', 'ignore', 'ignored']);

/**
 * Finds the model's class of every class of the data: by name (case, blanks and punctuation do not count), or, when the model's
 * classes are only numbered, by index, if there are as many. `where` names the data in messages. Throws `BAD_USAGE` unless
 * every class of the data has its place and every class of the model can occur: one that can't would only ever count as wrong.
 */
export function matchClasses(data: readonly DataClass[], model: readonly string[], where: string): Matching {
  const table = new Uint8Array(256).fill(IGNORE);
  const numbered = model.every((label, index) => label === String(index));
  const places = new Map(model.map((label, index) => [keyOf(label), index]));
  const lost: string[] = [];
  data.forEach(({ name, group }, index) => {
    if (unlabelled.has(keyOf(name))) return;
    const place = numbered ? index : (places.get(keyOf(name)) ?? (group === undefined ? undefined : places.get(keyOf(group))));
    if (place === undefined || place >= model.length) lost.push(name);
    else table[index] = place;
  });
  const missed = model.filter((_, index) => !table.includes(index));
  if (numbered ? data.length === model.length : lost.length + missed.length === 0)
    return { by: numbered ? 'index' : 'name', table };
  const sides = [lost.length ? `the data's ${quote(lost)}` : '', missed.length ? `the model's ${quote(missed)}` : ''];
  const why = numbered ? ' without names' : `; without a partner: ${sides.filter(Boolean).join(' and ')}`;
  throw new AtrousError(
    'BAD_USAGE',
    `${where} has ${data.length} classes, the model ${model.length}${why}. Name the model's classes, in their order, by --labels`,
  );
}

/** A class's name without case, blanks and punctuation, in one of its spellings. */
export function keyOf(name: string): string {
  const key = name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
  return spellings.get(key) ?? key;
}

function quote(names: readonly string[]): string {
  const shown = names.slice(0, 6).map(name => `"${name}"`);
  return `${shown.join(', ')}${names.length > shown.length ? ` and ${names.length - shown.length} more` : ''}`;
}
