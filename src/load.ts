// From weights to the network that they fit: files of any format, checked by names, shapes and cards.
import { urlOf } from './builtin.ts';
import { AtrousError, describe } from './errors.ts';
import { classesOf } from './graph/decision.ts';
import { defaultCard } from './models/cards.ts';
import { checkpoints } from './models/published.ts';
import { findNetwork, type Network } from './models/registry.ts';
import { type Expectations, everyNetwork, expectedOf, nearest, needs, recognise } from './recognise.ts';
import { type Card, parseCard, withBackground } from './weights/card.ts';
import { checkTensors } from './weights/check.ts';
import type { DownloadOptions } from './weights/download.ts';
import { findTensors, type Listing, say } from './weights/find.ts';
import { readWeights } from './weights/read.ts';
import { readResponse } from './weights/response.ts';
import { badWeights, some, type Tensor, type Tensors } from './weights/tensor.ts';

export interface ReadOptions {
  readonly model?: string;
  readonly card?: Card;
  readonly key?: string;
}

/** Weights with everything that is known of them. */
export interface LoadedWeights {
  readonly network: Network;
  readonly tensors: Tensors;
  readonly card: Card;
  /** What was assumed because nothing tells, for people; null otherwise. */
  readonly assumed: string | null;
}

/** Weights from anywhere. `fetch` gives the bytes behind a URL or path. */
export async function readSource(
  fetch: (url: string | URL, options: DownloadOptions) => Promise<Uint8Array>,
  source: string | URL | Response | Blob | ArrayBuffer | Uint8Array | Tensors,
  options: ReadOptions & DownloadOptions & { readonly baseUrl?: string | URL },
): Promise<LoadedWeights> {
  const { model, card, key } = options;
  const asked = { model, card, key };
  if (source instanceof Map) return checkWeights(source, 'the tensors', card ?? null, model ?? null, key);
  if (source instanceof Blob)
    return decodeWeights(new Uint8Array(await source.arrayBuffer()), (source as File).name ?? 'the file', asked);
  if (source instanceof ArrayBuffer) return decodeWeights(new Uint8Array(source), 'the weights', asked);
  if (source instanceof Uint8Array) return decodeWeights(source, 'the weights', asked);
  if (source instanceof Response) return decodeWeights(await readResponse(source, options), source.url || 'the response', asked);
  const name = String(source);
  if (!checkpoints.has(name)) return decodeWeights(await fetch(source as string | URL, options), name, asked);
  const file = `${name}.safetensors`;
  if (options.baseUrl === undefined) {
    const pull = `run atrous pull ${name} -o ${file} and serve the file`;
    throw new AtrousError(
      'NO_FILE',
      `weights "${name}" are not in the package: ${pull}; then load its URL, or give its folder as baseUrl`,
    );
  }
  return decodeWeights(await fetch(urlOf(file, options.baseUrl, undefined), options), file, { ...asked, model: name });
}

/** A weights file's bytes → checked weights. The card is the caller's, or the file's own, or the default of the network. */
export async function decodeWeights(bytes: Uint8Array, name: string, { model, card, key }: ReadOptions): Promise<LoadedWeights> {
  const { tensors, metadata } = await readWeights(bytes, name);
  const own = metadata.get('atrous');
  return checkWeights(tensors, name, card ?? (own === undefined ? null : parseCard(own, `in ${name}`)), model ?? null, key);
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
): LoadedWeights {
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
  const channels = inFile(name, () => found.channels(there));
  const classes = classesOf(channels);
  if (classes > 256) throw new AtrousError('BAD_WEIGHTS', `${name} has ${classes} classes, a class map holds at most 256`);
  const { network, tensors: whole } = found.fit(there, card?.activation && { activation: card.activation });
  const expected = expectedOf(network, channels);
  checkTensors(whole, expected, name);
  const tensors = new Map([...whole].filter(([each]) => expected.has(each)).map(([each, tensor]) => [each, readNow(tensor)]));
  // Networks that differ in their dilations alone have the same tensors: the card is the only witness.
  if (model !== null && card && findNetworkOrNull(card.model)?.canonical !== network.canonical) {
    throw new AtrousError(
      'BAD_WEIGHTS',
      `${name}: its card says ${card.model}, and ${network.canonical} is asked for: leave one out or correct the card`,
    );
  }
  const complete = card && channels === 1 ? withBackground(card) : card;
  if (complete && complete.classes.length !== classes) {
    throw new AtrousError(
      'BAD_WEIGHTS',
      `${name} has ${classes} classes, its card names ${complete.classes.length}: correct the card (the one given, X.card.json beside the file, or its metadata)`,
    );
  }
  if (card?.activation && channels > 1) {
    throw new AtrousError(
      'BAD_WEIGHTS',
      `${name}: its card has "activation", which is for a single channel of scores, and there are ${channels}: leave it out`,
    );
  }
  const [cut, own] = [card?.preprocessing.tile, network.tile];
  if (cut && cut.margin !== own?.margin) {
    const takes = own ? `has a margin of ${own.margin}` : 'takes pictures whole';
    throw new AtrousError(
      'BAD_WEIGHTS',
      `${name}: its card has tiles with a margin of ${cut.margin}, ${network.canonical} ${takes}: correct "preprocessing.tile", or leave it out`,
    );
  }
  const notes = [severalFit(paths, name), assumed].filter(note => note !== null);
  return { network, tensors, card: complete ?? defaultCard(network.canonical, channels), assumed: notes.join('; ') || null };
}

/** Of a file in which nothing fits: the first needed value that is no tensor, or the first of all where there are no tensors. */
function throwProblem(read: Listing, there: Listing, known: ReadonlySet<string>): void {
  const needed = [...there].find(([name, { problem }]) => problem && known.has(name))?.[1];
  const first = [...read.values()].every(({ problem }) => problem) ? read.values().next().value : undefined;
  const problem = (needed ?? first)?.problem;
  if (problem) throw problem();
}

/** A tensor that holds its bytes, and nothing of the file's other contents. */
function readNow(tensor: Tensor): Tensor {
  if (!Object.getOwnPropertyDescriptor(tensor, 'bytes')?.get) return tensor;
  const { dtype, shape, bytes } = tensor;
  return { dtype, shape, bytes };
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

/** A fault that the file's own contents cause is told with the file's name. */
function inFile<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new AtrousError('BAD_WEIGHTS', `${name}: ${describe(error)}`, { cause: error });
  }
}
