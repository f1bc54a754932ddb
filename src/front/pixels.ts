// Pixels in memory, as a caller gives them.
import { guarded } from '../check.ts';
import { AtrousError, brief } from '../errors.ts';

/** RGBA or RGB, eight bits a channel, rows from the top. `ImageData` is one. */
export interface Pixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** What a caller gives, read once. Throws `BAD_IMAGE`. */
export function readPixels(source: Pixels): Pixels {
  return guarded(
    'the picture',
    () => {
      const { data, width, height } = source ?? {};
      return { data, width, height };
    },
    'BAD_IMAGE',
  );
}

/** A copy of the source, as RGBA. Throws `BAD_IMAGE` for what is none. */
export function rgbaOf(source: Pixels): Uint8Array<ArrayBuffer> {
  const { data, width, height } = source;
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0)) {
    throw new AtrousError(
      'BAD_IMAGE',
      `the picture is ${brief(width)} wide and ${brief(height)} high: both must be whole numbers, 1 or more`,
    );
  }
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray)) {
    throw new AtrousError('BAD_IMAGE', 'the picture’s data must be a Uint8Array or Uint8ClampedArray, eight bits a channel');
  }
  const pixels = width * height;
  if (data.length === pixels * 4) return new Uint8Array(data);
  if (data.length !== pixels * 3) {
    throw new AtrousError(
      'BAD_IMAGE',
      `the picture has ${data.length} bytes: ${width}×${height} pixels take ${pixels * 4} as RGBA or ${pixels * 3} as RGB`,
    );
  }
  const rgba = new Uint8Array(pixels * 4).fill(255);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < 3; channel++) rgba[pixel * 4 + channel] = data[pixel * 3 + channel];
  }
  return rgba;
}
