// Arguments of `load` and of a model's calls are checked here, once each: every option has its one line. Few give any but a name and a picture, so a page fetches
// this with the first that does.
import {
  type Checks,
  callback,
  device,
  either,
  flag,
  guarded,
  list,
  oneOf,
  readOptions,
  signal,
  size,
  such,
  text,
  url,
} from '../check.ts';
import { AtrousError, brief } from '../errors.ts';
import type { Tiling } from '../image/tiles.ts';
import { single } from '../models/channels.ts';
import type { VariantChoice } from '../plan/choose.ts';
import type { SelfTest } from '../self-test.ts';
import type { PartialCard } from '../weights/card.ts';
import { bytesPer, countChecked, type Dtype, quote, type Tensor, type Tensors } from '../weights/tensor.ts';
import type { LoadOptions, Source } from './load-options.ts';
import { type Described, type SegmentOptions, tileOf } from './options.ts';

export const precisions = ['f32', 'half', 'f16', 'int8', 'auto'] as const;

/** What options of `load` take. */
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

/** What `load` is given. Throws `BAD_USAGE`, and `BAD_WEIGHTS` for bytes or tensors that are none. */
export async function readLoad<O extends LoadOptions>(
  source: unknown,
  options: unknown,
  checks = loadChecks as Checks<O>,
): Promise<{ readonly source: Source; readonly options: O }> {
  const read = readOptions('load()', options, checks);
  const given = { source: checkSource(source), options: read };
  if (read.card === undefined) return given;
  const card = (await import('../weights/card.ts')).checkPart(read.card, "of load()'s card", 'BAD_USAGE');
  return { ...given, options: { ...read, card } };
}

/**
 * What a caller gives to be loaded, of whatever realm (a frame, a test runner's sandbox): tensors are copied by name, never their bytes. Throws
 * `BAD_USAGE`, and `BAD_WEIGHTS` for bytes or tensors that are none.
 */
function checkSource(source: unknown): Source {
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

/** What options of a model's calls take. */
export const segmentChecks: Checks<SegmentOptions> = {
  output: oneOf('classes', 'texture', 'both'),
  signal,
  onProgress: callback,
  size,
  tile: either<Tiling>("'published', 'none' or { height, width }, margins included, in pixels", oneOf('published', 'none'), size),
  scores: flag,
  matte: flag,
  raw: list(text),
  threshold: such(isThreshold, 'a probability between 0 and 1, both excluded'),
};

/** Options of a call: `who` is it, `segment()`. */
export function readCall(who: string, options: unknown): SegmentOptions {
  return readOptions(who, options, segmentChecks);
}

/** A frame's size, for `prepare`. */
export function readSize(frame: unknown): { readonly height: number; readonly width: number } {
  return guarded("prepare()'s size", () => size(frame, 'the size'));
}

/** Throws `BAD_USAGE` for options of another kind of network. */
export function checkKind(described: Described, options: Pick<SegmentOptions, 'size' | 'tile' | 'threshold'>): void {
  const cut = tileOf(described);
  const wrong = (['size', 'tile'] as const).filter(
    option => options[option] !== undefined && (option === 'size') === (cut !== null),
  );
  if (wrong.length > 0) {
    const why = cut
      ? 'reads tiles of the picture at its own size: give `tile` instead'
      : 'reads the picture at once; DilatedNet alone reads tiles';
    throw new AtrousError('BAD_USAGE', `${wrong.join(' and ')}: ${described.network.name} ${why}`);
  }
  const { channels } = described.network.end;
  if (options.threshold !== undefined && channels > 1) throw single('threshold', described.network);
}

/** A number between 0 and 1, both excluded. */
export function isThreshold(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value < 1;
}
