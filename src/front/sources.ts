// A picture as it was handed over, whatever it is: pixels and textures here, what pages have in `browser/`.
import type { PagePicture } from '../browser/types.ts';
import { AtrousError } from '../errors.ts';
import type { Frame } from '../gpu/frames.ts';
import { type Pixels, readPixels, rgbaOf } from './pixels.ts';
import type { Taken, TakePicture, Taker } from './taken.ts';

/** What `segment` takes. */
export type Picture = Pixels | PagePicture | GPUTexture;

/** The picture as it is now: it is taken before the call returns, where it can be. Throws `BAD_IMAGE`. */
export async function take(source: unknown, taker: Taker, others?: TakePicture): Promise<Taken> {
  try {
    const other = others?.(source, taker);
    if (other) return await other;
    // It is read when its turn comes.
    if (isTexture(source)) return (await import('./textures.ts')).takeTexture(source, taker.device);
    if (typeof source === 'object' && source !== null && 'data' in source) return await takePixels(source);
  } catch (error) {
    throw error instanceof AtrousError ? error : (await import('./no-picture.ts')).unreadable(error);
  }
  throw (await import('./no-picture.ts')).noPicture(source, others !== undefined);
}

async function takePixels(source: object): Promise<Taken> {
  const given = readPixels(source);
  let rgba = rgbaOf(given);
  if (!rgba) throw (await import('./no-picture.ts')).wrongPixels(given);
  if (given.colorSpace !== 'srgb') rgba = (await import('./display-p3.ts')).fromDisplayP3(rgba);
  const frame: Frame = { kind: 'pixels', rgba };
  return { size: { h: given.height, w: given.width }, copy: 'pixels', frame: () => frame, release() {} };
}

function isTexture(source: unknown): source is GPUTexture {
  return typeof source === 'object' && source !== null && 'createView' in source && 'usage' in source;
}
