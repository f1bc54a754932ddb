// From whatever names a model to a segmenter: the part of `load` that browsers and Node share.
import { builtIns, checkBuiltIn, urlOf } from './builtin.ts';
import { AtrousError, checkSignal, describe } from './errors.ts';
import type { Progress } from './front/options.ts';
import type { Page } from './front/page.ts';
import { classesOf } from './graph/decision.ts';
import { defaultCard } from './models/cards.ts';
import { dilatedNets } from './models/dilatednet.ts';
import { checkpoints } from './models/published.ts';
import { aliases, anySize, expectedTensors, findNetwork, type Network, networks } from './models/registry.ts';
import type { VariantChoice } from './plan/choose.ts';
import { Segmenter } from './segmenter.ts';
import type { Precision, ShaderLibrary } from './shader/source.ts';
import { type Card, parseCard, withBackground } from './weights/card.ts';
import { checkTensors } from './weights/check.ts';
import { type DownloadOptions, readResponse } from './weights/download.ts';
import { readWeights } from './weights/read.ts';
import type { Tensors } from './weights/tensor.ts';

/** A name with weights (`regseg-camvid`), a URL, a response to one, a file, its bytes, or tensors by name. In Node a string may also be a path. */
export type Source = string | URL | Response | Blob | ArrayBuffer | Uint8Array | Tensors;

export interface LoadOptions {
  /** The network of weights that carry no card: `regseg`, `exp49_decoder14`, … */
  readonly model?: string;
  /** Classes, palette and preprocessing, instead of the file's own card. */
  readonly card?: Card;
  /** `auto`: the fastest on this kind of adapter in which the card's self-test holds; f32 where nothing was measured. */
  readonly precision?: Precision | 'auto';
  readonly variants?: VariantChoice;
  /** The caller's own device: it is neither changed nor destroyed. */
  readonly device?: GPUDevice;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** The folder where the files of built-in names lie, in a browser also from the page's own; default: where the package or its bundle has them. */
  readonly baseUrl?: string | URL;
}

export const precisions = ['f32', 'half', 'f16', 'auto'] as const;

/** What a platform lends to `load`. */
export interface Platform {
  readonly library: ShaderLibrary;
  openDevice(): Promise<GPUDevice>;
  /** What pages have beside pixels and textures. */
  readonly page?: Page;
  /** Throws `NO_ADAPTER` where no device can be had, before anything is fetched for it. */
  ready?(): Promise<unknown>;
  /** The bytes behind a URL or path. */
  fetch(url: string | URL, options: DownloadOptions): Promise<Uint8Array>;
}

/** Weights with everything that is known of them. */
export interface LoadedWeights {
  readonly network: Network;
  readonly tensors: Tensors;
  readonly card: Card;
  /** What was assumed because nothing tells, for people; null otherwise. */
  readonly assumed: string | null;
}

export async function loadOn(platform: Platform, source: Source, options: LoadOptions = {}): Promise<Segmenter> {
  const { precision = 'auto', variants = 'auto', device, signal, onProgress } = options;
  if (!precisions.includes(precision))
    throw new AtrousError('BAD_USAGE', `precision "${precision}": allowed are ${precisions.join(', ')}`);
  checkSignal(signal);
  if (!device) await platform.ready?.();
  const weights = await weightsOf(platform, source, options);
  checkSignal(signal);
  const parts = {
    ...weights,
    library: platform.library,
    page: platform.page,
    precision,
    variants,
    openDevice: async () => device ?? platform.openDevice(),
    borrowed: device !== undefined,
  };
  return Segmenter.create(parts, { signal, onProgress });
}

async function weightsOf(platform: Platform, source: Source, options: LoadOptions): Promise<LoadedWeights> {
  if (source instanceof Map) return checkWeights(source, 'the tensors', options.card ?? null, options.model ?? null);
  if (source instanceof Blob)
    return decodeWeights(new Uint8Array(await source.arrayBuffer()), (source as File).name ?? 'the file', options);
  if (source instanceof ArrayBuffer) return decodeWeights(new Uint8Array(source), 'the weights', options);
  if (source instanceof Uint8Array) return decodeWeights(source, 'the weights', options);
  if (source instanceof Response) return decodeWeights(await readResponse(source, options), source.url || 'the response', options);
  const name = String(source);
  const builtIn = builtIns.get(name);
  if (!builtIn && !checkpoints.has(name))
    return decodeWeights(await platform.fetch(source as string | URL, options), name, options);
  const file = builtIn?.file ?? `${name}.safetensors`;
  if (!builtIn && options.baseUrl === undefined) {
    const pull = `run atrous pull ${name} -o ${file} and serve the file`;
    throw new AtrousError(
      'NO_FILE',
      `weights "${name}" are not in the package: ${pull}; then load its URL, or give its folder as baseUrl`,
    );
  }
  const url = urlOf(file, options.baseUrl, builtIn?.url);
  const bytes = await platform.fetch(url, { ...options, bytes: builtIn?.bytes });
  if (builtIn) await checkBuiltIn(name, builtIn, bytes, url);
  return decodeWeights(bytes, file, { ...options, model: name });
}

