// A result as a picture: one that pages draw, and a file.
import { AtrousError } from '../errors.ts';
import { encodeIndexed } from '../image/png.ts';
import type { Colour } from '../weights/card.ts';

export async function bitmapOf(result: { toImageData(): ImageData }): Promise<ImageBitmap> {
  if (!globalThis.createImageBitmap)
    throw new AtrousError('BAD_USAGE', 'toImageBitmap() needs a browser: use toImageData() or toBlob()');
  return createImageBitmap(result.toImageData());
}

export async function blobOf(
  data: Uint8Array,
  { width, height, palette }: { readonly width: number; readonly height: number; readonly palette: readonly Colour[] },
): Promise<Blob> {
  return new Blob([await encodeIndexed({ data, width, height }, palette)], { type: 'image/png' });
}
