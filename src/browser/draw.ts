// A result on a canvas: composed on the model's device, and shown by WebGPU, or in 2-D where the canvas has such a context already.
import { AtrousError } from '../errors.ts';
import type { DrawOptions, SegmentResult } from '../front/result.ts';
import { take } from '../front/sources.ts';
import type { Taken, Taker } from '../front/taken.ts';
import type { Finisher } from '../gpu/finish.ts';
import { type Look, OPACITY } from '../image/look.ts';
import type { Size } from '../image/size.ts';
import type { Output } from '../pipeline.ts';
import { type Flat, replace } from './flat.ts';
import { takeFromPage } from './take.ts';
import type { Canvas } from './types.ts';

type Shown = SegmentResult<Output>;

export async function drawOnPage(
  result: Shown,
  source: unknown,
  canvas: Canvas,
  given: DrawOptions | undefined,
  on: Taker & { readonly finisher: Finisher },
): Promise<void> {
  const { look, background } = given === undefined ? plain(result) : (await import('./look.ts')).chosen(result, given);
  const { width: w, height: h } = result;
  const own: { release(): void }[] = [];
  try {
    const picture = await textureOf(await taken(source, 'the picture of this result', on, own), on, own);
    if (picture.width !== w || picture.height !== h)
      throw usage(`draw(): the picture is now ${picture.height}×${picture.width}, the result is of ${h}×${w}: segment it again`);
    const behind =
      look.background.kind === 'picture' ? await textureOf(await taken(background, 'background', on, own), on, own) : null;
    const map = look.matte ? result.matte : result.texture ? null : result.classes;
    const classes = map ? on.finisher.upload(map, { h, w }) : result.texture!;
    if (map) own.push({ release: () => classes.destroy() });
    const target = screen(canvas, on.device);
    await on.finisher.draw(look, picture, classes, behind, () => target.next({ h, w }));
    target.show();
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

/** A canvas of a page as a device draws on it. */
export interface Screen {
  /** The texture to draw into, rgba8unorm, for the work that is submitted in this task; the canvas gets its size. */
  next(size: Size): GPUTexture;
  /** After the submit, in the same task. */
  show(): void;
}

/** By WebGPU; a canvas with a 2-D context takes what another shows. Throws `BAD_USAGE` for what is no canvas, or has a third kind of context. */
export function screen(canvas: Canvas, device: GPUDevice): Screen {
  const kind = Object.prototype.toString.call(canvas).slice(8, -1);
  if (kind !== 'HTMLCanvasElement' && kind !== 'OffscreenCanvas')
    throw usage(`draw(): the canvas is ${kind}: give an HTMLCanvasElement or an OffscreenCanvas`);
  const direct = canvas.getContext('webgpu') as GPUCanvasContext | null;
  const flat = direct ? null : (canvas.getContext('2d') as Flat | null);
  if (!direct && !flat) throw usage('draw(): the canvas has a context that is neither WebGPU nor 2-D: give a fresh canvas');
  const shown = direct ? canvas : new OffscreenCanvas(1, 1);
  const context = direct ?? (shown.getContext('webgpu') as GPUCanvasContext);
  context.configure({ device, format: 'rgba8unorm', alphaMode: 'premultiplied', usage: SHOWN });
  return {
    next({ h, w }) {
      for (const each of new Set([canvas, shown])) {
        if (each.width !== w) each.width = w;
        if (each.height !== h) each.height = h;
      }
      return context.getCurrentTexture();
    },
    show() {
      if (flat) replace(flat, shown);
    },
  };
}

export async function taken(source: unknown, what: string, on: Taker, own: { release(): void }[]): Promise<Taken> {
  try {
    const found = await take(source, on, takeFromPage);
    own.push(found);
    return found;
  } catch (error) {
    throw error instanceof AtrousError ? new AtrousError(error.code, `draw(): ${what}: ${error.message}`, { cause: error }) : error;
  }
}

/** Pixels go into a texture of the ring. */
export async function textureOf(picture: Taken, on: Taker, own: { release(): void }[]): Promise<GPUTexture> {
  const frame = picture.frame(on);
  if (frame.kind === 'texture') return frame.texture;
  if (frame.kind === 'external') throw usage('draw(): a video’s own frame is copied first');
  const { h, w } = picture.size;
  const texture = on.ring.take({ h, w });
  own.push({ release: () => on.ring.give(texture) });
  on.device.queue.writeTexture({ texture }, frame.rgba, { bytesPerRow: w * 4 }, [w, h]);
  return texture;
}

function usage(sentence: string): AtrousError {
  return new AtrousError('BAD_USAGE', sentence);
}
