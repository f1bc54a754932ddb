// `load`: from whatever names a model to a segmenter; what browsers and Node share of it. Built-in names need nothing else; what reads and recognises
// other weights is fetched when somebody has some.
import { builtIns, checkBuiltIn, readBuiltIn, urlOf } from '../builtin.ts';
import { checkSignal, forPrograms } from '../errors.ts';
import type { LoadedWeights, Reader } from '../load.ts';
import { regsegNetwork } from '../models/regseg-network.ts';
import { Segmenter } from '../segmenter.ts';
import type { Memory } from '../self-test.ts';
import type { Precision, ShaderLibrary } from '../shader/source.ts';
import type { LoadOptions, Source } from './load-options.ts';
import type { Page } from './page.ts';

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
    library: platform.library,
    page: platform.page,
    program: true,
    // int8 is that of weights which say so.
    precision: precision as Precision | 'auto',
    ...weights,
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

async function weightsOf(platform: Platform, source: Source, options: LoadOptions): Promise<LoadedWeights> {
  const { baseUrl, card, model, key, precision } = options;
  const builtIn = typeof source === 'string' ? builtIns.get(source) : undefined;
  if (!builtIn) return (await import('../load.ts')).readSource(platform, source, options);
  const url = await urlOf(builtIn.file, baseUrl, builtIn.url);
  const name = source as string;
  const { bytes: length, sha256 } = builtIn;
  const bytes = await platform.fetch(url, { ...options, bytes: length, sha256, name });
  await checkBuiltIn(name, builtIn, bytes, url);
  if ([card, model, key, options.outputName].some(option => option !== undefined) || precision === 'int8')
    return (await import('../load.ts')).readSource(platform, bytes, { ...options, model: model ?? name });
  const { tensors, card: own } = readBuiltIn(bytes);
  const { body, decoder } = builtIn;
  return { network: regsegNetwork(name, body, decoder, { channels: own.classes.length }), tensors, card: own, assumed: null };
}
