// Pictures of a page, each taken at the moment of the call: a video's frame in place, anything else down the ladder.
import type { Taken, Taker } from '../front/taken.ts';
import type { Size } from '../image/size.ts';
import { bad, copied, refuseForeign } from './ladder.ts';
import { untilReady } from './ready.ts';

/** `kind` is the source's tag, one of those that `take.ts` knows. */
export function takeNow(source: unknown, kind: string, taker: Taker): Taken | Promise<Taken> {
  switch (kind) {
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
    default:
      return import('./encoded.ts').then(({ takeEncoded }) => takeEncoded(source as Blob | Response, taker));
  }
}

function takeVideo(video: HTMLVideoElement, taker: Taker): Taken | Promise<Taken> {
  const ready = untilReady(video);
  if (ready) return ready.then(() => takeVideo(video, taker));
  const size = { h: video.videoHeight, w: video.videoWidth };
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
