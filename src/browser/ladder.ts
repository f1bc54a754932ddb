// A picture of a page down a ladder: a copy on the GPU, a copy as an ImageBitmap, pixels from a 2-D canvas.
import { AtrousError, describe } from '../errors.ts';
import type { Copy, Taken, Taker } from '../front/taken.ts';
import type { Frame } from '../gpu/frames.ts';
import type { Size } from '../image/size.ts';

/** What `copyExternalImageToTexture` may know. */
type Image = HTMLVideoElement | VideoFrame | HTMLCanvasElement | OffscreenCanvas | ImageBitmap | HTMLImageElement;

/** As the file has its colours, turned as it says, alpha apart. */
export const AS_STORED: ImageBitmapOptions = {
  colorSpaceConversion: 'none',
  premultiplyAlpha: 'none',
  imageOrientation: 'from-image',
};

/** Copied on the GPU at once; where the browser refuses this kind, as an ImageBitmap; where it refuses that too, as pixels. `own` things are closed. */
export function copied(image: Image, size: Size, taker: Taker, copy: Copy = 'copy', own = false): Taken | Promise<Taken> {
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
export function refuseForeign(error: unknown, kind: string): void {
  if ((error as Error)?.name !== 'SecurityError') return;
  const next = 'serve it with Access-Control-Allow-Origin and set crossOrigin = "anonymous" before its src';
  throw bad(`the ${kind} shows what comes from another origin, which this page may not read: ${next}`, error);
}

export function bad(sentence: string, cause?: unknown): AtrousError {
  return new AtrousError('BAD_IMAGE', sentence, { cause });
}
