// The front door in Node: the same `load`, bound to Dawn, and pictures from and to files.
import { fileURLToPath } from 'node:url';
import { type Checks, guarded, list, shape, such, text, whole } from '../check.ts';
import { checkSignal, describe } from '../errors.ts';
import { type Cache, cacheOf } from '../front/cache.ts';
import { loadChecks, readLoad } from '../front/given.ts';
import { loadOn } from '../front/load.ts';
import type { LoadOptions, Source } from '../front/load-options.ts';
import { type Support, supported, unsupported } from '../gpu/support.ts';
import { cutout } from '../image/cutout.ts';
import { encodeIndexed } from '../image/png.ts';
import { besideOf } from '../load.ts';
import { checkpoints } from '../models/published.ts';
import type { Output } from '../pipeline.ts';
import type { Pixels, Segmenter, SegmentResult } from '../segmenter.ts';
import type { Colour } from '../weights/card.ts';
import { type DownloadOptions, download } from '../weights/download.ts';
import { findPulled } from './cache.ts';
import { type AdapterOptions, openAdapter } from './dawn.ts';
import { nodeDevice, SETTLE, shaderLibrary } from './engine.ts';
import { readBytes, writeAtomic } from './files.ts';
import { readBeside, readCardBeside } from './onnx-file.ts';
import { encodeCutout, encodeGrey, type Photograph, readImage as readFile } from './photograph.ts';
import { findPackage } from './webgpu.ts';

export * from '../index.ts';
export type { Photograph } from './photograph.ts';

/** `adapter`: `software`, `hardware`, or part of an adapter's name. `enable`, `disable`: Dawn toggles. */
export type NodeLoadOptions = LoadOptions & Pick<AdapterOptions, 'adapter' | 'enable' | 'disable'>;

/** What each of them takes. */
const nodeLoadChecks: Checks<NodeLoadOptions> = { ...loadChecks, adapter: text, enable: list(text), disable: list(text) };

/**
 * Loads a model in Node. A source may also be a path, or a name of `atrous pull`. Throws as `load` of `atrous` does, and `NO_FILE` for a path that can't be read.
 * In a worker thread: before `worker.terminate()` let pending calls of the model settle and `dispose` it. Dawn aborts the whole process if the thread
 * goes while pipelines compile.
 */
export async function load(source: Source, options?: NodeLoadOptions): Promise<Segmenter> {
  const { source: given, options: checked } = await readLoad(source, options, nodeLoadChecks);
  const { adapter, enable, disable, baseUrl } = checked;
  const pulled = typeof given === 'string' && checkpoints.has(given) && !baseUrl;
  return loadOn(
    {
      library: await shaderLibrary(),
      openDevice: async () => (await nodeDevice({ adapter, enable, disable })).device,
      fetch: readLocal,
      memory: async () => (await storage()).memory(),
      driver: async () => JSON.stringify([(await findPackage('webgpu'))?.version, enable, disable]),
      beside: (path, name) => {
        const local = localPath(path);
        return local === null ? download(besideOf(path, name), { signal: checked.signal }) : readBeside(local, name);
      },
      cardBeside: async path => {
        const local = localPath(path);
        return local === null ? undefined : readCardBeside(local);
      },
    },
    pulled ? await findPulled(given) : given,
    pulled ? { ...checked, model: given } : checked,
  );
}

const storage = (): Promise<typeof import('./storage.ts')> => import('./storage.ts');

/** What `load` has kept of weights from URLs, under the user's cache folder. */
export const cache: Cache = cacheOf(storage);

/** What `load` will find on this machine; see `support` of `atrous`. It loads nothing and never throws. */
export async function support(): Promise<Support> {
  try {
    const { adapter, release } = await openAdapter();
    setTimeout(release, SETTLE);
    return supported(adapter);
  } catch (error) {
    return unsupported('no-adapter', describe(error));
  }
}

/** Null for what is fetched. */
function localPath(source: string): string | null {
  if (/^https?:/.test(source)) return null;
  return source.startsWith('file:') ? fileURLToPath(source) : source;
}

async function readLocal(url: string | URL, options: DownloadOptions): Promise<Uint8Array> {
  const { signal, onProgress } = options;
  checkSignal(signal);
  const path = localPath(String(url));
  if (path === null) return download(url, options, async (...call) => (await storage()).cached(...call));
  const bytes = await readBytes(path);
  onProgress?.({ phase: 'download', done: bytes.length, total: bytes.length });
  return bytes;
}

/** Reads a picture: upright, 8-bit sRGB, without alpha. Throws `NO_FILE`, `BAD_IMAGE`, and `BAD_USAGE` for what is no path. */
export async function readImage(file: string): Promise<Photograph> {
  return readFile(guarded("readImage()'s file", () => text(file, 'the file')));
}

const mapChecks: Checks<Pick<SegmentResult, 'classes' | 'width' | 'height' | 'palette'>> = {
  classes: such(value => value instanceof Uint8Array, 'a Uint8Array'),
  width: whole(1, 2 ** 28),
  height: whole(1, 2 ** 28),
  palette: list(
    such<Colour>(
      value => Array.isArray(value) && value.length === 3 && value.every(part => Number.isInteger(part) && part >= 0 && part < 256),
      '[red, green, blue], each 0 to 255',
    ),
  ),
};

/** Writes a result's class map as an 8-bit palette PNG: pixel value = class. Throws `BAD_USAGE`, `NOT_WRITABLE`. */
export async function writePng(file: string, result: SegmentResult): Promise<void> {
  const path = guarded("writePng()'s file", () => text(file, 'the file'));
  const { classes, width, height, palette } = guarded("writePng()'s result", () => shape(mapChecks)(result, 'the result'));
  await writeAtomic(path, await encodeIndexed({ data: classes, width, height }, palette));
}

/** A picture in memory, RGBA or RGB. */
const pictureChecks: Checks<Pixels> = {
  data: such(value => value instanceof Uint8Array || value instanceof Uint8ClampedArray, 'a Uint8Array or Uint8ClampedArray'),
  width: mapChecks.width,
  height: mapChecks.height,
};

const matteChecks: Checks<{ readonly matte: Uint8Array; readonly width: number; readonly height: number }> = {
  matte: such(value => value instanceof Uint8Array, 'a Uint8Array: ask segment() for it with { matte: true }'),
  width: mapChecks.width,
  height: mapChecks.height,
};

/**
 * Writes a result's matte as an 8-bit grey PNG, or with its picture that, cut out by it: an RGBA PNG. Throws `BAD_USAGE` for results without a matte and
 * pictures of another size, `NOT_WRITABLE`.
 */
export async function writeMatte(
  file: string,
  result: Pick<SegmentResult<Output>, 'matte' | 'width' | 'height'>,
  picture?: Pixels,
): Promise<void> {
  const path = guarded("writeMatte()'s file", () => text(file, 'the file'));
  const { matte, width, height } = guarded("writeMatte()'s result", () => shape(matteChecks)(result, 'the result'));
  const pixels =
    picture === undefined ? null : guarded("writeMatte()'s picture", () => shape(pictureChecks)(picture, 'the picture'));
  const png = pixels ? encodeCutout(cutout(pixels.data, matte), width, height) : encodeGrey(matte, width, height);
  await writeAtomic(path, await png);
}
