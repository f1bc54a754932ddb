// What a page calls a picture, taken at the moment of the call and down a ladder: a video's frame in place, a copy on the GPU, a copy as an ImageBitmap,
// pixels from a 2-D canvas. Kinds are told by their tags, because what comes from an iframe is no instance of this page's classes.
import { AtrousError, describe } from '../errors.ts';
import type { Copy, Taken, TakePicture, Taker } from '../front/sources.ts';
import type { Frame } from '../gpu/frames.ts';
import type { Size } from '../image/size.ts';

/** What `copyExternalImageToTexture` may know. */
type Image = HTMLVideoElement | VideoFrame | HTMLCanvasElement | OffscreenCanvas | ImageBitmap | HTMLImageElement;

export const takeFromPage: TakePicture = (source, taker) => {
  switch (Object.prototype.toString.call(source).slice(8, -1)) {
    case 'HTMLVideoElement':
      return takeVideo(source as HTMLVideoElement, taker);
    case 'VideoFrame':
      return takeVideoFrame(source as VideoFrame, taker);
    case 'HTMLCanvasElement':
    case 'OffscreenCanvas':
      return takeCanvas(source as HTMLCanvasElement | OffscreenCanvas, taker);
    case 'ImageBitmap':
      return takeBitmap(source as ImageBitmap, taker);
    case 'HTMLImageElement':
      return takeImage(source as HTMLImageElement, taker);
    case 'Blob':
    case 'File':
      return decode(source as Blob, `the ${(source as File).name ?? 'Blob'}`, taker);
    case 'Response':
      return takeResponse(source as Response, taker);
    default:
      return null;
  }
};

/** HTMLMediaElement.HAVE_CURRENT_DATA: the frame of the present position is there. */
const HAVE_FRAME = 2;

function takeVideo(video: HTMLVideoElement, taker: Taker): Taken | Promise<Taken> {
  const { error, readyState, videoWidth, videoHeight } = video;
  if (error) throw bad(`the video has failed: ${error.message || `MediaError ${error.code}`}; give it another src`);
  if (readyState < HAVE_FRAME || videoWidth === 0 || videoHeight === 0)
    throw bad(`the video has no frame yet (readyState ${readyState}): await its "loadeddata" event first`);
  const size = { h: videoHeight, w: videoWidth };
  const frame = taker.external ? frameOf(video, size) : null;
  return (frame && takeExternal(frame, size, taker)) ?? copied(video, size, taker);
}

/** The frame that the video shows now, which stays while the video goes on; null where it can't be had, or not as the element turns it. */
function frameOf(video: HTMLVideoElement, { h, w }: Size): VideoFrame | null {
  try {
    const frame = new VideoFrame(video);
    if (frame.displayWidth === w && frame.displayHeight === h) return frame;
    frame.close();
  } catch (error) {
    refuseForeign(error, 'video');
  }
  return null;
}

function takeVideoFrame(frame: VideoFrame, taker: Taker): Taken | Promise<Taken> {
  if (frame.codedWidth === 0) throw bad('the VideoFrame is closed: close it after segment() has returned');
  const size = { h: frame.displayHeight, w: frame.displayWidth };
  return (taker.external && takeExternal(frame.clone(), size, taker)) || copied(frame.clone(), size, taker, 'copy', true);
}

/** Null, and the frame closed, where the device can't import it. */
function takeExternal(frame: VideoFrame, size: Size, { device }: Taker): Taken | null {
  try {
    // It lives as long as the frame does.
    const texture = device.importExternalTexture({ source: frame });
    return {
      size,
      copy: 'external',
      frame: taker => ({
        kind: 'external',
        texture: taker.device === device ? texture : taker.device.importExternalTexture({ source: frame }),
      }),
      release: () => frame.close(),
    };
  } catch (error) {
    frame.close();
    refuseForeign(error, 'video');
    return null;
  }
}

function takeCanvas(canvas: HTMLCanvasElement | OffscreenCanvas, taker: Taker): Taken | Promise<Taken> {
  const { width, height } = canvas;
  if (width === 0 || height === 0) throw bad(`the canvas is ${width} wide and ${height} high: give it a size, and draw first`);
  return copied(canvas, { h: height, w: width }, taker);
}

function takeBitmap(bitmap: ImageBitmap, taker: Taker): Taken | Promise<Taken> {
  if (bitmap.width === 0) throw bad('the ImageBitmap is closed: close it after segment() has returned');
  return copied(bitmap, { h: bitmap.height, w: bitmap.width }, taker);
}

