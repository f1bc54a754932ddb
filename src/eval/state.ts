// What an evaluation leaves behind, so that another may go on with it or be added to it: the matrix of every picture that is done, and all that the
// numbers depend on.

import { AtrousError, describe } from '../errors.ts';
import { type Confusion, mergeConfusions } from './confusion.ts';
import type { Meaning, Order } from './meaning.ts';
import { camvidOrders } from './orders.ts';

/** A picture that is done. */
export interface Done {
  /** Of the bytes of picture and label. */
  readonly sha256: string;
  readonly confusion: Confusion;
}

/** All that a result depends on beside the pictures: weights, classes, options, adapter; name → value in words. */
export type Facts = Readonly<Record<string, string>>;

/** What the result says of model and data, beside its numbers. */
export interface About {
  readonly model: string;
  /** The data set's folder, on the machine that wrote the state. */
  readonly data: string;
  readonly layout: string;
  /** The model's classes. */
  readonly names: readonly string[];
  /** Null where the largest channel wins. */
  readonly threshold: number | null;
  readonly matched: Meaning['by'];
  /** Kinds of label files → pictures that have one. */
  readonly forms: Readonly<Record<string, number>>;
  readonly order: Order | null;
}

export interface State {
  readonly facts: Facts;
  readonly about: About;
  /** Pictures of the whole data set, whichever share of them is evaluated. */
  readonly total: number;
  readonly failed: readonly string[];
  readonly done: ReadonlyMap<string, Done>;
}

interface Stored extends Omit<State, 'done'> {
  /** `confusion` holds only what is not 0, as `place in the matrix, count` pairs. */
  readonly pictures: Record<string, { sha256: string; ignored: number; confusion: [place: number, count: number][] }>;
}

export function printState({ done, facts, about, total, failed }: State): string {
  const pictures: Stored['pictures'] = Object.create(null);
  for (const [name, { sha256, confusion }] of done) {
    const cells = [...confusion.counts.entries()].filter(([, count]) => count > 0);
    pictures[name] = { sha256, ignored: confusion.ignored, confusion: cells };
  }
  return `${JSON.stringify({ facts, about, total, failed, pictures } satisfies Stored)}\n`;
}

/** Throws `BAD_USAGE` for what is no such file. `file` is its name for messages. */
export function parseState(text: string, file: string): State {
  const broken = (why: string): never => {
    throw new AtrousError('BAD_USAGE', `${file} is no state of an evaluation (${why}): remove it, or name another file or folder`);
  };
  let state: Stored;
  try {
    state = JSON.parse(text);
  } catch (error) {
    return broken(describe(error));
  }
  if (!isRecord(state)) return broken('it is no object');
  const { facts, about, total, failed, pictures } = state;
  if (!isRecord(facts) || !isRecord(pictures)) return broken('"facts" or "pictures" is missing');
  if (!isAbout(about)) return broken('"about" does not say which model and data');
  if (!isCount(total) || !areStrings(failed)) return broken('"total" or "failed" is missing');
  const classes = about.names.length;
  const done = Object.entries(pictures).map(([name, picture]): [string, Done] => {
    if (!isRecord(picture)) return broken(`"${name}" is no object`);
    const { sha256, ignored, confusion } = picture;
    const counts = new Float64Array(classes * classes);
    if (!isCount(ignored) || typeof sha256 !== 'string' || !Array.isArray(confusion))
      return broken(`"${name}" lacks sha256, ignored or confusion`);
    for (const cell of confusion) {
      const [place, count] = Array.isArray(cell) ? cell : [];
      if (!isCount(place) || place >= counts.length || !isCount(count)) return broken(`"${name}" has a cell ${place}, ${count}`);
      counts[place] = count;
    }
    return [name, { sha256, confusion: { classes, counts, ignored } }];
  });
  return { facts, about, total, failed, done: new Map(done) };
}

/** Throws `BAD_USAGE` for the first fact that is another now. `what` was made with the old ones, and `next` is what can be done. */
export function checkFacts(old: Facts, now: Facts, what: string, next: string): void {
  const key = differing(old, now);
  if (key === undefined) return;
  throw new AtrousError(
    'BAD_USAGE',
    `--resume: ${what} made with ${key} ${old[key] ?? 'unknown'}, and now it is ${now[key] ?? 'unknown'}: ${next}`,
  );
}

