// The front door in Node: the same `load`, bound to Dawn, and pictures from and to files.
import { fileURLToPath } from 'node:url';
import { checkSignal } from '../errors.ts';
import { encodeIndexed } from '../image/png.ts';
import { type LoadOptions, loadOn, type Source } from '../load.ts';
import { checkpoints } from '../models/published.ts';
import type { Segmenter, SegmentResult } from '../segmenter.ts';
import { type DownloadOptions, download } from '../weights/download.ts';
import { findPulled } from './cache.ts';
import type { AdapterOptions } from './dawn.ts';
import { nodeDevice, shaderLibrary } from './engine.ts';
import { readBytes, writeAtomic } from './files.ts';

export * from '../index.ts';
export { readImage } from './photograph.ts';

/** `adapter`: `software`, `hardware`, or part of an adapter's name. `enable`, `disable`: Dawn toggles. */
export type NodeLoadOptions = LoadOptions & Pick<AdapterOptions, 'adapter' | 'enable' | 'disable'>;

/** Loads a model in Node. A source may also be a path, or a name of `atrous pull`. Throws as `load` of `atrous` does, and `NO_FILE` for a path that can't be read. */
export async function load(source: Source, options: NodeLoadOptions = {}): Promise<Segmenter> {
  const { adapter, enable, disable, baseUrl } = options;
  const pulled = typeof source === 'string' && checkpoints.has(source) && !baseUrl;
  return loadOn(
    {
      library: await shaderLibrary(),
      openDevice: async () => (await nodeDevice({ adapter, enable, disable })).device,
      fetch: readLocal,
    },
    pulled ? await findPulled(source) : source,
    pulled ? { ...options, model: source } : options,
  );
}

async function readLocal(url: string | URL, options: DownloadOptions): Promise<Uint8Array> {
  const { signal, onProgress } = options;
  checkSignal(signal);
  const text = String(url);
  if (/^https?:/.test(text)) return download(text, options);
  const bytes = await readBytes(text.startsWith('file:') ? fileURLToPath(text) : text);
  onProgress?.({ phase: 'download', done: bytes.length, total: bytes.length });
  return bytes;
}

/** Writes a result's class map as an 8-bit palette PNG: pixel value = class. */
export async function writePng(file: string, { classes, width, height, palette }: SegmentResult): Promise<void> {
  await writeAtomic(file, await encodeIndexed({ data: classes, width, height }, palette));
}
