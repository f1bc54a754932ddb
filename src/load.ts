// From whatever names a model to a segmenter: the part of `load` that browsers and Node share.
import { builtIns, checkBuiltIn, urlOf } from './builtin.ts';
import { type Checks, callback, device, either, guarded, list, oneOf, signal, size, text, url } from './check.ts';
import { AtrousError, brief, checkSignal, describe, forPrograms } from './errors.ts';
import type { Progress } from './front/options.ts';
import type { Page } from './front/page.ts';
import { classesOf } from './graph/decision.ts';
import { defaultCard } from './models/cards.ts';
import { checkpoints } from './models/published.ts';
import { findNetwork, type Network } from './models/registry.ts';
import type { VariantChoice } from './plan/choose.ts';
import { type Expectations, everyNetwork, expectedOf, nearest, needs, recognise } from './recognise.ts';
import { Segmenter } from './segmenter.ts';
import type { Precision, ShaderLibrary } from './shader/source.ts';
import { type Card, checkCard, parseCard, withBackground } from './weights/card.ts';
import { checkTensors } from './weights/check.ts';
import { type DownloadOptions, readResponse } from './weights/download.ts';
import { findTensors, type Listing, say } from './weights/find.ts';
import { readWeights } from './weights/read.ts';
import { badWeights, bytesPer, countChecked, type Dtype, quote, some, type Tensor, type Tensors } from './weights/tensor.ts';

/** A name with weights (`regseg-camvid`), a URL, a response to one, a file, its bytes, or tensors by name. In Node a string may also be a path. */
export type Source = string | URL | Response | Blob | ArrayBuffer | Uint8Array | Tensors;

export interface LoadOptions {
  /** The network of weights that carry no card: `regseg`, `exp49_decoder14`, … */
  readonly model?: string;
  /** Classes, palette and preprocessing, instead of the file's own card. */
  readonly card?: Card;
  /** Which dict of a checkpoint to take, dots between nested ones: `model_ema`. Default: the one that fits a network. */
  readonly key?: string;
  /** `auto`: the fastest on this kind of adapter in which the card's self-test holds; f32 where nothing was measured. */
  readonly precision?: Precision | 'auto';
  readonly variants?: VariantChoice;
  /** The caller's own device: it is neither changed nor destroyed. */
  readonly device?: GPUDevice;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** The folder where the files of built-in names lie, in a browser also from the page's own; default: where the package or its bundle has them. */
  readonly baseUrl?: string | URL;
  /** Frames of this size are prepared before `load` is done, so that the first of them is as fast as the next. Default: the first frame's, when it comes. */
  readonly size?: { readonly height: number; readonly width: number };
}

/** What each of them takes. */
export const loadChecks: Checks<LoadOptions> = {
  model: text,
  // A copy: the caller may change theirs.
  card: (value, name) => checkCard(structuredClone(value), `of load()'s ${name}`, 'BAD_USAGE'),
  key: text,
  precision: (value, name) => oneOf(...precisions)(value, name),
  variants: either<VariantChoice>("'auto', 'plain' or a list of names of variants", oneOf('auto', 'plain'), list(text)),
  device,
  signal,
  onProgress: callback,
  baseUrl: url,
  size,
};

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

/** `options` are checked already: what a platform adds to them is none of ours. */
export function loadOn(platform: Platform, source: Source, options: LoadOptions): Promise<Segmenter> {
  return forPrograms(loadModel(platform, source, options));
}

async function loadModel(platform: Platform, source: Source, options: LoadOptions): Promise<Segmenter> {
  const { precision = 'auto', variants = 'auto', device, signal, onProgress, size } = options;
  checkSignal(signal);
  if (!device) await platform.ready?.();
  const weights = await weightsOf(platform, source, options);
  checkSignal(signal);
  const parts = {
    ...weights,
    library: platform.library,
    page: platform.page,
    program: true,
    precision,
    variants,
    openDevice: async () => device ?? platform.openDevice(),
    borrowed: device !== undefined,
  };
  const segmenter = await Segmenter.create(parts, { signal, onProgress });
  if (!size) return segmenter;
  try {
    await segmenter.prepare(size, { signal, onProgress });
    return segmenter;
  } catch (error) {
    await segmenter.dispose();
    throw error;
  }
}

/**
 * What a caller gives to be loaded, of whatever realm (a frame, a test runner's sandbox): tensors are copied by name, never their bytes. Throws
 * `BAD_USAGE`, and `BAD_WEIGHTS` for bytes or tensors that are none.
 */
export function checkSource(source: unknown): Source {
  return guarded("load()'s source", () => {
    if ((typeof source === 'string' && source !== '') || source instanceof URL) return source;
    if (source instanceof Blob || source instanceof Response) return source;
    const type = Object.prototype.toString.call(source);
    if (type === '[object Map]')
      return new Map([...(source as Tensors)].map(([name, tensor]) => [String(name), checkTensor(tensor, String(name))]));
    if (type === '[object ArrayBuffer]' || type === '[object Uint8Array]') {
      const bytes = source as ArrayBuffer | Uint8Array;
      if (bytes.byteLength > 0) return bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
      throw new AtrousError('BAD_WEIGHTS', 'the weights have no bytes: the buffer is empty, or was transferred to somebody else');
    }
    throw new AtrousError(
      'BAD_USAGE',
      `load() can't load ${brief(source)}: give a name, a URL, a Response, a File, bytes, or a Map of tensors`,
    );
  });
}

function checkTensor(tensor: unknown, name: string): Tensor {
  const { dtype, shape, bytes } = (tensor ?? {}) as Partial<Tensor>;
  const size = bytesPer[dtype as Dtype];
  if (size !== undefined && Array.isArray(shape) && bytes instanceof Uint8Array) {
    const sizes = [...shape];
    if (bytes.length === countChecked(sizes) * size) return { dtype: dtype!, shape: sizes, bytes };
  }
  throw new AtrousError(
    'BAD_WEIGHTS',
    `the tensors: ${quote(name)} must be { dtype, shape, bytes }: one of ${Object.keys(bytesPer).join(', ')}, a list of sizes, and a Uint8Array that holds them`,
  );
}

async function weightsOf(platform: Platform, source: Source, options: LoadOptions): Promise<LoadedWeights> {
  if (source instanceof Map) return checkWeights(source, 'the tensors', options.card ?? null, options.model ?? null, options.key);
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
  { model, card, key }: Pick<LoadOptions, 'model' | 'card' | 'key'>,
): Promise<LoadedWeights> {
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
