// From weights to the network that they fit: files of any format, checked by names, shapes and cards.
import { urlOf } from './builtin.ts';
import { AtrousError, describe } from './errors.ts';
import { classesOf } from './graph/decision.ts';
import { defaultCard } from './models/cards.ts';
import type { LoadedWeights } from './models/network.ts';
import { checkpoints } from './models/published.ts';
import { findNetwork, type Network } from './models/registry.ts';
import { type Expectations, everyNetwork, expectedOf, nearest, needs, recognise } from './recognise.ts';
import type { Precision } from './shader/source.ts';
import {
  type Card,
  checkCard,
  type PartialCard,
  type Preprocessing,
  parseCard,
  parsePart,
  withBackground,
} from './weights/card.ts';
import { checkTensors } from './weights/check.ts';
import type { DownloadOptions } from './weights/download.ts';
import { findTensors, type Listing, say } from './weights/find.ts';
import { isOnnx } from './weights/magic.ts';
import { readWeights } from './weights/read.ts';
import { readResponse } from './weights/response.ts';
import { badWeights, quote, some, type Tensor, type Tensors } from './weights/tensor.ts';

export type { LoadedWeights } from './models/network.ts';

export interface ReadOptions {
  readonly model?: string;
  /** Of an ONNX file any part of one. */
  readonly card?: PartialCard;
  readonly key?: string;
  /** What the weights are to run in: int8 codes in nothing else, and nothing else in int8. */
  readonly precision?: Precision | 'int8' | 'auto';
  /** Of an ONNX file: what goes before its card's. */
  readonly preprocessing?: Partial<Preprocessing>;
  /** Of an ONNX file: the output that is meant. Default: the first. */
  readonly outputName?: string;
  /** The bytes of a file beside the one that is read; absent where it lies in no folder. */
  readonly beside?: (name: string) => Promise<Uint8Array>;
}

/** How a platform reads what has a URL or path. */
export interface Reader {
  /** The bytes behind it. */
  fetch(url: string | URL, options: DownloadOptions): Promise<Uint8Array>;
  /** Of a file in its folder; default: as `fetch`. */
  beside?(path: string, name: string): Promise<Uint8Array>;
  /** The card that lies beside an ONNX file; default: none does. */
  cardBeside?(path: string): Promise<PartialCard | undefined>;
}

async function readAny(
  reader: Reader,
  source: string | URL | Response | Blob | ArrayBuffer | Uint8Array | Tensors | Files,
  options: ReadOptions & DownloadOptions & { readonly baseUrl?: string | URL },
): Promise<LoadedWeights> {
  const { model, card, key, outputName, precision } = options;
  const asked: ReadOptions = { model, card, key, outputName, precision };
  if (source instanceof Map) {
    if (isFiles(source)) return readFiles(source, asked);
    if (outputName !== undefined) throw new AtrousError('BAD_USAGE', 'outputName is for ONNX files: leave it out');
    return checkWeights(source, 'the tensors', wholeCard(card), model ?? null, key);
  }
  if (source instanceof Blob)
    return decodeWeights(new Uint8Array(await source.arrayBuffer()), (source as File).name ?? 'the file', asked);
  if (source instanceof ArrayBuffer) return decodeWeights(new Uint8Array(source), 'the weights', asked);
  if (source instanceof Uint8Array) return decodeWeights(source, 'the weights', asked);
  if (source instanceof Response) return decodeWeights(await readResponse(source, options), source.url || 'the response', asked);
  const name = String(source);
  if (!checkpoints.has(name)) {
    const beside = (other: string): Promise<Uint8Array> =>
      reader.beside?.(name, other) ?? reader.fetch(besideOf(name, other), { signal: options.signal });
    const bytes = await reader.fetch(source as string | URL, options);
    const own = card ?? (isOnnx(bytes, name) ? await reader.cardBeside?.(name) : undefined);
    return decodeWeights(bytes, name, { ...asked, card: own, beside });
  }
  const file = `${name}.safetensors`;
  if (options.baseUrl === undefined) {
    const pull = `run atrous pull ${name} -o ${file} and serve the file`;
    throw new AtrousError(
      'NO_FILE',
      `weights "${name}" are not in the package: ${pull}; then load its URL, or give its folder as baseUrl`,
    );
  }
  return decodeWeights(await reader.fetch(await urlOf(file, options.baseUrl, undefined), options), file, { ...asked, model: name });
}

/** Weights from anywhere. Throws as `checkPrecision`. */
export async function readSource(...[reader, source, options]: Parameters<typeof readAny>): Promise<LoadedWeights> {
  const weights = await readAny(reader, source, options);
  const named = typeof source === 'string' || source instanceof URL;
  checkPrecision(weights, named ? String(source) : 'the file', options.precision);
  return weights;
}

