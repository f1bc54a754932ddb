// Which arrays of a file are the weights. Trainers nest and wrap them: in a dict among optimizers and counters, twice where an average is kept,
// under the names of DataParallel or torch.compile. This step knows no format, only names and shapes; dots join the steps of a path.

import { AtrousError } from '../errors.ts';
import { count, quote, type Stored, some } from './tensor.ts';

/** Whatever a reader found, by path. */
export type Listing = ReadonlyMap<string, Stored>;

export interface Search {
  /** Names of the tensors that a network may need. */
  readonly known: ReadonlySet<string>;
  /** Whether tensors hold all that a network needs. */
  readonly fits: (tensors: Listing) => boolean;
  /** The path of the dict to look in, as the caller has it; null: everywhere. */
  readonly key: string | null;
}

export interface Found {
  /** By the names of the network; beside them what lies in the same dict and is no bookkeeping. */
  readonly tensors: Listing;
  /** The paths of the dicts that fit, the one that was taken first; none: nothing does, and `tensors` is what comes nearest. */
  readonly paths: readonly string[];
}

/** Steps that modules put around others: DataParallel and AveragedModel, torch.compile, FSDP, activation checkpointing. */
const wrappers = new Set(['module', '_orig_mod', '_fsdp_wrapped_module', '_checkpoint_wrapped_module']);
/** Where several dicts fit: those that are saved for going on with come before averages. Others follow in the file's order. */
const order = ['model', 'state_dict', 'net', 'model_ema', 'ema', 'params'];
/** A file with more dicts that look like networks is none of a trainer's; bounds the work on a hostile one. */
const mostPlaces = 32;
/** Characters of a path: bounds the work on a hostile name. */
const longestPath = 1000;

/** `name` is the file's, for messages. Throws `BAD_USAGE` when there is nothing at `key`. */
export function findTensors(listing: Listing, name: string, { known, fits, key }: Search): Found {
  const within = key === null ? listing : new Map([...listing].filter(([path]) => path.startsWith(`${key}.`)));
  if (within.size === 0 && key !== null) {
    const places = placesOf(listing, known).filter(place => place !== '');
    const there = places.length > 0 ? `it has ${some(places.map(say))}` : 'its tensors lie in no dict, leave the key out';
    throw new AtrousError('BAD_USAGE', `key ${quote(key)}: ${name} has nothing there; ${there}`);
  }
  const all = placesOf(within, known).map(path => ({ path, tensors: below(within, path, known) }));
  const fitting = all.filter(({ tensors }) => fits(tensors)).sort((a, b) => compare(a.path, b.path));
  const [chosen = { path: key ?? '', tensors: below(within, key ?? '', known) }, ...others] = fitting.length > 0 ? fitting : all;
  const claimed = new Set(others.filter(other => fitting.includes(other)).flatMap(({ tensors }) => [...tensors.values()]));
  return { tensors: withoutBookkeeping(chosen.tensors, known, claimed), paths: fitting.map(({ path }) => path) };
}

/** A path for messages. */
export function say(path: string): string {
  return path === '' ? 'the outermost' : quote(path);
}

/** Everything that paths of known names begin with, without wrappers at its end; the one with most of them first. */
function placesOf(listing: Listing, known: ReadonlySet<string>): string[] {
  const deepest = Math.max(...[...known].map(each => each.split('.').length));
  const votes = new Map<string, number>();
  for (const path of listing.keys()) {
    if (path.length > longestPath) continue;
    const steps = path.split('.');
    for (let at = steps.length - 1, taken = 0, name = ''; at >= 0 && taken < deepest; at--) {
      if (wrappers.has(steps[at])) continue;
      name = taken++ > 0 ? `${steps[at]}.${name}` : steps[at];
      if (!known.has(name)) continue;
      const place = outside(steps.slice(0, at));
      votes.set(place, (votes.get(place) ?? 0) + 1);
    }
  }
  const places = [...votes].sort((a, b) => b[1] - a[1] || compare(a[0], b[0])).map(([place]) => place);
  return places.slice(0, mostPlaces);
}

function outside(steps: readonly string[]): string {
  const last = steps.findLastIndex(step => !wrappers.has(step));
  return steps.slice(0, last + 1).join('.');
}

/** What lies below a path, by names without wrappers. A name that is known as it stands comes before one that a wrapper was taken from. */
function below(listing: Listing, place: string, known: ReadonlySet<string>): Map<string, Stored> {
  const tensors = new Map<string, Stored>();
  const prefix = place === '' ? '' : `${place}.`;
  for (const [path, tensor] of listing) {
    if (!path.startsWith(prefix) || path.length > longestPath) continue;
    const rest = path.slice(prefix.length);
    const name = rest
      .split('.')
      .filter(step => !wrappers.has(step))
      .join('.');
    if (rest === name || !known.has(name) || !listing.has(prefix + name)) tensors.set(name, tensor);
  }
  return tensors;
}

/** Paths by the steps that have a rank. */
function compare(a: string, b: string): number {
  const [ranksA, ranksB] = [a, b].map(path =>
    path
      .split('.')
      .filter(step => !wrappers.has(step))
      .map(rank),
  );
  for (let at = 0; at < Math.max(ranksA.length, ranksB.length); at++) {
    const difference = (ranksA[at] ?? -1) - (ranksB[at] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

function rank(step: string): number {
  if (step === '') return -1;
  const at = order.indexOf(step);
  return at < 0 ? order.length : at;
}

/**
 * Beside the network's tensors only what speaks against it: arrays in the same dict that are no counter (a scalar, whole numbers), can be read,
 * and are not `claimed` by another dict that fits.
 */
function withoutBookkeeping(tensors: Listing, known: ReadonlySet<string>, claimed: ReadonlySet<Stored>): Listing {
  const dicts = new Set([...tensors].filter(([key]) => known.has(key)).map(([, { dict }]) => dict));
  const speaks = (tensor: Stored): boolean =>
    !tensor.problem &&
    count(tensor.shape) > 1 &&
    /F/.test(tensor.dtype) &&
    (dicts.size === 0 || dicts.has(tensor.dict)) &&
    !claimed.has(tensor);
  return new Map([...tensors].filter(([key, tensor]) => known.has(key) || speaks(tensor)));
}
