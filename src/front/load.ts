// `load`: from whatever names a model to a segmenter; what browsers and Node share of it. Built-in names need nothing else; what reads and recognises
// other weights is fetched when somebody has some.
import { builtIns, checkBuiltIn, readBuiltIn, urlOf } from '../builtin.ts';
import { type Checks, callback, device, either, flag, guarded, list, oneOf, signal, size, such, text, url } from '../check.ts';
import { AtrousError, brief, checkSignal, forPrograms } from '../errors.ts';
import type { Files, LoadedWeights, Reader } from '../load.ts';
import { regsegNetwork } from '../models/regseg-network.ts';
import type { VariantChoice } from '../plan/choose.ts';
import { Segmenter } from '../segmenter.ts';
import type { Memory, SelfTest } from '../self-test.ts';
import type { Precision, ShaderLibrary } from '../shader/source.ts';
import type { PartialCard } from '../weights/card.ts';
import { bytesPer, countChecked, type Dtype, quote, type Tensor, type Tensors } from '../weights/tensor.ts';
import type { Loss } from './opened.ts';
import type { Progress } from './options.ts';
import type { Page } from './page.ts';

/**
 * A name with weights (`regseg-camvid`), a URL, a response to one, a file, its bytes, or tensors by name; of an ONNX file with others beside it all of them by
 * name. In Node a string may also be a path.
 */
export type Source = string | URL | Response | Blob | ArrayBuffer | Uint8Array | Tensors | Files;

export interface LoadOptions {
  /** The network of weights that carry no card: `regseg`, `exp49_decoder14`, … */
  readonly model?: string;
  /** Classes, palette and preprocessing, instead of the file's own card; for an ONNX file as much of it as is known. */
  readonly card?: PartialCard;
  /** Of an ONNX file the output that is meant. Default: the first. */
  readonly outputName?: string;
  /** Which dict of a checkpoint to take, dots between nested ones: `model_ema`. Default: the one that fits a network. */
  readonly key?: string;
  /** `auto`: the fastest on this kind of adapter in which the card's self-test holds; f32 where nothing was measured. */
  readonly precision?: Precision | 'auto';
  readonly variants?: VariantChoice;
  /** The caller's own device: it is neither changed nor destroyed. */
  readonly device?: GPUDevice;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Hears that the device is lost, whatever anybody is doing; what it throws is nobody's but its own. */
  readonly onLost?: (loss: Loss) => void;
  /** The folder where the files of built-in names lie, in a browser also from the page's own; default: where the package or its bundle has them. */
  readonly baseUrl?: string | URL;
  /**
   * Whether weights that come over the network are kept for the next time, and used again while they are what the server has; default: true. Where storage is
   * full or forbidden they are not, and `load` goes on without. See `cache`.
   */
  readonly cache?: boolean;
  /**
   * Whether the classes of the card's own check are looked at before anybody sees others, beside the compilation of the first size: `once` (the default) for
   * an adapter with its driver, these weights and this version, as long as `cache` keeps it; `always`; false. Where they are wrong calls throw `BAD_ADAPTER`.
   */
  readonly selfTest?: SelfTest;
  /** Frames of this size are prepared before `load` is done, so that the first of them is as fast as the next. Default: the first frame's, when it comes. */
  readonly size?: { readonly height: number; readonly width: number };
}

/** What each of them takes. */
export const loadChecks: Checks<LoadOptions> = {
  model: text,
  // A copy: the caller may change theirs. What is in it `checkCardOption` says.
  card: value => structuredClone(value) as PartialCard,
  outputName: text,
  key: text,
  precision: (value, name) => oneOf(...precisions)(value, name),
  variants: either<VariantChoice>("'auto', 'plain' or a list of names of variants", oneOf('auto', 'plain'), list(text)),
  device,
  signal,
  onProgress: callback,
  onLost: callback,
  baseUrl: url,
  cache: flag,
  selfTest: either<SelfTest>(
    "'once', 'always' or false",
    oneOf('once', 'always'),
    such(value => value === false, 'false'),
  ),
  size,
};

/** Few give a card: its checks are fetched for them. Throws `BAD_USAGE`. */
export async function withCard<O extends LoadOptions>(options: O): Promise<O> {
  if (options.card === undefined) return options;
  return { ...options, card: (await import('../weights/card.ts')).checkPart(options.card, "of load()'s card", 'BAD_USAGE') };
}

export const precisions = ['f32', 'half', 'f16', 'auto'] as const;

/** What a platform lends to `load`. */
export interface Platform extends Reader {
  readonly library: ShaderLibrary;
  openDevice(): Promise<GPUDevice>;
  /** What pages have beside pixels and textures. */
  readonly page?: Page;
  /** Of self-tests; null where nothing can be kept. */
  memory?(): Promise<Memory | null>;
  /** What the platform knows of what is below the adapter. */
  driver?(): Promise<string>;
  /** Throws `NO_ADAPTER` where no device can be had, before anything is fetched for it. */
  ready?(): Promise<unknown>;
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
    onLost: options.onLost,
    selfTest: options.selfTest ?? 'once',
    memory: options.cache === false ? undefined : platform.memory,
    driver: platform.driver,
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
      return new Map([...(source as Tensors)].map(([name, tensor]) => [String(name), checkTensor(tensor, String(name))])) as Source;
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

/** Or a file of several. */
function checkTensor(tensor: unknown, name: string): Tensor | Blob | Uint8Array {
  if (tensor instanceof Blob || tensor instanceof Uint8Array) return tensor;
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
  const { baseUrl, card, model, key } = options;
  const builtIn = typeof source === 'string' ? builtIns.get(source) : undefined;
  if (!builtIn) return (await import('../load.ts')).readSource(platform, source, options);
  const url = await urlOf(builtIn.file, baseUrl, builtIn.url);
  const name = source as string;
  const { bytes: length, sha256 } = builtIn;
  const bytes = await platform.fetch(url, { ...options, bytes: length, sha256, name });
  await checkBuiltIn(name, builtIn, bytes, url);
  if ([card, model, key, options.outputName].some(option => option !== undefined))
    return (await import('../load.ts')).readSource(platform, bytes, { ...options, model: model ?? name });
  const { tensors, card: own } = readBuiltIn(bytes);
  const { body, decoder } = builtIn;
  return { network: regsegNetwork(name, body, decoder, { channels: own.classes.length }), tensors, card: own, assumed: null };
}
