// Any published checkpoint → one safetensors file with its card, and the card beside it.
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { type Calibrate, type Converted, convertOnnx, convertWeights } from '../convert.ts';
import { AtrousError } from '../errors.ts';
import { quantisedBefore } from '../int8.ts';
import { nodeDevice, shaderLibrary } from '../node/engine.ts';
import { checkFile, readBytes, resolveFrom, writeTogether } from '../node/files.ts';
import { readImage } from '../node/photograph.ts';
import { findPictures } from '../node/pictures.ts';
import type { Card } from '../weights/card.ts';
import { isOnnx } from '../weights/magic.ts';
import { type Arguments, type Command, onePositional, required, shared, sharedHelp, sizeOf } from './command.ts';
import { type Output, output } from './output.ts';
import { openWeights, readCardFor } from './weights.ts';

export const convert: Command = {
  usage:
    'convert <in.pth|in.caffemodel|in.safetensors|in.onnx> -o out.safetensors [-m MODEL] [--key NAME] [--precision f16|int8] [--card FILE] ' +
    '[--calibrate DIR] [--adapter NAME] ' +
    '[--size HxW] [--output-name NAME] [--labels FILE]',
  about: 'a checkpoint, or an ONNX file, to one safetensors file with its card',
  help: {
    ...sharedHelp,
    model: 'the network, when the card does not name it and the tensors fit several',
    output: 'safetensors to write; its card goes beside it',
    precision:
      'f32 (default), f16: half the size, 1-D tensors stay f32, or int8: a quarter, weights and maps in codes, with --calibrate unless an ONNX file is quantised',
    calibrate:
      'int8: folder of pictures like those that the network is for; what it makes of them in float32 sets the ranges of its codes',
    adapter: 'int8: what runs the pictures: software, hardware, or part of the adapter’s name',
    card: 'card (JSON) to put in: classes, palette, preprocessing, licence …',
    size: 'of an ONNX file that runs at many: the one that it is written down for',
  },
  options: {
    model: shared.model,
    output: shared.output,
    precision: shared.precision,
    calibrate: { type: 'string' },
    adapter: shared.adapter,
    card: shared.card,
    key: shared.key,
    size: shared.size,
    labels: shared.labels,
    'output-name': shared['output-name'],
    json: shared.json,
  },
  async run(args) {
    const out = output(args.flag('json'));
    const source = resolveFrom(onePositional('convert', args, 'checkpoint'));
    const target = checkTarget(resolveFrom(required(args, 'output', 'convert')));
    const precision = args.text('precision') ?? 'f32';
    if (precision !== 'f32' && precision !== 'f16' && precision !== 'int8')
      throw new AtrousError('BAD_USAGE', `--precision ${precision}: convert writes f32, f16 or int8`);
    const folder = args.text('calibrate');
    if (folder !== undefined && precision !== 'int8')
      throw new AtrousError('BAD_USAGE', `--calibrate ${folder} is for --precision int8, not ${precision}: leave it out`);
    await checkFile(target);
    const bytes = await readBytes(source);
    const form: Form =
      precision === 'int8' ? { calibrate: folder === undefined ? null : calibrateOn(folder, args, out) } : { precision };
    if (isOnnx(bytes, source)) return convertFile(source, bytes, target, form, args, out);
    for (const option of ['size', 'output-name', 'labels'])
      if (args.text(option) !== undefined)
        throw new AtrousError('BAD_USAGE', `--${option} ${args.text(option)} is for ONNX files, and ${source} is none`);
    const { calibrate } = form;
    if (calibrate === null)
      throw new AtrousError(
        'BAD_USAGE',
        '--precision int8 needs --calibrate DIR, a folder of pictures like those that the network is for',
      );
    const card = await readCardFor(source, args.text('card'));
    const origin = { file: basename(source), sha256: sha256(bytes) };
    const converted = await convertWeights(bytes, source, {
      model: args.text('model'),
      card,
      key: args.text('key'),
      precision: form.precision,
      calibrate,
      source: origin,
    });
    if (converted.assumed) out.note(converted.assumed);
    await writeConverted(target, converted, out);
    return 0;
  },
};

/** How a file is written; without `calibrate` one of int8 must have been quantised before. */
interface Form {
  readonly precision?: 'f32' | 'f16';
  readonly calibrate?: Calibrate | null;
}

/** Pictures of a folder on a device of the command's own. */
function calibrateOn(folder: string, args: Arguments, out: Output): Calibrate {
  return async (weights, coded) => {
    const { pictures } = await findPictures([resolveFrom(folder)], '');
    const [{ calibrate }, { learnLanguage }] = await Promise.all([import('../calibrate.ts'), import('../gpu/language.ts')]);
    const { device, note } = await nodeDevice({ adapter: args.text('adapter') });
    if (note) out.note(note);
    await learnLanguage(device);
    async function* read() {
      for (const { file } of pictures) yield await readImage(file);
    }
    try {
      const told = (done: number, round: string): void => out.progress(`${done} of ${pictures.length} pictures in ${round}`);
      return await calibrate(weights, coded, read, { device, library: await shaderLibrary(), told });
    } finally {
      device.destroy();
    }
  };
}

/** An ONNX file, with what `segment` would take of it. */
async function convertFile(
  source: string,
  bytes: Uint8Array,
  target: string,
  { precision, calibrate }: Form,
  args: Arguments,
  out: Output,
): Promise<number> {
  for (const option of ['model', 'key'])
    if (args.text(option) !== undefined)
      throw new AtrousError(
        'BAD_USAGE',
        `--${option} ${args.text(option)}: ${source} is an ONNX file, a network of its own: leave it out`,
      );
  // Without pictures the file must say the codes of its maps itself.
  const weights = await openWeights(source, args, calibrate === null ? 'int8' : 'auto');
  if (calibrate && quantisedBefore(weights, source))
    throw new AtrousError('BAD_USAGE', `--calibrate: ${source} says the codes of its maps itself: leave it out`);
  const origin = { file: basename(source), sha256: sha256(bytes) };
  const converted = await convertOnnx(weights, source, {
    size: sizeOf(args),
    precision,
    calibrate: calibrate ?? undefined,
    source: origin,
  });
  if (converted.assumed) out.note(converted.assumed);
  await writeConverted(target, converted, out);
  return 0;
}

/** Throws `BAD_USAGE` for an --output whose card would have no name. */
export function checkTarget(path: string): string {
  if (path.endsWith('.safetensors')) return path;
  throw new AtrousError('BAD_USAGE', `--output ${path}: the file must end in .safetensors`);
}

/** The file and `X.card.json` beside it, both or none, then the lines that say so; `more` joins the JSON. Throws `NOT_WRITABLE`. */
export async function writeConverted(
  target: string,
  { network, card, tensors, bytes }: Converted,
  out: Output,
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const file = { bytes: bytes.length, sha256: sha256(bytes) };
  await writeTogether([
    [target, bytes],
    [target.replace(/\.safetensors$/, '.card.json'), `${printCard({ ...card, file })}\n`],
  ]);
  const { canonical: model } = network;
  out.json({ ...more, output: target, model, ...file, tensors });
  out.text(`${model}, ${card.classes.length} classes, ${tensors} tensors, ${megabytes(bytes.length)} → ${target}`);
}

/** JSON that people can read: short lists stay on one line. */
function printCard(card: Card): string {
  return JSON.stringify(card, null, 2).replace(
    /\[\s+([^[\]{}]*?)\s+\]/g,
    (_list, items: string) => `[${items.replace(/\s*\n\s*/g, ' ')}]`,
  );
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** In millions of bytes, as disks and servers count. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}