function takeImage(image: HTMLImageElement, taker: Taker): Taken | Promise<Taken> {
  const { naturalWidth, naturalHeight, complete, currentSrc, src } = image;
  const none = `the <img> has no picture${currentSrc || src ? `: ${(currentSrc || src).slice(0, 120)} did not load` : ': give it a src'}`;
  // One that is on its way is waited for: it can't be another by then but by its page's will.
  if (!complete)
    return image.decode().then(
      () => takeImage(image, taker),
      error => {
        throw bad(none, error);
      },
    );
  if (naturalWidth === 0 || naturalHeight === 0) throw bad(none);
  return copied(image, { h: naturalHeight, w: naturalWidth }, taker);
}

async function takeResponse(response: Response, taker: Taker): Promise<Taken> {
  const name = `the Response of ${response.url || 'a picture'}`;
  if (!response.ok) throw bad(`${name} is ${response.status} ${response.statusText}`.trim());
  if (response.bodyUsed) throw bad(`${name} has been read already: give its Blob`);
  return decode(await response.blob(), name, taker);
}

/** As the file has its colours, turned as it says, alpha apart. */
const AS_STORED: ImageBitmapOptions = { colorSpaceConversion: 'none', premultiplyAlpha: 'none', imageOrientation: 'from-image' };

async function decode(blob: Blob, name: string, taker: Taker): Promise<Taken> {
  const bitmap = await createImageBitmap(blob, AS_STORED).catch(error => {
    const type = blob.type || 'of no type';
    throw bad(`${name} (${type}, ${blob.size} bytes) is no picture that this browser decodes: ${describe(error)}`, error);
  });
  return copied(bitmap, { h: bitmap.height, w: bitmap.width }, taker, 'bitmap', true);
}

/** Copied on the GPU at once; where the browser refuses this kind, as an ImageBitmap; where it refuses that too, as pixels. `own` things are closed. */
function copied(image: Image, size: Size, taker: Taker, copy: Copy = 'copy', own = false): Taken | Promise<Taken> {
  const close = (): void => {
    if (own && 'close' in image) image.close();
  };
  const kind = Object.prototype.toString.call(image).slice(8, -1);
  // No texture holds it: as pixels it is shrunk on the way.
  if (Math.max(size.h, size.w) > taker.device.limits.maxTextureDimension2D) return pixels(image, size, kind, close);
  try {
    return texture(image, size, taker, copy, close);
  } catch (error) {
    try {
      refuseForeign(error, kind);
    } catch (foreign) {
      close();
      throw foreign;
    }
    if (copy === 'bitmap') return pixels(image, size, kind, close);
    return (async () => {
      try {
        const bitmap = await createImageBitmap(image, AS_STORED);
        return await copied(bitmap, size, taker, 'bitmap', true);
      } catch (reason) {
        refuseForeign(reason, kind);
        if (reason instanceof AtrousError) throw reason;
        throw bad(`the ${kind} can't be read: ${describe(reason)}`, reason);
      } finally {
        close();
      }
    })();
  }
}

/** Throws as `copyExternalImageToTexture` does. */
function texture(image: Image, size: Size, first: Taker, copy: Copy, close: () => void): Taken {
  const upload = ({ device, ring }: Taker): GPUTexture => {
    const made = ring.take(size);
    try {
      // Alpha is no colour: pixels keep the colours that they have apart from it.
      const to = { texture: made, colorSpace: 'srgb', premultipliedAlpha: false } as const;
      device.queue.copyExternalImageToTexture({ source: image }, to, [size.w, size.h]);
      return made;
    } catch (error) {
      ring.give(made);
      throw error;
    }
  };
  let [present, made] = [first, upload(first)];
  return {
    size,
    copy,
    frame(taker): Frame {
      if (taker.device !== present.device) [present, made] = [taker, upload(taker)];
      return { kind: 'texture', texture: made };
    },
    release() {
      present.ring.give(made);
      close();
    },
  };
}

function pixels(image: Image, size: Size, kind: string, close: () => void): Taken {
  try {
    const context = new OffscreenCanvas(size.w, size.h).getContext('2d', { willReadFrequently: true })!;
    context.drawImage(image, 0, 0, size.w, size.h);
    const rgba = new Uint8Array(context.getImageData(0, 0, size.w, size.h).data);
    return { size, copy: 'pixels', frame: () => ({ kind: 'pixels', rgba }), release() {} };
  } catch (error) {
    refuseForeign(error, kind);
    throw bad(`the ${kind}, ${size.h}×${size.w}, can't be read: ${describe(error)}`, error);
  } finally {
    close();
  }
}

/** Throws `BAD_IMAGE` for what another origin has not opened to this page; any other error is for the ladder's next rung. */
function refuseForeign(error: unknown, kind: string): void {
  if ((error as Error)?.name !== 'SecurityError') return;
  const next = 'serve it with Access-Control-Allow-Origin and set crossOrigin = "anonymous" before its src';
  throw bad(`the ${kind} shows what comes from another origin, which this page may not read: ${next}`, error);
}

function bad(sentence: string, cause?: unknown): AtrousError {
  return new AtrousError('BAD_IMAGE', sentence, { cause });
}