/** A weights file's bytes → checked weights. The card is the caller's, or the file's own, or the default of the network. */
export async function decodeWeights(
  bytes: Uint8Array,
  name: string,
  { model, card }: Pick<LoadOptions, 'model' | 'card'>,
): Promise<LoadedWeights> {
  const { tensors, metadata } = await readWeights(bytes, name);
  const own = metadata.get('atrous');
  return checkWeights(tensors, name, card ?? (own === undefined ? null : parseCard(own, `in ${name}`)), model ?? null);
}

/**
 * Finds the network (named by the caller, else by the card, else the only one with these tensors) and holds the tensors to it.
 * Throws `BAD_WEIGHTS` when names, shapes, classes or the card disagree.
 */
export function checkWeights(read: Tensors, name: string, card: Card | null, model: string | null): LoadedWeights {
  const asked = model !== null ? findNetwork(model) : card ? inFile(name, () => findNetwork(card.model)) : null;
  const { network: found, assumed } = asked ? { network: asked, assumed: null } : recognise(read, name);
  const channels = inFile(name, () => found.channels(read));
  const classes = classesOf(channels);
  if (classes > 256) throw new AtrousError('BAD_WEIGHTS', `${name} has ${classes} classes, a class map holds at most 256`);
  const { network, tensors } = found.fit(read, card?.activation && { activation: card.activation });
  checkTensors(tensors, expectedTensors(network.build(anySize(network))), name);
  // Networks that differ in their dilations alone have the same tensors: the card is the only witness.
  if (model !== null && card && findNetworkOrNull(card.model)?.canonical !== network.canonical) {
    throw new AtrousError(
      'BAD_WEIGHTS',
      `${name}: its card says ${card.model}, --model says ${network.canonical}: leave one out or correct the card`,
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
  return { network, tensors, card: complete ?? defaultCard(network.canonical, channels), assumed };
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

/**
 * The network whose tensors these are, by names and shapes alone: the one that needs the most of them, because a front end's are part of a whole
 * DilatedNet's. Dilations and means leave no trace in a checkpoint, so several may fit: then it is the one that was published with as many classes, or
 * has a short name, because weights of the others were never published.
 */
function recognise(tensors: Tensors, name: string): Pick<LoadedWeights, 'network' | 'assumed'> {
  const fitting = [...networks(), ...dilatedNets.keys()]
    .map(findNetwork)
    .map(network => ({ network, needs: needs(network, tensors) }));
  const most = Math.max(...fitting.map(row => row.needs ?? 0));
  const found = fitting.filter(row => row.needs === most).map(({ network }) => network);
  const known = found.length > 1 ? found.filter(network => isPublished(network, tensors)) : found;
  const names = (known.length > 1 ? known : found).map(({ canonical }) => canonical).join(', ');
  if (known.length === 1) {
    const [network] = known;
    const assumed = found.length > 1 ? `${name} fits ${names}: taken for ${network.canonical}; --model says otherwise` : null;
    return { network, assumed };
  }
  throw new AtrousError(
    'BAD_WEIGHTS',
    `${name}: ${found.length ? `${names} all have these tensors` : 'no known network has these tensors'}; say which with --model`,
  );
}

/** Number of tensors that a network needs, null unless they are all there. */
function needs(network: Network, tensors: Tensors): number | null {
  const [channels = 0, ...others] = tensors.get(network.classifier)?.shape ?? [];
  if (!(channels > 0 && channels <= 256) || others.length !== 3) return null;
  const { network: fitted, tensors: all } = network.fit(tensors);
  const expected = [...expectedTensors(fitted.build(anySize(fitted)))];
  return expected.every(([key, shape]) => all.get(key)?.shape.join() === shape.join()) ? expected.length : null;
}

/** Whether weights like these were published for the network: RegSeg's for those with a short name, DilatedNet's for as many classes alone. */
function isPublished(network: Network, tensors: Tensors): boolean {
  if (!network.tile) return [...aliases.values()].includes(network.canonical);
  return network.channels(tensors) === network.publishedClasses;
}
