// Pictures as they are posted to a worker: a video's and a canvas's frame of this moment, which is handed over; what is the caller's own is copied.
import { guarded } from '../check.ts';
import { AtrousError, brief, describe } from '../errors.ts';
import { wrongPixels } from '../front/no-picture.ts';
import { readPixels, rgbaOf } from '../front/pixels.ts';
import type { Parcel } from './messages.ts';
import { untilReady } from './ready.ts';

const AS_STORED: ImageBitmapOptions = { colorSpaceConversion: 'none', premultiplyAlpha: 'none', imageOrientation: 'from-image' };

export interface Wrapped {
  readonly parcel: Parcel;
  /** What the page gives away with it. */
  readonly transfer: Transferable[];
}

/** The picture as it is at the call. Throws `BAD_IMAGE`. */
export function wrap(source: unknown): Wrapped | Promise<Wrapped> {
  const kind = Object.prototype.toString.call(source).slice(8, -1);
  return guarded('the picture', () => wrapped(source, kind), 'BAD_IMAGE');
}

function wrapped(source: unknown, kind: string): Wrapped | Promise<Wrapped> {
  switch (kind) {
    case 'HTMLVideoElement':
      return ofVideo(source as HTMLVideoElement);
    case 'VideoFrame': {
      if ((source as VideoFrame).codedWidth === 0) throw bad('the VideoFrame is closed: close it after segment() has returned');
      return own((source as VideoFrame).clone());
    }
    case 'HTMLCanvasElement':
    case 'OffscreenCanvas':
      return bitmapOf(source as HTMLCanvasElement, kind);
    case 'HTMLImageElement':
      return ofImage(source as HTMLImageElement);
    case 'ImageBitmap':
      if ((source as ImageBitmap).width === 0) throw bad('the ImageBitmap is closed: close it after segment() has returned');
      return { parcel: source as ImageBitmap, transfer: [] };
    case 'Blob':
    case 'File':
      return { parcel: source as Blob, transfer: [] };
    case 'Response':
      return ofResponse(source as Response);
    case 'GPUTexture':
      throw bad('a GPUTexture stays with its device: a worker takes any other picture; or load() from atrous, in the page itself');
  }
  if (typeof source !== 'object' || source === null || !('data' in source))
    throw bad(
      `the picture is ${brief(source)}: give a video, VideoFrame, canvas, ImageBitmap, ImageData, <img>, Blob, Response or { data, width, height }`,
    );
  const given = readPixels(source);
  const data = rgbaOf(given);
  if (!data) throw wrongPixels(given);
  return { parcel: { data, width: given.width, height: given.height }, transfer: [data.buffer] };
}

function ofVideo(video: HTMLVideoElement): Wrapped | Promise<Wrapped> {
  const ready = untilReady(video);
  if (ready) return ready.then(() => ofVideo(video));
  const { videoWidth, videoHeight } = video;
  try {
    const frame = new VideoFrame(video);
    // A worker sees no element, so that a frame must be turned as the element turns it.
    if (frame.displayWidth === videoWidth && frame.displayHeight === videoHeight) return own(frame);
    frame.close();
  } catch {
    // What can't be had so may be had as a bitmap, or that says why not.
  }
  return bitmapOf(video, 'video');
}

async function ofImage(image: HTMLImageElement): Promise<Wrapped> {
  const { currentSrc, src } = image;
  const none = `the <img> has no picture${currentSrc || src ? `: ${(currentSrc || src).slice(0, 120)} did not load` : ': give it a src'}`;
  if (!image.complete) await image.decode().catch(error => Promise.reject(bad(none, error)));
  if (image.naturalWidth === 0) throw bad(none);
  return bitmapOf(image, '<img>');
}

async function ofResponse(response: Response): Promise<Wrapped> {
  const name = `the Response of ${response.url || 'a picture'}`;
  if (!response.ok) throw bad(`${name} is ${response.status} ${response.statusText}`.trim());
  if (response.bodyUsed) throw bad(`${name} has been read already: give its Blob`);
  return { parcel: await response.blob(), transfer: [] };
}

async function bitmapOf(source: ImageBitmapSource, kind: string): Promise<Wrapped> {
  try {
    return own(await createImageBitmap(source, AS_STORED));
  } catch (error) {
    const foreign = (error as Error)?.name === 'SecurityError';
    const next =
      'it comes from another origin: serve it with Access-Control-Allow-Origin and set crossOrigin = "anonymous" before its src';
    throw bad(`the ${kind} can't be read: ${foreign ? next : describe(error)}`, error);
  }
}

function own(parcel: VideoFrame | ImageBitmap): Wrapped {
  return { parcel, transfer: [parcel] };
}

function bad(sentence: string, cause?: unknown): AtrousError {
  return new AtrousError('BAD_IMAGE', sentence, { cause });
}
