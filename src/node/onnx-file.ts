// An ONNX file with the files beside it that hold its weights.
import { realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { AtrousError } from '../errors.ts';
import type { OnnxModel } from '../onnx/model.ts';
import { externalFiles, isOnnx, readOnnx, withExternal } from '../onnx/read.ts';
import { quote } from '../weights/tensor.ts';
import { readBytes } from './files.ts';

/** Is a command's MODEL an ONNX file, and no name of a network? */
export function isOnnxPath(model: string): boolean {
  return /\.onnx$/i.test(model);
}

/** Throws `NO_FILE` for a file that can't be read, and `BAD_WEIGHTS` as `readOnnx`, also for weights that lie outside the model's folder. */
export async function openOnnx(path: string): Promise<OnnxModel> {
  const bytes = await readBytes(path);
  if (!isOnnx(bytes, path)) throw new AtrousError('BAD_WEIGHTS', `${path} is no ONNX file`);
  const model = readOnnx(bytes, path);
  const names = externalFiles(model);
  if (names.length === 0) return model;
  const folder = await realpath(dirname(path));
  const files = await Promise.all(
    names.map(async name => {
      const file = join(folder, name);
      // A link may lead out of the folder that the name stays in.
      const there = await realpath(file).catch(() => file);
      if (!there.startsWith(folder.endsWith(sep) ? folder : folder + sep))
        throw new AtrousError(
          'BAD_WEIGHTS',
          `${path}: its weights ${quote(name)} are a link out of its folder: put the file there`,
        );
      return [name, await readBytes(file)] as const;
    }),
  );
  return withExternal(model, new Map(files));
}
