// Which network tensors belong to: names and shapes are the only witnesses where neither a card nor the caller tells.
import { AtrousError } from './errors.ts';
import { type Expectations, expectedOf, fitTo, inFile, needs } from './fit.ts';
import { defaultCard } from './models/cards.ts';
import { dilatedNets } from './models/dilatednet.ts';
import type { LoadedWeights } from './models/network.ts';
import { aliases, findNetwork, type Network, networks } from './models/registry.ts';
import type { Card } from './weights/card.ts';
import { findTensors, type Listing, say } from './weights/find.ts';
import { badWeights, quote, some } from './weights/tensor.ts';

export function everyNetwork(): Network[] {
  return [...networks(), ...dilatedNets.keys()].map(findNetwork);
}

/**
 * The network whose tensors these are, by names and shapes alone: the one that needs the most of them, because a front end's are part of a whole
 * DilatedNet's. Dilations and means leave no trace in a checkpoint, so several may fit: then it is the one that was published with as many classes, or
 * has a short name, because weights of the others were never published.
 */
export function recognise(
  candidates: readonly Network[],
  tensors: Listing,
  name: string,
  built: Expectations,
): { readonly network: Network; readonly assumed: string | null } {
  const fitting = candidates.map(network => ({ network, needs: needs(network, tensors, built) }));
  const most = Math.max(...fitting.map(row => row.needs ?? 0));
  const found = fitting.filter(row => row.needs === most).map(({ network }) => network);
  if (found.length === 0) throw badWeights(name, `no known network has these tensors: ${nearest(candidates, tensors, built)}`);
  const known = found.length > 1 ? found.filter(network => isPublished(network, tensors)) : found;
  const names = (known.length > 1 ? known : found).map(({ canonical }) => canonical).join(', ');
  if (known.length === 1) {
    const [network] = known;
    const assumed =
      found.length > 1 ? `${name} fits ${names}: taken for ${network.canonical}; --model or MODEL says otherwise` : null;
    return { network, assumed };
  }
  throw badWeights(name, `${names} all have these tensors; name it by --model or MODEL`);
}

/** Of tensors that fit nothing: which network comes nearest (of equals one with a short name), what it lacks, and what is there instead. */
export function nearest(candidates: readonly Network[], tensors: Listing, built: Expectations): string {
  const there = `there ${tensors.size === 1 ? 'is' : 'are'} ${some([...tensors.keys()].map(quote), 2) || 'none but scalars and counters'}`;
  const rows = candidates.map(network => {
    const channels = tensors.get(network.classifier)?.shape[0] ?? 0;
    const expected = expectedOf(network, channels > 0 && channels <= 256 ? channels : network.publishedClasses, built);
    const lacking = [...expected].filter(([key, shape]) => tensors.get(key)?.shape.join() !== shape.join()).map(([key]) => key);
    return { network, expected, lacking };
  });
  const short = [...aliases.values()];
  // A share of the network, so that a small one of which nothing is there is no nearer than a large one.
  const rank = ({ network, expected, lacking }: (typeof rows)[number]): number =>
    lacking.length / expected.size + (short.includes(network.canonical) ? 0 : 1e-6);
  const [{ network, expected, lacking }] = rows.sort((a, b) => rank(a) - rank(b));
  if (2 * lacking.length > expected.size)
    return `${there}, those of ${network.canonical} begin with ${[...expected.keys()].slice(0, 1).map(quote)}; atrous models lists the networks, --model or MODEL names one`;
  const unknown = [...tensors.keys()].filter(key => !expected.has(key));
  const instead = unknown.length > 0 ? `, there is ${some(unknown.map(quote), 2)} instead` : '';
  return (
    `nearest is ${network.canonical}, and of its ${expected.size} ${lacking.length} ` +
    `are missing or of another shape (${some(lacking.map(quote), 2)})${instead}; name it by --model or MODEL`
  );
}

/** Whether weights like these were published for the network: RegSeg's for those with a short name, DilatedNet's for as many classes alone. */
function isPublished(network: Network, tensors: Listing): boolean {
  if (!network.tile) return [...aliases.values()].includes(network.canonical);
  return network.channels(tensors) === network.publishedClasses;
}

/**
 * Finds the network (named by the caller, else by the card, else the only one with these tensors) and its tensors, wherever in the file they lie, and
 * holds the tensors to it. Throws `BAD_WEIGHTS` when names, shapes, classes or the card disagree.
 */
export function checkWeights(
  read: Listing,
  name: string,
  card: Card | null,
  model: string | null,
  key: string | null = null,
): LoadedWeights<Network> {
  const asked = model !== null ? findNetwork(model) : card ? inFile(name, () => findNetwork(card.model)) : null;
  const candidates = asked ? [asked] : everyNetwork();
  const expectations: Expectations = new Map();
  const known = new Set(candidates.flatMap(network => [...expectedOf(network, network.publishedClasses, expectations).keys()]));
  const fits = (tensors: Listing): boolean => candidates.some(network => needs(network, tensors, expectations) !== null);
  const { tensors: there, paths } = findTensors(read, name, { known, fits, key });
  if (paths.length === 0) throwProblem(read, there, known);
  const present = [...known].filter(each => there.has(each)).length;
  if (asked && !there.has(asked.classifier) && 2 * present < known.size)
    throw badWeights(name, `these are no tensors of ${asked.canonical}: ${nearest([asked], there, expectations)}`);
  const { network: found, assumed } = asked ? { network: asked, assumed: null } : recognise(candidates, there, name, expectations);
  const weights = fitTo(found, there, name, card, defaultCard);
  // Networks that differ in their dilations alone have the same tensors: the card is the only witness.
  if (model !== null && card && findNetworkOrNull(card.model)?.canonical !== found.canonical) {
    throw new AtrousError(
      'BAD_WEIGHTS',
      `${name}: its card says ${card.model}, and ${found.canonical} is asked for: leave one out or correct the card`,
    );
  }
  const notes = [severalFit(paths, name), assumed].filter(note => note !== null);
  return { ...weights, assumed: notes.join('; ') || null };
}

/** Of a file in which nothing fits: the first needed value that is no tensor, or the first of all where there are no tensors. */
function throwProblem(read: Listing, there: Listing, known: ReadonlySet<string>): void {
  const needed = [...there].find(([name, { problem }]) => problem && known.has(name))?.[1];
  const first = [...read.values()].every(({ problem }) => problem) ? read.values().next().value : undefined;
  const problem = (needed ?? first)?.problem;
  if (problem) throw problem();
}

function severalFit([taken, ...others]: readonly string[], name: string): string | null {
  if (others.length === 0) return null;
  return `${name}: ${some(others.map(say))} fit${others.length > 1 ? '' : 's'} too: ${say(taken)} is taken; --key says otherwise`;
}

function findNetworkOrNull(model: string): Network | null {
  try {
    return findNetwork(model);
  } catch {
    return null;
  }
}
