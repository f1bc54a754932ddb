// A picture cut out by its matte, for files.
import { AtrousError } from '../errors.ts';

/** RGBA h×w from a picture (RGBA or RGB h×w) and its matte (h×w), which becomes the alpha; colours stay as they are. Throws `BAD_USAGE` for sizes that disagree. */
export function cutout(pixels: Uint8ClampedArray | Uint8Array, matte: Uint8Array): Uint8ClampedArray<ArrayBuffer> {
  const channels = pixels.length / matte.length;
  if (channels !== 3 && channels !== 4)
    throw new AtrousError(
      'BAD_USAGE',
      `cutout: the picture has ${pixels.length} bytes and the matte ${matte.length} pixels: give both one size`,
    );
  const out = new Uint8ClampedArray(matte.length * 4);
  for (let n = 0; n < matte.length; n++) {
    for (let c = 0; c < 3; c++) out[n * 4 + c] = pixels[n * channels + c];
    out[n * 4 + 3] = matte[n];
  }
  return out;
}
