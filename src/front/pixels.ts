// Pixels in memory, as a caller gives them.

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

/** What a caller gives, read once; that may throw whatever it likes. */
export function readPixels(source: unknown): GivenPixels {
  const { data, width, height, colorSpace = 'srgb' } = source as GivenPixels;
  return { data, width, height, colorSpace };
}

/** An array of another realm, such as an iframe's, is no instance of ours. */
export function isArray(data: unknown): data is ArrayLike<number> & ArrayBufferView {
  return ArrayBuffer.isView(data) && ['Uint8Array', 'Uint8ClampedArray', 'Float16Array'].includes(typeOf(data));
}

const typeOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

/** A copy of the source, as 8-bit RGBA in the colours that it has; null for what is none, of which `wrongPixels` says why. */
export function rgbaOf({ data, width, height, colorSpace }: GivenPixels): Uint8Array<ArrayBuffer> | null {
  const pixels = width * height;
  const known = colorSpace === 'srgb' || colorSpace === 'display-p3';
  if (!known || !isSide(width) || !isSide(height) || !isArray(data)) return null;
  if (data.length !== pixels * 4 && data.length !== pixels * 3) return null;
  return asRgba(typeOf(data) === 'Float16Array' ? Uint8ClampedArray.from(data, value => value * 255) : data, pixels);
}

/** Is a number one of rows or columns? */
export function isSide(size: unknown): boolean {
  return Number.isInteger(size) && (size as number) > 0;
}

function asRgba(data: ArrayLike<number>, pixels: number): Uint8Array<ArrayBuffer> {
  if (data.length === pixels * 4) return new Uint8Array(data);
  const rgba = new Uint8Array(pixels * 4).fill(255);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < 3; channel++) rgba[pixel * 4 + channel] = data[pixel * 3 + channel];
  }
  return rgba;
}
