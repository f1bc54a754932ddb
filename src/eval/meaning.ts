// What a data set's labels mean to a model: classes matched, `--map` applied, and said which of several orders was taken.

import { AtrousError } from '../errors.ts';
import { IGNORE, type Matching, matchClasses } from './classes.ts';
import { CAMVID_VOID, type DataSet } from './layouts.ts';
import { type CamvidOrder, camvidOrder, isCamvid, orderNames, otherOf, otherOrder } from './orders.ts';
import { type Colours, countedValues, mapValues, printMap, type Values } from './values.ts';

/** Which order of CamVid's 11 classes was taken where files do not tell. */
export interface Order {
  /** Whose order was taken for granted: that of the label values, or of a model whose classes are only numbered. */
  readonly of: 'labels' | 'model';
  readonly taken: CamvidOrder;
  readonly other: CamvidOrder;
  /** The `--map` that gives the other one. */
  readonly map: string | null;
}

export interface Meaning {
  /** How the data's classes found the model's; `value`: the labels are the model's classes. */
  readonly by: Matching['by'] | 'value';
  /** For each form of the data set its name, the table that the layout declares, and the one after `--map`, both in classes of the model. */
  readonly forms: readonly { readonly name: string; readonly published: Values | Colours; readonly table: Values | Colours }[];
  readonly order: Order | null;
}

/** Throws `BAD_USAGE` for classes without a partner or of one name, and for a map that the labels can't have. `where` names the data in messages. */
export function meaningOf(
  { classes, forms }: Pick<DataSet, 'classes' | 'forms'>,
  model: readonly string[],
  map: ReadonlyMap<number, number>,
  where: string,
): Meaning {
  const twice = model.findIndex((name, index) => model.indexOf(name) < index);
  if (twice >= 0)
    throw new AtrousError(
      'BAD_USAGE',
      `classes ${model.indexOf(model[twice])} and ${twice} of the model are both called "${model[twice]}", and scores are told by name: name them by --labels`,
    );
  const matching = classes && matchClasses(classes, model, where);
  const by = matching?.by ?? 'value';
  const told = forms.map(({ name, table }) => {
    // Index files of CamVid's 11 have a void of their own, whatever folder they lie in.
    const published = table === null ? countedValues(model.length, isCamvid(model) ? [CAMVID_VOID] : []) : match(table, matching);
    return { name, published, table: mapped(published, map, forms.length, where) };
  });
  return { by, forms: told, order: orderOf(classes?.map(({ name }) => name) ?? model, by, model, told[0]) };
}

function match(table: Values | Colours, matching: Matching | null): Values | Colours {
  const find = (value: number): number => (value < 0 || value === IGNORE || !matching ? value : matching.table[value]);
  return table instanceof Int16Array ? table.map(find) : new Map([...table].map(([colour, value]) => [colour, find(value)]));
}

function mapped(table: Values | Colours, map: ReadonlyMap<number, number>, forms: number, where: string): Values | Colours {
  if (map.size === 0) return table;
  if (!(table instanceof Int16Array))
    throw new AtrousError(
      'BAD_USAGE',
      `--map: the labels in ${where} are colours, not numbers; say what colours mean in class_dict.csv`,
    );
  if (forms > 1)
    throw new AtrousError(
      'BAD_USAGE',
      `--map: the labels in ${where} are numbered in ${forms} ways (train ids, label ids); keep one kind`,
    );
  return mapValues(table, map);
}

function orderOf(
  names: readonly string[],
  by: Meaning['by'],
  model: readonly string[],
  { published, table }: Meaning['forms'][number],
): Order | null {
  const taken = camvidOrder(names);
  if (taken === null || !(published instanceof Int16Array) || !(table instanceof Int16Array)) return null;
  const of = by === 'index' ? 'model' : 'labels';
  return { of, taken, other: otherOf(taken), map: printReordered(published, table, otherOrder(taken, of, model)) };
}

/** The `--map` under which labels that count as class i count as `assignment[i]`. */
export function printReordered(published: Values, table: Values, assignment: readonly number[]): string | null {
  const wanted = table.map(value => (value < 0 || value === IGNORE ? value : assignment[value]));
  return printMap(published, wanted);
}

/** In words, for people: how labels became classes. `forms`: kinds of label files, and how many pictures have one. */
export function printMeaning({
  matched,
  forms,
  order,
}: {
  readonly matched: Meaning['by'];
  readonly forms: Readonly<Record<string, number>>;
  readonly order: Order | null;
}): string {
  const how = matched === 'value' ? "are the model's classes" : `matched by ${matched}`;
  const kinds = Object.entries(forms);
  const files = kinds.length === 1 ? kinds[0][0] : kinds.map(([name, pictures]) => `${name} for ${pictures} pictures`).join(', ');
  return `${how}; ${files}${order ? ` in ${orderNames[order.taken]} order of CamVid's 11` : ''}`;
}
