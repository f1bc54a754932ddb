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

/** A copy of the source, as 8-bit sRGB RGBA. Throws `BAD_IMAGE` for what is none. */
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
  const rgba = asRgba(typeOf(data) === 'Float16Array' ? Uint8ClampedArray.from(data, value => value * 255) : data, pixels);
  return colorSpace === 'display-p3' ? fromDisplayP3(rgba) : rgba;
}

function asRgba(data: ArrayLike<number>, pixels: number): Uint8Array<ArrayBuffer> {
  if (data.length === pixels * 4) return new Uint8Array(data);
  const rgba = new Uint8Array(pixels * 4).fill(255);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < 3; channel++) rgba[pixel * 4 + channel] = data[pixel * 3 + channel];
  }
  return rgba;
}

/** Display P3's primaries in sRGB's, both with a D65 white (CSS Color 4, section 17). */
const P3_TO_SRGB = [1.2249401762, -0.2249401762, 0, -0.0420569547, 1.0420569547, 0, -0.0196375546, -0.0786360456, 1.0982736002];

/** In place: both spaces have sRGB's transfer curve (IEC 61966-2-1); colours that sRGB has not are clipped. */
function fromDisplayP3(rgba: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const linear = Float64Array.from({ length: 256 }, (_, value) => {
    const v = value / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  const encoded = (v: number): number => {
    const clipped = Math.min(Math.max(v, 0), 1);
    return Math.round(255 * (clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055));
  };
  for (let at = 0; at < rgba.length; at += 4) {
    const [r, g, b] = [linear[rgba[at]], linear[rgba[at + 1]], linear[rgba[at + 2]]];
    for (let row = 0; row < 3; row++)
      rgba[at + row] = encoded(P3_TO_SRGB[3 * row] * r + P3_TO_SRGB[3 * row + 1] * g + P3_TO_SRGB[3 * row + 2] * b);
  }
  return rgba;
}
