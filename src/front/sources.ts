// A picture as it was handed over, whatever it is: pixels and textures here, what pages have in `browser/`.
import type { PagePicture } from '../browser/types.ts';
import { guarded } from '../check.ts';
import { AtrousError, brief } from '../errors.ts';
import { TextureUsage } from '../gpu/flags.ts';
import type { Frame, FrameRing } from '../gpu/frames.ts';
import type { Size } from '../image/size.ts';
import { type Pixels, readPixels, rgbaOf } from './pixels.ts';

/** What `segment` takes. */
export type Picture = Pixels | PagePicture | GPUTexture;

/**
 * How a picture came to the network: a video's frame in place, a texture in place, copied on the GPU, copied as an ImageBitmap, or as pixels from
 * memory.
 */
export type Copy = 'external' | 'texture' | 'copy' | 'bitmap' | 'pixels';

/** The device that a picture is taken for. */
export interface Taker {
  readonly device: GPUDevice;
  readonly ring: FrameRing;
  /** Does the network read a video's own frame? */
  readonly external: boolean;
}

export interface Taken {
  readonly size: Size;
  readonly copy: Copy;
  /**
   * For a pipeline on this device, which is another one after a loss: what can be copied once more then is, as it has become. Between the call and the
   * submit nothing may wait.
   */
  frame(taker: Taker): Frame;
  /** When the commands are submitted, or never will be. */
  release(): void;
}

/** Takes what else a platform calls a picture, at once where it can; null for anything that is none. Throws `BAD_IMAGE`. */
export type TakePicture = (source: unknown, taker: Taker) => Taken | Promise<Taken> | null;

/** The picture as it is now. Throws `BAD_IMAGE`. */
export function take(source: unknown, taker: Taker, others?: TakePicture): Taken | Promise<Taken> {
  return guarded(
    'the picture',
    () => {
      const other = others?.(source, taker);
      if (other) return other;
      if (isTexture(source)) return takeTexture(source, taker.device);
      if (typeof source !== 'object' || source === null || !('data' in source)) throw noPicture(source, others !== undefined);
      return takePixels(source);
    },
    'BAD_IMAGE',
  );
}

function noPicture(source: unknown, inPage: boolean): AtrousError {
  const page = 'a video, VideoFrame, canvas, ImageBitmap, ImageData, <img>, Blob, Response, GPUTexture or';
  const next = inPage ? page : 'what readImage() gives, a GPUTexture or';
  return new AtrousError('BAD_IMAGE', `the picture is ${brief(source)}: give ${next} { data, width, height }`);
}

function takePixels(source: object): Taken | Promise<Taken> {
  const given = readPixels(source);
  const size = { h: given.height, w: given.width };
  const taken = (rgba: Uint8Array<ArrayBuffer>): Taken => {
    return { size, copy: 'pixels', frame: () => ({ kind: 'pixels', rgba }), release() {} };
  };
  const copy = rgbaOf(given);
  if (given.colorSpace === 'srgb') return taken(copy);
  return import('./display-p3.ts').then(({ fromDisplayP3 }) => taken(fromDisplayP3(copy)));
}

function isTexture(source: unknown): source is GPUTexture {
  return typeof source === 'object' && source !== null && 'createView' in source && 'usage' in source;
}

/** Whose numbers are colours from 0 to 1 as they stand. An sRGB format would be decoded as it is read. */
const FORMATS: readonly GPUTextureFormat[] = ['rgba8unorm', 'bgra8unorm', 'rgb10a2unorm', 'rgba16float', 'rgba32float'];

function takeTexture(texture: GPUTexture, device: GPUDevice): Taken {
  checkTexture(texture);
  return {
    size: { h: texture.height, w: texture.width },
    copy: 'texture',
    frame(taker) {
      if (taker.device !== device)
        throw new AtrousError('DEVICE_LOST', 'the device of the texture is lost, and the texture with it: make it anew');
      return { kind: 'texture', texture };
    },
    release() {},
  };
}

/** Throws `BAD_IMAGE` for a texture that can't be read as a picture. */
export function checkTexture({ format, usage, dimension, sampleCount, depthOrArrayLayers }: GPUTexture): void {
  const refuse = (what: string, allowed: string): never => {
    throw new AtrousError('BAD_IMAGE', `the texture ${what}: ${allowed}`);
  };
  if (!FORMATS.includes(format)) refuse(`has the format ${format}`, `allowed are ${FORMATS.join(', ')}`);
  if (!(usage & TextureUsage.TEXTURE_BINDING)) refuse('lacks the usage TEXTURE_BINDING', 'give it when you create the texture');
  if (dimension !== '2d' || depthOrArrayLayers > 1)
    refuse(`has ${depthOrArrayLayers} layers of ${dimension}`, 'a picture is one 2d layer');
  if (sampleCount > 1) refuse(`has ${sampleCount} samples a pixel`, 'resolve it first');
}