/** A weights file's bytes → checked weights. The card is the caller's, or the file's own, or the default of the network. */
export async function decodeWeights(bytes: Uint8Array, name: string, options: ReadOptions): Promise<LoadedWeights> {
  const { model, card, key, outputName } = options;
  if (isOnnx(bytes, name)) {
    const wrong = model !== undefined ? 'model' : key !== undefined ? 'key' : null;
    if (wrong) throw new AtrousError('BAD_USAGE', `${wrong}: ${name} is an ONNX file, which is a network of its own: leave it out`);
    return (await import('./onnx/load.ts')).loadOnnx(bytes, name, options);
  }
  if (outputName !== undefined)
    throw new AtrousError('BAD_USAGE', `outputName is for ONNX files, and ${name} is none: leave it out`);
  const { tensors, metadata } = await readWeights(bytes, name);
  const own = metadata.get('atrous');
  if (metadata.has('atrous.topology')) {
    const wrong = model !== undefined ? 'model' : key !== undefined ? 'key' : null;
    if (wrong) throw new AtrousError('BAD_USAGE', `${wrong}: ${name} is a network of its own: leave it out`);
    const plain = new Map([...tensors].map(([each, tensor]) => [each, readNow(tensor)]));
    const { loadStored } = await import('./onnx/stored.ts');
    return { ...(await loadStored(plain, metadata, name, options)), stored: [bytes] };
  }
  const known = own === undefined ? null : parseCard(own, `in ${name}`);
  const given = wholeCard(card);
  if (!known?.int8) return checkWeights(tensors, name, given ?? known, model ?? null, key);
  const [{ withScales }, { inInt8 }] = await Promise.all([import('./weights/int8.ts'), import('./int8.ts')]);
  // What codes stand for is the file's own affair, whatever else a card beside it says.
  const weights = checkWeights(withScales(tensors, name), name, { ...(given ?? known), int8: known.int8 }, model ?? null, key);
  return { ...weights, ...inInt8(weights.network, known.int8, name), stored: [bytes] };
}

/** Throws `BAD_USAGE` for int8 of weights that have no codes, and for anything else of those that have. */
export function checkPrecision(
  { card }: { readonly card: { readonly int8?: unknown } },
  file: string,
  precision: Precision | 'int8' | 'auto' = 'auto',
): void {
  if (precision === 'int8' && !card.int8)
    throw new AtrousError(
      'BAD_USAGE',
      `precision int8: ${file} holds no int8 codes: convert it with atrous convert --precision int8 --calibrate DIR`,
    );
  if (card.int8 && precision !== 'int8' && precision !== 'auto')
    throw new AtrousError(
      'BAD_USAGE',
      `precision ${precision}: ${file} holds int8 codes, which run in int8 alone: leave it out, or take the file that it was made of`,
    );
}

/** Weights of a network of the registry. Throws `BAD_USAGE` for an ONNX file, which has no checkpoint's names. */
export function registered(weights: LoadedWeights, file: string): LoadedWeights<Network> {
  if ('classifier' in weights.network) return weights as LoadedWeights<Network>;
  throw new AtrousError('BAD_USAGE', `${file} is a network of its own: it is no checkpoint of a network that has a name`);
}

/** Of networks that are no ONNX file every field of a card is needed. */
function wholeCard(card: PartialCard | undefined): Card | null {
  return card === undefined ? null : checkCard(card, "of load()'s card", 'BAD_USAGE');
}

/** Files by name: an ONNX file, and what lies beside it. */
export type Files = ReadonlyMap<string, Blob | Uint8Array>;

function isFiles(map: Files | Tensors): map is Files {
  const [first] = map.values();
  return first instanceof Blob || first instanceof Uint8Array;
}

/** Throws `BAD_USAGE` unless one of them alone is an ONNX file; `X.card.json` beside X.onnx is its card. */
async function readFiles(files: Files, options: ReadOptions): Promise<LoadedWeights> {
  const bytesOf = async (file: Blob | Uint8Array): Promise<Uint8Array> =>
    file instanceof Blob ? new Uint8Array(await file.arrayBuffer()) : file;
  const models = [...files.keys()].filter(name => /\.onnx$/i.test(name));
  const [name] = models;
  if (models.length !== 1)
    throw new AtrousError(
      'BAD_USAGE',
      `a Map of files needs one ONNX file, and ${models.length} of its ${files.size} end in .onnx: ${some([...files.keys()].map(quote))}`,
    );
  const card = files.get(cardBeside(name));
  const given = options.card ?? (card && parsePart(new TextDecoder().decode(await bytesOf(card)), cardBeside(name)));
  const beside = async (other: string): Promise<Uint8Array> => {
    const file = files.get(besideOf(name, other)) ?? files.get(other);
    if (file) return bytesOf(file);
    throw badWeights(
      name,
      `its weights lie in ${quote(other)}, which is not among the ${files.size} files: add it under that name`,
    );
  };
  return decodeWeights(await bytesOf(files.get(name)!), name, { ...options, card: given, beside });
}

/** The card of a file that lies beside it. */
export function cardBeside(path: string): string {
  return `${path.replace(/\.[^./\\]+$/, '')}.card.json`;
}

/** A letter before the colon alone is a drive. */
export function isUrl(path: string): boolean {
  return /^[a-z][a-z+.-]+:/i.test(path);
}

/** A path or URL in the folder of another. */
export function besideOf(path: string, name: string): string {
  if (!isUrl(path)) return path.replace(/[^/\\]*$/, '') + name;
  return new URL(name.split('/').map(encodeURIComponent).join('/'), path).href;
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
