// Which network tensors belong to: names and shapes are the only witnesses where neither a card nor the caller tells.

import { dilatedNets } from './models/dilatednet.ts';
import { aliases, anySize, expectedTensors, findNetwork, type Network, networks } from './models/registry.ts';
import type { Listing } from './weights/find.ts';
import { badWeights, quote, some } from './weights/tensor.ts';

/** Names and shapes of what a network needs. */
type Expected = ReadonlyMap<string, readonly number[]>;
/** By network and channels of scores, as built so far: building a network takes milliseconds, and there are a hundred. */
export type Expectations = Map<string, Expected>;

export function everyNetwork(): Network[] {
  return [...networks(), ...dilatedNets.keys()].map(findNetwork);
}

export function expectedOf(network: Network, channels: number, built?: Expectations): Expected {
  const key = `${network.canonical} ${channels}`;
  const expected = built?.get(key) ?? expectedTensors(network.build({ classes: channels, ...anySize(network) }));
  built?.set(key, expected);
  return expected;
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

/** Number of tensors that a network needs, null unless they are all there. */
export function needs(network: Network, tensors: Listing, built: Expectations): number | null {
  const [channels = 0, ...others] = tensors.get(network.classifier)?.shape ?? [];
  if (!(channels > 0 && channels <= 256) || others.length !== 3) return null;
  const { network: fitted, tensors: all }: { network: Network; tensors: Listing } = network.fit(tensors);
  // Of a DilatedNet the widths depend on the tensors.
  const expected = expectedOf(fitted, channels, network.tile ? undefined : built);
  const holds = (key: string, shape: readonly number[]): boolean =>
    !all.get(key)?.problem && all.get(key)?.shape.join() === shape.join();
  return [...expected].every(([key, shape]) => holds(key, shape)) ? expected.size : null;
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
