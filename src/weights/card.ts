// The card: what a weights file is, so that nobody has to guess its classes, colours or preprocessing. It travels in the file's metadata
// (key `atrous`, JSON) and beside it as `X.card.json`.
import { AtrousError, describe, type ErrorCode } from '../errors.ts';
import { quote } from './tensor.ts';

export type Colour = readonly [r: number, g: number, b: number];

export interface Preprocessing {
  /** Of red, green and blue in [0, 1]. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /** Pictures of more pixels are shrunk (antialiased) to this area; null: every picture at its own size. */
  readonly max_area: number | null;
  /** Order of the network's three input planes; default: red first. Mean and std are of red, green and blue all the same. */
  readonly channels?: 'rgb' | 'bgr';
  /** Null, the default: the network takes a picture whole. */
  readonly tile?: Tile | null;
  /** How a picture comes to a size of another shape: stretched (the default), or whole between bars of the mean's colour. Of ONNX files alone. */
  readonly resize?: 'stretch' | 'letterbox';
  /** The size inside the network in pixels, of ONNX files that leave it open; null, the default: the picture's own. */
  readonly size?: { readonly height: number; readonly width: number } | null;
}

/** What the network takes of a picture at once, in pixels: `margin` on each side is seen and has no result, so tiles overlap by two margins. */
export interface Tile {
  readonly height: number;
  readonly width: number;
  readonly margin: number;
}

/** A self-test that ships no picture: the class map of the fixtures' seeded input, run-length coded as `class×run` pairs. */
export interface Check {
  readonly seed: string;
  readonly height: number;
  readonly width: number;
  readonly classes: readonly (readonly [value: number, run: number])[];
  /** Least share of equal pixels. */
  readonly agreement: number;
}

/** What the codes of maps stand for, (code − zero) · scale, and how it was found. */
export interface Int8 {
  /** By value of the network, its picture among them. */
  readonly maps: Readonly<Record<string, readonly [scale: number, zero: number]>>;
  /** Pictures that their ranges were found on; 0 where the network was quantised before, and says the codes of its maps itself. */
  readonly pictures: number;
  /** Share of the pixels of these that have the class which the network in float32 gives them. */
  readonly agreement?: number;
}

export interface Card {
  /** A network's name: `exp48_decoder26`. */
  readonly model: string;
  readonly classes: readonly string[];
  readonly palette: readonly Colour[];
  readonly preprocessing: Preprocessing;
  /** Of a network with a single channel of scores: what makes a probability of it; `none`: it is one. Default: sigmoid, unless the network ends in one. */
  readonly activation?: 'sigmoid' | 'none';
  /** `url`: where it was fetched. */
  readonly source?: { readonly file: string; readonly sha256: string; readonly url?: string };
  readonly licence?: string;
  readonly training?: string;
  readonly miou?: Readonly<Record<string, number>>;
  readonly check?: Check;
  /** Of a file of int8 codes: its weights' scales lie beside them. */
  readonly int8?: Int8;
  /** Only in the card beside a file: the file's own size in bytes and hash. */
  readonly file?: { readonly bytes: number; readonly sha256: string };
}

/** What an ONNX file needs to be told: whatever is left out is assumed. */
export type PartialCard = Partial<Omit<Card, 'preprocessing'>> & { readonly preprocessing?: Partial<Preprocessing> };

/** A picture's numbers of 0 to 255 become (x · scale − mean) / std. Whatever is left out of them is 1/255, 0, 1. */
export interface Normalisation {
  readonly scale?: number;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
}

/** The same as mean and deviation of colours in [0, 1]. */
export function normalised({
  scale = 1 / 255,
  mean = [0, 0, 0],
  std = [1, 1, 1],
}: Normalisation): Pick<Preprocessing, 'mean' | 'std'> {
  // Divided last, so that 1/255 changes nothing.
  const by = scale * 255;
  const [m, s] = [mean, std].map(triple => triple.map(value => value / by));
  return { mean: m as [number, number, number], std: s as [number, number, number] };
}

/** ImageNet's statistics, which RegSeg's published code normalises with. */
export const imagenet = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
  max_area: null,
  channels: 'rgb',
} as const satisfies Preprocessing;

/** A card of a file. Throws `BAD_WEIGHTS` naming the file and the field that is missing or has another form. */
export function parseCard(text: string, name: string): Card {
  return checkCard(parseJson(text, name), name, 'BAD_WEIGHTS');
}

/** The same of an ONNX file's, of which any field may be left out. */
export function parsePart(text: string, name: string): PartialCard {
  return checkPart(parseJson(text, name), name, 'BAD_WEIGHTS');
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AtrousError('BAD_WEIGHTS', `card ${name}: is not JSON (${describe(error)})`);
  }
}

/** A card as plain data, of a file or of a caller. Throws `code` naming it and the field that is missing or has another form. */
export function checkCard(data: unknown, name: string, code: ErrorCode): Card {
  return checkFields(data, name, code, true) as Card;
}

