// What `draw` is asked for, beyond the classes in their colours over the picture: checked, and said as the device is told it.
import { type Checks, list, number, readOptions, such, text, whole } from '../check.ts';
import { AtrousError, brief } from '../errors.ts';
import type { DrawOptions, SegmentResult } from '../front/result.ts';
import { type Look, OPACITY } from '../image/look.ts';
import type { Output } from '../pipeline.ts';
import type { Colour } from '../weights/card.ts';

type Shown = Pick<SegmentResult<Output>, 'labels' | 'palette'> & Partial<Pick<SegmentResult<Output>, 'matte'>>;

/** Widest outline and blur, in pixels: a lane looks at every pixel that far away. */
const MOST_OUTLINE = 16;
const MOST_BLUR = 100;
const OUTLINE = 2;

/** With the background, which may be a picture. Throws `BAD_USAGE`. */
export function chosen(result: Shown, given: DrawOptions): { readonly look: Look; readonly background: unknown } {
  const options = readOptions('draw()', given, drawChecks);
  return { look: lookOf(result, options), background: options.background };
}

/** What each of them takes; pictures are checked as they are taken. */
export const drawChecks: Checks<DrawOptions> = {
  opacity: number(0, 1),
  palette: list(such<Colour>(isColour, '[red, green, blue], each 0 to 255')),
  classes: list(such<string | number>(value => typeof value === 'string' || typeof value === 'number', 'a name or an index')),
  outlines: (value, name) => (typeof value === 'boolean' ? value : readOptions(name, value, outlineChecks)),
  background: such<NonNullable<DrawOptions['background']>>(
    value => value !== null && value !== '',
    'a CSS colour, a picture or { blur }',
  ),
};

const outlineChecks = { width: whole(1, MOST_OUTLINE), colour: text };

function isColour(value: unknown): boolean {
  return Array.isArray(value) && value.length === 3 && value.every(part => Number.isInteger(part) && part >= 0 && part < 256);
}

function lookOf({ labels, palette: own, matte: given = null }: Shown, options: DrawOptions): Look {
  const { palette = own, classes, outlines, background } = options;
  const { opacity = background === undefined ? OPACITY : 0 } = options;
  if (palette.length < labels.length)
    throw usage(`draw(): palette has ${palette.length} colours: give one for each of the ${labels.length} classes`);
  const matte = given !== null && background !== undefined && classes === undefined;
  if (matte && outlines) throw usage('draw(): outlines are of classes, and the background stands behind the matte: leave them out');
  if (background !== undefined && classes === undefined && !matte)
    throw usage(
      'draw(): background stands behind the chosen classes: say which in classes, such as ["person"], or ask for a matte',
    );
  const chosen = labels.map((label, index) => classes === undefined || classes.includes(label) || classes.includes(index));
  for (const wanted of classes ?? []) {
    if (typeof wanted === 'number' ? wanted in labels : labels.includes(wanted)) continue;
    throw usage(`draw(): there is no class ${brief(wanted)}: there are 0 to ${labels.length - 1}, or their names`);
  }
  return { palette, chosen, opacity, outline: outlineOf(outlines), background: backgroundOf(background), matte };
}

function outlineOf(outlines: DrawOptions['outlines']): Look['outline'] {
  if (outlines === undefined || outlines === false) return null;
  const { width = OUTLINE, colour } = outlines === true ? {} : outlines;
  if (colour === undefined) return { width, colour: null };
  const [r, g, b] = cssColour(colour, 'outlines.colour');
  return { width, colour: [r, g, b] };
}

function backgroundOf(background: DrawOptions['background']): Look['background'] {
  if (background === undefined) return { kind: 'none' };
  if (typeof background === 'string') return { kind: 'colour', colour: cssColour(background, 'background') };
  if (!isBlur(background)) return { kind: 'picture' };
  const { blur } = background;
  if (!(blur > 0 && blur <= MOST_BLUR))
    throw usage(`draw(): background.blur is ${brief(blur)}: the blur’s deviation in pixels, above 0 and up to ${MOST_BLUR}`);
  return { kind: 'blur', deviation: blur };
}

/** Elements have a method of that name. */
export function isBlur(background: object): background is { readonly blur: number } {
  return 'blur' in background && typeof background.blur !== 'function';
}

/** Any colour that CSS knows, as sRGB with alpha apart. */
function cssColour(text: string, option: string): [number, number, number, number] {
  const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })!;
  // What can't be read leaves the style as it is.
  const found = ['#000001', '#000002'].map(before => {
    context.fillStyle = before;
    context.fillStyle = text;
    return context.fillStyle;
  });
  if (found[0] !== found[1])
    throw usage(`draw(): ${option} is "${String(text).slice(0, 40)}": give a CSS colour, such as "white" or "#1e90ff80"`);
  context.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a];
}

function usage(sentence: string): AtrousError {
  return new AtrousError('BAD_USAGE', sentence);
}
