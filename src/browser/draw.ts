// A result on a canvas: composed on the model's device, and shown by WebGPU, or in 2-D where the canvas has such a context already.
import { AtrousError } from '../errors.ts';
import type { DrawOptions, SegmentResult } from '../front/result.ts';
import { type Taken, type Taker, take } from '../front/sources.ts';
import type { Finisher } from '../gpu/finish.ts';
import { readTexture } from '../gpu/transfer.ts';
import { type Look, OPACITY } from '../image/look.ts';
import type { Output } from '../pipeline.ts';
import { takeFromPage } from './sources.ts';
import type { Canvas } from './types.ts';

type Shown = SegmentResult<Output>;

export async function drawOnPage(
  result: Shown,
  source: unknown,
  canvas: Canvas,
  given: DrawOptions | undefined,
  on: Taker & { readonly finisher: Finisher },
): Promise<void> {
  checkCanvas(canvas);
  const { look, background } = given === undefined ? plain(result) : (await import('./look.ts')).chosen(result, given);
  const { width: w, height: h } = result;
  const own: { release(): void }[] = [];
  try {
    const picture = await textureOf(await taken(source, 'the picture of this result', on, own), on, own);
    if (picture.width !== w || picture.height !== h)
      throw usage(`draw(): the picture is now ${picture.height}×${picture.width}, the result is of ${h}×${w}: segment it again`);
    const behind =
      look.background.kind === 'picture' ? await textureOf(await taken(background, 'background', on, own), on, own) : null;
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

/** What is drawn unless something is asked for. */
function plain({ labels, palette }: Shown): { readonly look: Look; readonly background?: unknown } {
  const look: Look = { palette, chosen: labels.map(() => true), opacity: OPACITY, outline: null, background: { kind: 'none' } };
  return { look };
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

function usage(sentence: string): AtrousError {
  return new AtrousError('BAD_USAGE', sentence);
}
