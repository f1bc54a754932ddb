// Why something is no picture.
import { AtrousError, brief } from '../errors.ts';
import { type GivenPixels, isArray, isSide } from './pixels.ts';

/** Of what is of no kind that `segment` takes. */
export function noPicture(source: unknown, inPage: boolean): AtrousError {
  const page = 'a video, VideoFrame, canvas, ImageBitmap, ImageData, <img>, Blob, Response, GPUTexture or';
  const next = inPage ? page : 'what readImage() gives, a GPUTexture or';
  return bad(`the picture is ${brief(source)}: give ${next} { data, width, height }`);
}

/** Of pixels that `rgbaOf` does not take. */
export function wrongPixels({ data, width, height, colorSpace }: GivenPixels): AtrousError {
  if (!isSide(width) || !isSide(height))
    return bad(`the picture is ${brief(width)} wide and ${brief(height)} high: both must be whole numbers, 1 or more`);
  if (!isArray(data)) {
    const allowed = 'a Uint8Array or Uint8ClampedArray, eight bits a channel, or an ImageData’s Float16Array';
    return bad(`the picture’s data is ${brief(data)}: it must be ${allowed}`);
  }
  if (colorSpace !== 'srgb' && colorSpace !== 'display-p3')
    return bad(`the picture’s colorSpace is ${brief(colorSpace)}: known are srgb and display-p3`);
  const pixels = width * height;
  const why = data.length === 0 ? ' (was its buffer transferred?)' : '';
  return bad(
    `the picture has ${data.length} bytes${why}: ${width}×${height} pixels take ${pixels * 4} as RGBA or ${pixels * 3} as RGB`,
  );
}

/** Of what throws when it is looked at. */
export function unreadable(error: unknown): AtrousError {
  return bad(`the picture can't be read: ${brief(error)}`, error);
}

function bad(sentence: string, cause?: unknown): AtrousError {
  return new AtrousError('BAD_IMAGE', sentence, { cause });
}
