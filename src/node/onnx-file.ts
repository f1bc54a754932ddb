// What lies beside an ONNX file: the files that hold its weights, and its card.
import { realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { AtrousError } from '../errors.ts';
import { besideOf, cardBeside, isUrl } from '../load.ts';
import type { OnnxModel } from '../onnx/model.ts';
import { besides, readOnnx } from '../onnx/read.ts';
import { type PartialCard, parsePart } from '../weights/card.ts';
import { download } from '../weights/download.ts';
import { isOnnx } from '../weights/magic.ts';
import { quote } from '../weights/tensor.ts';
import { readBytes, readText } from './files.ts';

/** Is a command's MODEL a path or URL of a file, and no name of a network? */
export function isModelFile(model: string): boolean {
  return /[./\\]/.test(model);
}

/** A file and the folder that it lies in, on the disk or on a server. */
export interface ModelFile {
  /** A path, or a URL. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly beside: (name: string) => Promise<Uint8Array>;
}

/** `path` is absolute, or a URL. Throws `NO_FILE`. */
export async function readModelFile(path: string): Promise<ModelFile> {
  if (!isUrl(path)) return { name: path, bytes: await readBytes(path), beside: name => readBeside(path, name) };
  return { name: path, bytes: await download(path, {}), beside: name => download(besideOf(path, name), {}) };
}

/** Throws `NO_FILE` for a file that can't be read, and `BAD_WEIGHTS` as `readOnnx`, also for weights that lie outside the model's folder. */
export async function openOnnx(path: string): Promise<OnnxModel> {
  const { bytes, beside } = await readModelFile(path);
  if (!isOnnx(bytes, path))
    throw new AtrousError('BAD_WEIGHTS', `${path} is no ONNX file, and no name of a network: weights are named by --weights`);
  return (await besides(readOnnx(bytes, path), beside)).model;
}

/** A file of an ONNX file's weights. Throws `NO_FILE`, and `BAD_WEIGHTS` for a link out of the folder that the name stays in. */
export async function readBeside(path: string, name: string): Promise<Uint8Array> {
  const folder = await realpath(dirname(path));
  const file = join(folder, name);
  const there = await realpath(file).catch(() => file);
  if (!there.startsWith(folder.endsWith(sep) ? folder : folder + sep))
    throw new AtrousError('BAD_WEIGHTS', `${path}: its weights ${quote(name)} are a link out of its folder: put the file there`);
  return readBytes(there);
}

/** The card X.card.json of X.onnx, if there is one. */
export async function readCardBeside(path: string): Promise<PartialCard | undefined> {
  const file = cardBeside(path);
  try {
    return parsePart(await readText(file, 'BAD_WEIGHTS'), file);
  } catch (error) {
    if (error instanceof AtrousError && error.code === 'NO_FILE') return undefined;
    throw error;
  }
}
