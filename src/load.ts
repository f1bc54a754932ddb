// From weights to the network that they fit: files of any format, checked by names, shapes and cards.
import { builtIns, urlOf } from './builtin.ts';
import { AtrousError } from './errors.ts';
import { expectedOf, fitTo, needs, readNow } from './fit.ts';
import { aliases, knownRegseg } from './models/known-regseg.ts';
import type { LoadedWeights, Network } from './models/network.ts';
import { usualCard } from './models/usual-card.ts';
import type { Precision } from './shader/source.ts';
import { type Card, checkCard, type PartialCard, type Preprocessing, parseCard, parsePart } from './weights/card.ts';
import type { DownloadOptions } from './weights/download.ts';
import { findTensors, type Listing } from './weights/find.ts';
import { isOnnx } from './weights/magic.ts';
import { readWeights } from './weights/read.ts';
import { readResponse } from './weights/response.ts';
import { badWeights, quote, some, type Tensors } from './weights/tensor.ts';

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
    return weightsIn(source, 'the tensors', wholeCard(card), model ?? null, key);
  }
  if (source instanceof Blob)
    return decodeWeights(new Uint8Array(await source.arrayBuffer()), (source as File).name ?? 'the file', asked);
  if (source instanceof ArrayBuffer) return decodeWeights(new Uint8Array(source), 'the weights', asked);
  if (source instanceof Uint8Array) return decodeWeights(source, 'the weights', asked);
  if (source instanceof Response) return decodeWeights(await readResponse(source, options), source.url || 'the response', asked);
  const name = String(source);
  if (!(await isCheckpoint(name))) {
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

/** A bare word is no URL that anyone means. */
async function isCheckpoint(name: string): Promise<boolean> {
  return /^[\w-]+$/.test(name) && (await import('./models/published.ts')).checkpoints.has(name);
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
  if (!known?.int8) return weightsIn(tensors, name, given ?? known, model ?? null, key);
  const [{ withScales }, { inInt8 }] = await Promise.all([import('./weights/int8.ts'), import('./int8.ts')]);
  // What codes stand for is the file's own affair, whatever else a card beside it says.
  const weights = await weightsIn(withScales(tensors, name), name, { ...(given ?? known), int8: known.int8 }, model ?? null, key);
  return { ...weights, ...inInt8(weights.network, known.int8, name), stored: [bytes] };
}

/** Of any network of the registry, which is fetched for all but the package's own. Throws as `checkWeights` of recognise.ts. */
async function weightsIn(...given: Contents): Promise<LoadedWeights<Network>> {
  return ownWeights(...given) ?? (await import('./recognise.ts')).checkWeights(...given);
}

type Contents = [read: Listing, name: string, card: Card | null, model: string | null, key: string | undefined];

/** Tensors of a network that the package has weights of: pages have all that it needs. Null where they are anything else, or not as plain as its own. */
function ownWeights(...[read, name, card, model, key]: Contents): LoadedWeights<Network> | null {
  const network = ownNetwork(model ?? card?.model);
  if (!network || (card && !ownNetwork(card.model))) return null;
  const known = new Set(expectedOf(network, network.publishedClasses).keys());
  const { tensors, paths } = findTensors(read, name, {
    known,
    fits: tensors => needs(network, tensors) !== null,
    key: key ?? null,
  });
  const plain = [...tensors.values()].every(({ dtype }) => dtype === 'F32' || dtype === 'F16');
  if (paths.length !== 1 || network.channels(tensors) === 1 || !plain) return null;
  return { ...fitTo(network, tensors, name, card, usualCard), assumed: null };
}

function ownNetwork(name = ''): Network | null {
  const canonical = aliases.get(name) ?? name;
  for (const [builtIn, { body, decoder }] of builtIns)
    if (name === builtIn || canonical === `${body}_${decoder}`) return knownRegseg(name, body, decoder);
  return null;
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
