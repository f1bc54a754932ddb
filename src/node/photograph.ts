// Photographs in and out, by sharp: whatever raster format the file holds becomes 8-bit sRGB with the right side up.

import { AtrousError, describe } from '../errors.ts';
import type { CheckSize } from '../eval/layouts.ts';
import { sniff } from '../image/format.ts';
import { isOnnx } from '../weights/magic.ts';
import { quote } from '../weights/tensor.ts';
import { readBytes } from './files.ts';
import { installs } from './webgpu.ts';

export interface Photograph {
  /** RGBA, h×w×4, alpha always 255. */
  readonly data: Uint8ClampedArray<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}

/** Pixels of the largest picture that is read. */
export const MOST_PIXELS = 2 ** 28;

/**
 * Reads a picture: EXIF orientation applied, colour profile turned into sRGB, 8 bits, alpha dropped (the colour below it stays),
 * of an animation the first frame. NO_FILE where the file is missing, a folder or unreadable, or sharp is not installed; BAD_IMAGE where
 * it is empty, truncated, damaged, no JPEG, PNG, WebP, GIF, TIFF or AVIF by its first bytes, or larger than 2^28 pixels.
 */
export async function readImage(file: string): Promise<Photograph> {
  return (await decode(file, true)).photograph;
}

/** The same as the file stores it, and the EXIF orientation that is left out, 1 to 8 (1: upright as it is). For pictures whose labels are stored likewise. */
export async function readStored(file: string, check?: CheckSize): Promise<Photograph & { readonly orientation: number }> {
  const { photograph, orientation } = await decode(file, false, check);
  return { ...photograph, orientation };
}

/** `check` sees the stored size before anything is decoded, and may throw. */
async function decode(
  file: string,
  upright: boolean,
  check?: CheckSize,
): Promise<{ readonly photograph: Photograph; readonly orientation: number }> {
  const bytes = await readBytes(file);
  if (bytes.length === 0) throw new AtrousError('BAD_IMAGE', `${file}: the file is empty; fetch or write it again`);
  const kind = sniff(bytes);
  if (!kind?.format) {
    const start = quote(new TextDecoder('latin1').decode(bytes.subarray(0, 8)));
    const what = kind ? `it is ${kind.name}` : `it is no picture that is known, and begins with ${start}`;
    if (!kind && isOnnx(bytes, file))
      throw new AtrousError(
        'BAD_IMAGE',
        `${file} can't be decoded: it is an ONNX file, a network and no picture: name it as the model`,
      );
    throw new AtrousError(
      'BAD_IMAGE',
      `${file} can't be decoded: ${what}; convert it to PNG, or give JPEG, WebP, GIF, TIFF or AVIF`,
    );
  }
  const sharp = await loadSharp();
  const bad = (why: string, cause?: unknown): AtrousError =>
    new AtrousError('BAD_IMAGE', `${file} can't be decoded: ${why}; give a whole JPEG, PNG, WebP, GIF, TIFF or AVIF file`, {
      cause,
    });
  try {
    // The limit is held against the header here, to say what helps.
    const image = sharp(bytes, { failOn: 'error', limitInputPixels: false });
    const { format, width, height, orientation = 1 } = await image.metadata();
    // A JPEG with a gain map has a word of its own.
    if (format !== kind.format && !(kind.format === 'jpeg' && String(format) === 'uhdr'))
      throw bad(`it begins as ${kind.name} and sharp takes it for ${format}`);
    if (width * height > MOST_PIXELS) {
      const fits = Math.floor(100 * Math.sqrt(MOST_PIXELS / (width * height)));
      throw new AtrousError(
        'BAD_IMAGE',
        `${file} is ${height}×${width} pixels, and at most ${MOST_PIXELS} are read: shrink it to ${fits} % or less (magick in.tif -resize ${fits}% out.png), or cut it into parts`,
      );
    }
    check?.({ width, height });
    const { data, info } = await (upright ? image.autoOrient() : image)
      .removeAlpha()
      .toColourspace('srgb')
      .ensureAlpha(1)
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 4) throw bad(`sharp gave ${info.channels} channels, not 4`);
    const pixels = new Uint8ClampedArray(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    return { photograph: { data: pixels, width: info.width, height: info.height }, orientation };
  } catch (error) {
    if (error instanceof AtrousError) throw error;
    // What libvips says of it is kept for the whole process: while others are read it may be lost, or be said of another picture.
    throw bad("it is damaged, ends early, or has what sharp can't read", error);
  }
}

/** An RGB PNG of RGBA pixels (h×w×4); alpha is left out. BAD_USAGE for sizes that disagree. */
export async function encodePng(rgba: Uint8ClampedArray | Uint8Array, width: number, height: number): Promise<Uint8Array> {
  return (await raw(rgba, width, height, 4)).removeAlpha().png().toBuffer();
}

/** A JPEG of RGBA pixels, for looking at; alpha is left out. */
export async function encodeJpeg(rgba: Uint8ClampedArray | Uint8Array, width: number, height: number): Promise<Uint8Array> {
  return (await raw(rgba, width, height, 4)).removeAlpha().jpeg({ quality: 85 }).toBuffer();
}

/** An RGBA PNG of RGBA pixels. */
export async function encodeCutout(rgba: Uint8ClampedArray | Uint8Array, width: number, height: number): Promise<Uint8Array> {
  return (await raw(rgba, width, height, 4)).png().toBuffer();
}

/** An 8-bit grey PNG of h×w. */
export async function encodeGrey(grey: Uint8Array, width: number, height: number): Promise<Uint8Array> {
  return (await raw(grey, width, height, 1)).toColourspace('b-w').png().toBuffer();
}

async function raw(bytes: Uint8ClampedArray | Uint8Array, width: number, height: number, channels: 1 | 4) {
  if (bytes.length !== width * height * channels || bytes.length === 0) {
    const kind = channels === 4 ? 'RGBA' : 'grey';
    throw new AtrousError(
      'BAD_USAGE',
      `PNG: ${bytes.length} bytes for ${height}×${width} pixels: ${kind} needs ${width * height * channels}, at least ${channels}`,
    );
  }
  return (await loadSharp())(bytes, { raw: { width, height, channels } });
}

function firstLine(error: unknown): string {
  return describe(error).trim().split('\n', 1)[0];
}

async function loadSharp(): Promise<typeof import('sharp').default> {
  try {
    return (await import('sharp')).default;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    const why = missing ? 'it is not installed' : firstLine(error);
    throw new AtrousError(
      'NO_FILE',
      `pictures are read and written by the package sharp, and ${why}: run npm i ${installs.sharp}`,
      {
        cause: error,
      },
    );
  }
}