function differing(one: Facts, other: Facts): string | undefined {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].find(key => one[key] !== other[key]);
}

/**
 * The sum of several states, as of shards. A picture that several hold counts once. Throws `BAD_USAGE`, naming both files, for facts that differ (only the
 * adapter may), and for a picture that two of them hold with other bytes or another matrix.
 */
export function mergeStates(states: ReadonlyMap<string, State>): State & { readonly adapters: readonly string[] } {
  // A share without pictures ran on no device and adds nothing.
  const counted = [...states].filter(([, { done, failed }]) => done.size + failed.length > 0);
  const [[firstFile, first]] = counted.length > 0 ? counted : states;
  const owners = new Map<string, string>();
  const done = new Map<string, Done>();
  const forms: Record<string, number> = {};
  for (const [file, state] of counted) {
    const key = differing({ ...first.facts, adapter: '' }, { ...state.facts, adapter: '' });
    if (key !== undefined) {
      const [one, other] = [first, state].map(({ facts }) => shorten(facts[key] ?? 'unknown'));
      throw new AtrousError(
        'BAD_USAGE',
        `--merge: ${firstFile} was made with ${key} ${one}, and ${file} with ${other}: add states of one model, data set and settings`,
      );
    }
    for (const [picture, { sha256, confusion }] of state.done) {
      const other = done.get(picture);
      if (other && (other.sha256 !== sha256 || !isEqual(other.confusion, confusion))) {
        const what = other.sha256 === sha256 ? 'with other predictions' : 'of other bytes';
        throw new AtrousError(
          'BAD_USAGE',
          `--merge: ${picture} is in ${owners.get(picture)} and, ${what}, in ${file}: leave one of the files out`,
        );
      }
      done.set(picture, { sha256, confusion });
      owners.set(picture, file);
    }
  }
  for (const { about } of states.values())
    for (const [name, pictures] of Object.entries(about.forms)) forms[name] = (forms[name] ?? 0) + pictures;
  const failed = new Set(counted.flatMap(([, state]) => state.failed).filter(picture => !done.has(picture)));
  return {
    facts: first.facts,
    about: { ...first.about, forms },
    total: Math.max(...[...states.values()].map(({ total }) => total)),
    failed: [...failed].sort(),
    done,
    adapters: [...new Set(counted.map(([, { facts }]) => facts.adapter ?? 'unknown'))].sort(),
  };
}

/** The matrix of all pictures. */
export function sumOf(classes: number, done: ReadonlyMap<string, Done>): Confusion {
  return mergeConfusions(
    classes,
    [...done.values()].map(({ confusion }) => confusion),
  );
}

function isEqual(one: Confusion, other: Confusion): boolean {
  return one.ignored === other.ignored && one.counts.every((count, place) => count === other.counts[place]);
}

/** Lists of classes and hashes are long, and two of them stand in one line. */
function shorten(fact: string): string {
  return fact.length > 60 ? `${fact.slice(0, 59)}…` : fact;
}

function isAbout(value: unknown): value is About {
  if (!isRecord(value)) return false;
  const { model, data, layout, names, threshold, matched, forms, order } = value;
  const words = [model, data, layout].every(word => typeof word === 'string');
  const numbered = areStrings(names) && names.length > 0 && names.length < 256;
  const how = matched === 'name' || matched === 'index' || matched === 'value';
  const counted = isRecord(forms) && Object.values(forms).every(isCount);
  const decided = threshold === null || typeof threshold === 'number';
  return words && numbered && decided && how && counted && (order === null || isOrder(order));
}

function isOrder(value: unknown): value is Order {
  if (!isRecord(value)) return false;
  const known = (order: unknown): boolean => typeof order === 'string' && Object.hasOwn(camvidOrders, order);
  const of = value.of === 'labels' || value.of === 'model';
  return of && known(value.taken) && known(value.other) && (value.map === null || typeof value.map === 'string');
}

function areStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(word => typeof word === 'string');
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
