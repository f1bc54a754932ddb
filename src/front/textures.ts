// A caller's texture as a picture.
import { AtrousError } from '../errors.ts';
import { TextureUsage } from '../gpu/flags.ts';
import type { Taken } from './taken.ts';

/** Whose numbers are colours from 0 to 1 as they stand. An sRGB format would be decoded as it is read. */
const FORMATS: readonly GPUTextureFormat[] = ['rgba8unorm', 'bgra8unorm', 'rgb10a2unorm', 'rgba16float', 'rgba32float'];

export function takeTexture(texture: GPUTexture, device: GPUDevice): Taken {
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
