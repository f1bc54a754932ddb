// What commands do with --model, --weights and --card.
import { fileURLToPath } from 'node:url';
import { AtrousError } from '../errors.ts';
import { cardBeside, checkPrecision, decodeWeights, isUrl, type LoadedWeights, type ReadOptions } from '../load.ts';
import { caffemodelOf, checkpoints } from '../models/published.ts';
import { findNetwork, published } from '../models/registry.ts';
import { findPulled } from '../node/cache.ts';
import { readBytes, readText, resolveFrom } from '../node/files.ts';
import { isModelFile, readCardBeside, readModelFile } from '../node/onnx-file.ts';
import { refusalsOf } from '../onnx/import.ts';
import { type Card, type PartialCard, parseCard, parsePart, withLabels } from '../weights/card.ts';
import { isOnnx } from '../weights/magic.ts';
import { quote } from '../weights/tensor.ts';
import { type Arguments, precisionOf, preprocessingOf } from './command.ts';
import { output } from './output.ts';

const BUILT_IN = new URL(import.meta.url.includes('/src/cli/') ? '../../weights/' : '../weights/', import.meta.url);

/** A MODEL that is a file: an absolute path, or a URL. */
export function resolveModel(model: string): string {
  return isUrl(model) ? model : resolveFrom(model);
}

export async function readCard(file: string | undefined): Promise<Card | undefined> {
  if (file === undefined) return undefined;
  const path = resolveFrom(file);
  return parseCard(await readText(path, 'BAD_WEIGHTS'), path);
}

/** The card for a weights file: the one named, else `X.card.json` beside it. */
export async function readCardFor(path: string, file: string | undefined): Promise<Card | undefined> {
  return (await readCard(file)) ?? (await readCard(cardBeside(path)).catch(error => ignoreMissing(error)));
}

/** The weights that a command names, with the names and colours of `--labels` and the preprocessing of options where they are given. */
export async function openWeights(
  model: string | undefined,
  args: Arguments,
  precision = precisionOf(args),
): Promise<LoadedWeights> {
  const preprocessing = preprocessingOf(args);
  const weights = await readNamed(model, args, precision).catch(error => {
    for (const { node, op, reason } of refusalsOf(error)) output(true).note(`${op} ${quote(node)}: ${reason}`);
    throw error;
  });
  checkPrecision(weights, args.text('weights') ?? model ?? 'the file', precision);
  if (weights.assumed) output(true).note(weights.assumed);
  const labels = args.text('labels');
  const card = { ...weights.card, preprocessing: { ...weights.card.preprocessing, ...preprocessing } };
  if (labels === undefined) return { ...weights, card };
  const path = resolveFrom(labels);
  return { ...weights, card: withLabels(card, await readText(path), path, weights.network.end.channels) };
}

/** Of a command that can do without weights and was given none. Throws `BAD_USAGE` for options that would then say nothing. */
export function refuseWithoutWeights(args: Arguments, ...options: readonly ('card' | 'key')[]): void {
  for (const option of options) {
    const text = args.text(option);
    if (text !== undefined)
      throw new AtrousError(
        'BAD_USAGE',
        `--${option} ${text}: no weights are read that it could be of; name their file with --weights`,
      );
  }
}

/** Without a file the model must be a name with weights, of the package or pulled. A `X.card.json` beside the file counts too. */
async function readNamed(model: string | undefined, args: Arguments, precision: ReadOptions['precision']): Promise<LoadedWeights> {
  const [file, cardFile, key, outputName] = ['weights', 'card', 'key', 'output-name'].map(args.text);
  if (model !== undefined && isModelFile(model)) {
    if (file !== undefined || key !== undefined)
      throw new AtrousError('BAD_USAGE', `--${file ? 'weights' : 'key'} is not for ONNX files, which hold their own weights`);
    const { name, bytes, beside } = await readModelFile(resolveModel(model));
    if (!isOnnx(bytes, name))
      throw new AtrousError('BAD_USAGE', `${model} is neither a network's name nor an ONNX file: weights are named by --weights`);
    const own = isUrl(name) ? undefined : await readCardBeside(name);
    const card = cardFile === undefined ? own : await readPart(cardFile);
    return decodeWeights(bytes, name, { card, preprocessing: preprocessingOf(args), outputName, precision, beside });
  }
  if (outputName !== undefined)
    throw new AtrousError('BAD_USAGE', `--output-name ${outputName}: only ONNX files have outputs by name; leave it out`);
  if (file !== undefined) {
    const path = resolveFrom(file);
    return decodeWeights(await readBytes(path), path, { model, card: await readCardFor(path, cardFile), key });
  }
  if (model !== undefined && checkpoints.has(model)) {
    const path = await findPulled(model);
    return decodeWeights(await readBytes(path), path, { model, card: await readCard(cardFile), key });
  }
  const known = published.get(model ?? '');
  if (!known) {
    findNetwork(model ?? ''); // a name that is not known at all has its own message
    const url = caffemodelOf(model ?? '');
    const where = url
      ? `its authors publish ${url}, to be fetched by hand`
      : `or take ${[...published.keys()].join(', ')}, or atrous pull one of ${[...checkpoints.keys()].join(', ')}`;
    throw new AtrousError('BAD_USAGE', `model "${model}" comes without weights: name a file with --weights; ${where}`);
  }
  const path = fileURLToPath(new URL(known.file, BUILT_IN));
  return decodeWeights(await readBytes(path), known.file, { model, card: await readCard(cardFile), key });
}

/** Any part of a card, which is all that an ONNX file needs. */
async function readPart(file: string): Promise<PartialCard> {
  const path = resolveFrom(file);
  return parsePart(await readText(path, 'BAD_WEIGHTS'), path);
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof AtrousError && error.code === 'NO_FILE') return undefined;
  throw error;
}
