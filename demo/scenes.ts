// What the page looks at: the sample, a photograph, a drawn street, a video or a camera, each shown in one of the page's elements.
import { openedAt } from './opened.ts';
import { the } from './page.ts';
import { street } from './street.ts';

export interface Scene {
  readonly kind: 'still' | 'photo' | 'street' | 'video' | 'camera';
  /** The element that shows it, and that is segmented. */
  readonly picture: HTMLImageElement | HTMLCanvasElement | HTMLVideoElement;
  readonly width: number;
  readonly height: number;
  /** Of a street: draws the view `seconds` later, and gives its true classes. */
  advance?(seconds: number): Uint8Array;
  /** Gives a camera or a file back. */
  close(): void;
}

/** Metres a second: a car in a town. */
const SPEED = 8;
const STREET_SEED = 2;

export function sample(): Scene {
  const picture = the('still');
  return { kind: 'still', picture, width: picture.naturalWidth, height: picture.naturalHeight, close() {} };
}

export function drawnStreet(width = 480, height = 360): Scene {
  const { frame } = street(STREET_SEED, width, height);
  const canvas = the('before');
  Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d', { alpha: false })!;
  let t = 0;
  const advance = (seconds: number): Uint8Array => {
    t += seconds * SPEED;
    const { pixels, labels } = frame(t);
    context.putImageData(new ImageData(pixels, width, height), 0, 0);
    return labels;
  };
  return { kind: 'street', picture: canvas, width, height, advance, close() {} };
}

/** Throws what the browser says of a file that it can't read as a picture. */
export async function photo(file: Blob): Promise<Scene> {
  const bitmap = await createImageBitmap(file).catch(error => {
    throw new Error(`${nameOf(file)} is no picture that this browser reads: ${(error as Error).message}`);
  });
  const { width, height } = bitmap;
  const canvas = the('before');
  Object.assign(canvas, { width, height });
  canvas.getContext('2d', { alpha: false })!.drawImage(bitmap, 0, 0);
  bitmap.close();
  return { kind: 'photo', picture: canvas, width, height, close() {} };
}

export async function videoOf(source: Blob | URL): Promise<Scene> {
  const video = the('video');
  const opened = source instanceof URL ? { href: source.href, close() {} } : await openedAt(source);
  video.src = opened.href;
  const close = (): void => {
    video.pause();
    video.removeAttribute('src');
    video.load();
    opened.close();
  };
  try {
    await playing(video);
  } catch (error) {
    close();
    const why = opened.href.startsWith('blob:')
      ? 'it has no service workers here (a private window?), and the page’s policy may forbid other addresses for files'
      : (error as Error).message;
    throw new Error(`${source instanceof URL ? source.href : nameOf(source)} does not play in this browser: ${why}`);
  }
  return { kind: 'video', picture: video, width: video.videoWidth, height: video.videoHeight, close };
}

export async function camera(): Promise<Scene> {
  if (!navigator.mediaDevices) throw new Error('this browser gives pages no camera: open the page over https, or from localhost');
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } }).catch((error: Error) => {
    const why =
      error.name === 'NotAllowedError'
        ? 'allow it in the address bar'
        : error.name === 'NotFoundError'
          ? 'plug one in'
          : error.message;
    throw new Error(`no camera: ${why}; the other sources work without one`);
  });
  const video = the('video');
  video.srcObject = stream;
  await playing(video);
  const close = (): void => {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
  return { kind: 'camera', picture: video, width: video.videoWidth, height: video.videoHeight, close };
}

/** Resolves with the first frame. */
async function playing(video: HTMLVideoElement): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const done = new AbortController();
    const { signal } = done;
    video.addEventListener('loadeddata', () => resolve(done.abort()), { signal });
    video.addEventListener('error', () => reject(new Error(video.error?.message || 'unknown format', done.abort() as undefined)), {
      signal,
    });
  });
  await video.play();
}

function nameOf(file: Blob): string {
  return file instanceof File ? file.name : 'what was pasted';
}