/** The same where any field may be left out. */
export function checkPart(data: unknown, name: string, code: ErrorCode): PartialCard {
  return checkFields(data, name, code, false);
}

const fields: { readonly [field in keyof Card]-?: true } = {
  ...{ model: true, classes: true, palette: true, preprocessing: true, activation: true, source: true, licence: true },
  ...{ training: true, miou: true, check: true, int8: true, file: true },
};
const preprocessingFields: { readonly [field in keyof Preprocessing]-?: true } = {
  ...{ mean: true, std: true, max_area: true, channels: true, tile: true, resize: true, size: true },
};

/** Where any field may be left out a misspelt one would vanish without a word. Throws `BAD_WEIGHTS`. */
export function checkNames(card: PartialCard, name: string): void {
  for (const [data, known, where] of [
    [card, fields, ''],
    [card.preprocessing ?? {}, preprocessingFields, 'preprocessing.'],
  ] as const) {
    const unknown = Object.keys(data).find(field => !Object.hasOwn(known, field));
    if (unknown !== undefined)
      throw new AtrousError(
        'BAD_WEIGHTS',
        `card of ${name}: there is no field ${quote(where + unknown)}; there are ${Object.keys(known).join(', ')}`,
      );
  }
}

function checkFields(data: unknown, name: string, code: ErrorCode, whole: boolean): PartialCard {
  const fail = (sentence: string): never => {
    throw new AtrousError(code, `card ${name}: ${sentence}`);
  };
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    fail('must be a JSON object with "model", "classes", "palette", "preprocessing"');
  const card = data as PartialCard;
  const needed = (field: unknown): boolean => whole || field !== undefined;
  if (needed(card.model) && typeof card.model !== 'string')
    fail('"model" must be the name of a network, such as "exp48_decoder26"');
  const { classes, palette } = card;
  if (needed(classes) && !(Array.isArray(classes) && classes.length > 0 && classes.every(label => typeof label === 'string')))
    fail('"classes" must be a list of names');
  const isColour = (colour: unknown): boolean =>
    Array.isArray(colour) && colour.length === 3 && colour.every(part => Number.isInteger(part) && part >= 0 && part < 256);
  if (needed(palette) && !(Array.isArray(palette) && palette.every(isColour)))
    fail('"palette" must be a list of [red, green, blue], each 0 to 255');
  if (classes && palette && palette.length !== classes.length) fail(`has ${classes.length} classes but ${palette.length} colours`);
  if (card.activation !== undefined && card.activation !== 'sigmoid' && card.activation !== 'none')
    fail('"activation" must be "sigmoid" or "none", what makes a probability of a single channel of scores');
  if (card.check !== undefined) checkSelfTest(card.check, fail);
  if (card.int8 !== undefined) checkInt8(card.int8, fail);
  if (!needed(card.preprocessing)) return card;
  return { ...card, preprocessing: checkPreprocessing(card.preprocessing, fail, whole) };
}

function checkPreprocessing(
  given: (Partial<Preprocessing> & Normalisation) | undefined,
  fail: (sentence: string) => never,
  whole: boolean,
): Partial<Preprocessing> {
  const { scale, mean, std, ...rest }: Partial<Preprocessing> & Normalisation = typeof given === 'object' ? (given ?? {}) : {};
  const isTriple = (triple: unknown): boolean => Array.isArray(triple) && triple.length === 3 && triple.every(Number.isFinite);
  const needed = (triple: unknown): boolean => whole || triple !== undefined;
  if ((needed(mean) && !isTriple(mean)) || (needed(std) && !(isTriple(std) && std!.every(value => value > 0)))) {
    fail('"preprocessing" must hold "mean" and "std", three numbers each, std above 0');
  }
  if (scale !== undefined && !(Number.isFinite(scale) && scale > 0))
    fail(
      '"preprocessing.scale" must be a number above 0, what 0 to 255 is multiplied with before the mean is taken off; default 1/255',
    );
  const area = rest.max_area ?? null;
  if (area !== null && !(Number.isFinite(area) && area >= 1)) fail('"preprocessing.max_area" must be a number of pixels or null');
  const { channels, tile, resize, size } = rest;
  if (channels !== undefined && channels !== 'rgb' && channels !== 'bgr')
    fail('"preprocessing.channels" must be "rgb" or "bgr", the order of the network\'s input planes');
  if (tile !== undefined && tile !== null) checkTile(tile, fail);
  if (resize !== undefined && resize !== 'stretch' && resize !== 'letterbox')
    fail('"preprocessing.resize" must be "stretch" or "letterbox", how a picture comes to a size of another shape');
  if (size !== undefined && size !== null && ![size.height, size.width].every(side => Number.isSafeInteger(side) && side >= 1))
    fail('"preprocessing.size" must be null or hold "height" and "width" in pixels');
  const own = [scale, mean, std].some(value => value !== undefined);
  return { ...rest, ...(own && normalised({ scale, mean, std })), max_area: area };
}

