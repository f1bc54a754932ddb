// Pixels in memory, as a caller gives them.
import { guarded } from '../check.ts';
import { AtrousError, brief } from '../errors.ts';

/** RGBA or RGB, eight bits a channel, rows from the top. `ImageData` is one. */
export interface Pixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** Also what an ImageData may be beside: wider colours, half floats. */
export interface GivenPixels {
  readonly data: unknown;
  readonly width: number;
  readonly height: number;
  readonly colorSpace: unknown;
}

/** What a caller gives, read once. Throws `BAD_IMAGE`. */
export function readPixels(source: unknown): GivenPixels {
  return guarded(
    'the picture',
    () => {
      const { data, width, height, colorSpace = 'srgb' } = source as GivenPixels;
      return { data, width, height, colorSpace };
    },
    'BAD_IMAGE',
  );
}

/** An array of another realm, such as an iframe's, is no instance of ours. */
function isArray(data: unknown): data is ArrayLike<number> & ArrayBufferView {
  return ArrayBuffer.isView(data) && ['Uint8Array', 'Uint8ClampedArray', 'Float16Array'].includes(typeOf(data));
}

const typeOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

/** A copy of the source, as 8-bit RGBA in the colours that it has. Throws `BAD_IMAGE` for what is none. */
export function rgbaOf({ data, width, height, colorSpace }: GivenPixels): Uint8Array<ArrayBuffer> {
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0)) {
    throw new AtrousError(
      'BAD_IMAGE',
      `the picture is ${brief(width)} wide and ${brief(height)} high: both must be whole numbers, 1 or more`,
    );
  }
  if (!isArray(data)) {
    throw new AtrousError(
      'BAD_IMAGE',
      `the picture’s data is ${brief(data)}: it must be a Uint8Array or Uint8ClampedArray, eight bits a channel, or an ImageData’s Float16Array`,
    );
  }
  if (colorSpace !== 'srgb' && colorSpace !== 'display-p3')
    throw new AtrousError('BAD_IMAGE', `the picture’s colorSpace is ${brief(colorSpace)}: known are srgb and display-p3`);
  const pixels = width * height;
  if (data.length !== pixels * 4 && data.length !== pixels * 3) {
    const why = data.length === 0 ? ' (was its buffer transferred?)' : '';
    throw new AtrousError(
      'BAD_IMAGE',
      `the picture has ${data.length} bytes${why}: ${width}×${height} pixels take ${pixels * 4} as RGBA or ${pixels * 3} as RGB`,
    );
  }
  return asRgba(typeOf(data) === 'Float16Array' ? Uint8ClampedArray.from(data, value => value * 255) : data, pixels);
}

function asRgba(data: ArrayLike<number>, pixels: number): Uint8Array<ArrayBuffer> {
  if (data.length === pixels * 4) return new Uint8Array(data);
  const rgba = new Uint8Array(pixels * 4).fill(255);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < 3; channel++) rgba[pixel * 4 + channel] = data[pixel * 3 + channel];
  }
  return rgba;
}
