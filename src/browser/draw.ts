// A result on a canvas: composed on the model's device, and shown by WebGPU, or in 2-D where the canvas has such a context already.
import { type Checks, list, number, readOptions, such, text, whole } from '../check.ts';
import { AtrousError, brief } from '../errors.ts';
import type { DrawOptions, SegmentResult } from '../front/result.ts';
import { type Taken, type Taker, take } from '../front/sources.ts';
import type { Finisher } from '../gpu/finish.ts';
import { readTexture } from '../gpu/transfer.ts';
import type { Look } from '../image/look.ts';
import type { Output } from '../pipeline.ts';
import type { Colour } from '../weights/card.ts';
import { takeFromPage } from './sources.ts';
import type { Canvas } from './types.ts';

type Shown = SegmentResult<Output>;

/** Widest outline and blur, in pixels: a lane looks at every pixel that far away. */
const MOST_OUTLINE = 16;
const MOST_BLUR = 100;
const OUTLINE = 2;

export async function drawOnPage(
  result: Shown,
  source: unknown,
  canvas: Canvas,
  given: DrawOptions,
  on: Taker & { readonly finisher: Finisher },
): Promise<void> {
  checkCanvas(canvas);
  const options = readOptions('draw()', given, drawChecks);
  const look = lookOf(result, options);
  const { width: w, height: h } = result;
  const own: { release(): void }[] = [];
  try {
    const picture = await textureOf(await taken(source, 'the picture of this result', on, own), on, own);
    if (picture.width !== w || picture.height !== h)
      throw usage(`draw(): the picture is now ${picture.height}×${picture.width}, the result is of ${h}×${w}: segment it again`);
    const behind =
      look.background.kind === 'picture' ? await textureOf(await taken(options.background, 'background', on, own), on, own) : null;
    const classes = result.texture ?? on.finisher.upload(result.classes!, { h, w });
    if (!result.texture) own.push({ release: () => classes.destroy() });
    if (canvas.width !== w) canvas.width = w;
    if (canvas.height !== h) canvas.height = h;
    const context = canvas.getContext('webgpu') as GPUCanvasContext | null;
    if (context) {
      await on.finisher.draw(look, picture, classes, behind, () => {
        context.configure({ device: on.device, format: 'rgba8unorm', alphaMode: 'premultiplied', usage: SHOWN });
        return context.getCurrentTexture();
      });
    } else await drawFlat(canvas, on, target => on.finisher.draw(look, picture, classes, behind, () => target), { h, w });
  } finally {
    for (const thing of own) thing.release();
  }
}

/** RENDER_ATTACHMENT, because some browsers show no other; COPY_DST; COPY_SRC for who reads the canvas back. */
const SHOWN = 0x10 | 0x2 | 0x1;

/** Through memory: a 2-D canvas takes pixels. */
async function drawFlat(
  canvas: Canvas,
  { device, ring }: Taker,
  draw: (target: GPUTexture) => Promise<void>,
  size: { readonly h: number; readonly w: number },
): Promise<void> {
  const context = canvas.getContext('2d') as CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D | null;
  if (!context) throw usage('draw(): the canvas has a context that is neither WebGPU nor 2-D: give a fresh canvas');
  const target = ring.take(size);
  try {
    await draw(target);
    const data = new Uint8ClampedArray(await readTexture(device, target));
    // A canvas of this kind takes colours apart from their alpha.
    for (let at = 0; at < data.length; at += 4) {
      const alpha = data[at + 3];
      if (alpha > 0 && alpha < 255) for (let c = 0; c < 3; c++) data[at + c] = (data[at + c] * 255) / alpha;
    }
    context.putImageData(new ImageData(data, size.w, size.h), 0, 0);
  } finally {
    ring.give(target);
  }
}

async function taken(source: unknown, what: string, on: Taker, own: { release(): void }[]): Promise<Taken> {
  try {
    const found = await take(source, on, takeFromPage);
    own.push(found);
    return found;
  } catch (error) {
    throw error instanceof AtrousError ? new AtrousError(error.code, `draw(): ${what}: ${error.message}`, { cause: error }) : error;
  }
}

/** Pixels go into a texture of the ring. */
async function textureOf(picture: Taken, on: Taker, own: { release(): void }[]): Promise<GPUTexture> {
  const frame = picture.frame(on);
  if (frame.kind === 'texture') return frame.texture;
  if (frame.kind === 'external') throw usage('draw(): a video’s own frame is copied first');
  const { h, w } = picture.size;
  const texture = on.ring.take({ h, w });
  own.push({ release: () => on.ring.give(texture) });
  on.device.queue.writeTexture({ texture }, frame.rgba, { bytesPerRow: w * 4 }, [w, h]);
  return texture;
}

function checkCanvas(canvas: unknown): void {
  const kind = Object.prototype.toString.call(canvas).slice(8, -1);
  if (kind === 'HTMLCanvasElement' || kind === 'OffscreenCanvas') return;
  throw usage(`draw(): the canvas is ${kind}: give an HTMLCanvasElement or an OffscreenCanvas`);
}

/** What each of them takes; pictures are checked as they are taken. */
const drawChecks: Checks<DrawOptions> = {
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

function lookOf({ labels, palette: own }: Shown, options: DrawOptions): Look {
  const { palette = own, classes, outlines, background } = options;
  const { opacity = background === undefined ? 0.6 : 0 } = options;
  if (palette.length < labels.length)
    throw usage(`draw(): palette has ${palette.length} colours: give one for each of the ${labels.length} classes`);
  if (background !== undefined && classes === undefined)
    throw usage('draw(): background stands behind the chosen classes: say which in classes, such as ["person"]');
  const chosen = labels.map((label, index) => classes === undefined || classes.includes(label) || classes.includes(index));
  for (const wanted of classes ?? []) {
    if (typeof wanted === 'number' ? wanted in labels : labels.includes(wanted)) continue;
    throw usage(`draw(): there is no class ${brief(wanted)}: there are 0 to ${labels.length - 1}, or their names`);
  }
  return { palette, chosen, opacity, outline: outlineOf(outlines), background: backgroundOf(background) };
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
function isBlur(background: object): background is { readonly blur: number } {
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