function checkTile({ height, width, margin }: Tile, fail: (sentence: string) => never): void {
  const whole = [height, width, margin].every(Number.isSafeInteger);
  if (!whole || margin < 0 || Math.min(height, width) <= 2 * margin) {
    fail('"preprocessing.tile" must be null or hold "height", "width" and "margin" in pixels, height and width above two margins');
  }
}

/** Pixels of the largest self-test that a card may ask for. */
const MOST_CHECKED = 2 ** 20;

function checkSelfTest(check: Check, fail: (sentence: string) => never): void {
  const { seed, height, width, classes, agreement } = check ?? {};
  const isSize = Number.isSafeInteger(height) && Number.isSafeInteger(width) && Math.min(height, width) >= 1;
  if (typeof seed !== 'string' || !isSize || height * width > MOST_CHECKED || !(agreement > 0 && agreement <= 1)) {
    fail(
      `"check" must hold "seed", "height" and "width" of at most ${MOST_CHECKED} pixels, "classes", and "agreement" above 0 and up to 1`,
    );
  }
  const isRun = (run: unknown): boolean =>
    Array.isArray(run) && run.length === 2 && run.every(part => Number.isSafeInteger(part) && part >= 0);
  const runs =
    Array.isArray(classes) && classes.every(isRun) ? classes : fail('"check.classes" must be a list of [class, run] pairs');
  const pixels = runs.reduce((sum, [, run]) => sum + run, 0);
  if (pixels > height * width) fail(`"check.classes" are ${pixels} pixels, "check" is ${height}×${width}`);
}

function checkInt8({ maps, pictures, agreement }: Int8, fail: (sentence: string) => never): void {
  const isCodes = (codes: unknown): boolean =>
    Array.isArray(codes) && codes.length === 2 && codes[0] > 0 && Number.isFinite(codes[0]) && isCode(codes[1]);
  const isCode = (zero: unknown): boolean => Number.isInteger(zero) && (zero as number) >= -128 && (zero as number) <= 127;
  const sound = typeof maps === 'object' && maps !== null && Object.values(maps).every(isCodes);
  if (
    !sound ||
    !Number.isSafeInteger(pictures) ||
    (!(pictures === 0 && agreement === undefined) && !(agreement! >= 0 && agreement! <= 1))
  )
    fail(
      '"int8" must hold "maps", each [scale, zero] with a scale above 0 and zero from -128 to 127, "pictures", and "agreement" up to 1',
    );
}

/** The card of a single channel of scores: where it names that class alone, the background comes before it, in black. */
export function withBackground(card: Card): Card {
  if (card.classes.length !== 1) return card;
  return { ...card, classes: ['background', ...card.classes], palette: [[0, 0, 0], ...card.palette] };
}

/** What editors end a line with: also CR alone, and Unicode's own. */
const lineEnd = /\r\n|[\n\v\f\r\u0085\u2028\u2029]/;

/** Characters of a name with its colour. Also bounds the work of looking for the colour, which grows with their square. */
const LONGEST_LINE = 200;

/**
 * The card with other names, and colours where the file has them: a line a class, `name` or `name r,g,b`; empty lines and lines that begin with `#` are
 * left out. Of a single channel of scores the class alone may be named, as in a card. Throws `BAD_USAGE` when the lines are not as many as the classes, or
 * a colour is none.
 */
export function withLabels(card: Card, text: string, name: string, channels = card.classes.length): Card {
  const named = text
    .split(lineEnd)
    .map(line => line.trim())
    .filter(line => line && !line.startsWith('#'));
  const lines = channels === 1 && named.length === 1 ? [card.classes[0], ...named] : named;
  if (lines.length !== card.classes.length) {
    throw new AtrousError(
      'BAD_USAGE',
      `--labels ${name} has ${lines.length} lines, the weights have ${card.classes.length} classes: write one name a line`,
    );
  }
  const long = lines.find(line => line.length > LONGEST_LINE);
  if (long)
    throw new AtrousError(
      'BAD_USAGE',
      `--labels ${name}: ${quote(long)} has ${long.length} characters, a line up to ${LONGEST_LINE}`,
    );
  const rows = lines.map((line, index) => {
    const [, label, colour] = /^(.*?)(?:\s+(\d+\s*,\s*\d+\s*,\s*\d+))?$/s.exec(line)!;
    if (!colour && /,\s*\d+\s*,\s*\d+$/.test(label)) {
      throw new AtrousError(
        'BAD_USAGE',
        `--labels ${name}: ${quote(line)} has no colour that can be read: write name r,g,b with a space before the colour`,
      );
    }
    const parts = colour?.split(',').map(Number) ?? card.palette[index];
    if (parts.some(part => part > 255))
      throw new AtrousError('BAD_USAGE', `--labels ${name}: ${quote(line)} has a colour beyond 255`);
    return { label, colour: parts as unknown as Colour };
  });
  return { ...card, classes: rows.map(({ label }) => label), palette: rows.map(({ colour }) => colour) };
}
