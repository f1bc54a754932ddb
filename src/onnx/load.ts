// An ONNX file with all that is known of it, as `load` and the commands take it: the network, its weights, and a card in which nothing is missing.
import { defaultCard } from '../models/cards.ts';
import type { LoadedWeights, Runnable } from '../models/network.ts';
import { type Card, checkNames, normalised, type PartialCard, type Preprocessing, parsePart } from '../weights/card.ts';
import { badWeights, quote, some } from '../weights/tensor.ts';
import { pictureNetwork } from './network.ts';
import { besides, externalFiles, readOnnx } from './read.ts';

export interface OnnxOptions {
  /** Instead of the file's own, which is its metadata's entry `atrous`. */
  readonly card?: PartialCard;
  /** What goes before the card's. */
  readonly preprocessing?: Partial<Preprocessing>;
  /** The output that is meant; default: the first. */
  readonly outputName?: string;
  /** int8: in the codes that the file gives its maps, if it does. */
  readonly precision?: string;
  /** The bytes of a file beside the model's; absent where the model lies in no folder. */
  readonly beside?: (name: string) => Promise<Uint8Array>;
}

/** Throws as `readOnnx` and `pictureNetwork`, and `BAD_WEIGHTS` for cards of other classes and files whose weights are not there. */
export async function loadOnnx(
  bytes: Uint8Array,
  file: string,
  { card, preprocessing, outputName, precision, beside }: OnnxOptions,
): Promise<LoadedWeights> {
  const read = readOnnx(bytes, file);
  const names = externalFiles(read);
  if (names.length > 0 && !beside)
    throw badWeights(
      file,
      `its weights lie beside it in ${some(names.map(quote))}: give a Map of all the files by name, or a path or URL`,
    );
  const { model, files } = beside ? await besides(read, beside) : { model: read, files: new Map<string, Uint8Array>() };
  const own = model.metadata.get('atrous');
  const known = card ?? (own === undefined ? {} : parsePart(own, `in ${file}`));
  checkNames(known, file);
  const part = { ...known, preprocessing: { ...known.preprocessing, ...preprocessing } };
  const name = file
    .split(/[/\\]/)
    .at(-1)!
    .replace(/\.onnx$/i, '');
  const { network, tensors, assumed, core, bytes: unscaled } = pictureNetwork(model, name, part, outputName);
  const notes = [...(part.preprocessing.mean || unscaled ? [] : ["ImageNet's mean and std of colours"]), ...assumed];
  const weights: LoadedWeights = {
    network,
    tensors,
    card: completed(part, network, file, unscaled),
    assumed: notes.length > 0 ? `${file}: nothing tells otherwise, so these are assumed: ${notes.join('; ')}` : null,
    stored: [bytes, ...files.values()],
    core,
  };
  return (precision === 'int8' && (await import('../int8.ts')).quantisedBefore(weights, file)) || weights;
}

/** The card with what is missing: classes are numbered, colours VOC's, and pictures normalised as for ImageNet, but for the input `unscaled`. */
function completed(
  { int8, check, ...part }: PartialCard,
  { name, end: { channels } }: Runnable,
  file: string,
  unscaled: string | null,
): Card {
  const usual = defaultCard(name, channels);
  const alone = channels === 1 && part.classes?.length === 1;
  const classes = alone ? [usual.classes[0], ...part.classes!] : (part.classes ?? usual.classes);
  const palette = part.palette?.length === 1 && alone ? [usual.palette[0], ...part.palette] : (part.palette ?? usual.palette);
  const wrong = [classes, palette].find(list => list.length !== usual.classes.length);
  const fail = (what: string): never => {
    throw badWeights(file, `its card ${what} (the one given, X.card.json beside the file, or its metadata)`);
  };
  if (wrong) fail(`is of ${wrong.length} classes, and its output has ${usual.classes.length}: correct the card`);
  if (part.activation && channels > 1)
    fail(`has "activation", which is for a single channel of scores, not ${channels}: leave it out`);
  const asBytes = normalised({ scale: 1 });
  const { mean = asBytes.mean, std = asBytes.std } = part.preprocessing ?? {};
  if (unscaled && `${mean} ${std}` !== `${asBytes.mean} ${asBytes.std}`)
    fail(
      `scales colours, and its input ${quote(unscaled)} takes their bytes, whole numbers of 0 to 255: leave scale, mean and std out`,
    );
  if (part.preprocessing?.tile) fail('has "preprocessing.tile", and ONNX files take pictures whole: leave it out');
  // Codes, and what was made of a picture in them, are those of a file that this one was converted to.
  return {
    ...part,
    check: int8 ? undefined : check,
    model: name,
    classes,
    palette,
    preprocessing: { ...usual.preprocessing, ...(unscaled && asBytes), ...part.preprocessing },
  };
}
