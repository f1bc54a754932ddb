// What a picture is once it is taken, whatever it was.
import type { Frame, FrameRing } from '../gpu/frames.ts';
import type { Size } from '../image/size.ts';

/**
 * How a picture came to the network: a video's frame in place, a texture in place, copied on the GPU, copied as an ImageBitmap, or as pixels from
 * memory.
 */
export type Copy = 'external' | 'texture' | 'copy' | 'bitmap' | 'pixels';

/** The device that a picture is taken for. */
export interface Taker {
  readonly device: GPUDevice;
  readonly ring: FrameRing;
  /** Does the network read a video's own frame? */
  readonly external: boolean;
}

export interface Taken {
  readonly size: Size;
  readonly copy: Copy;
  /**
   * For a pipeline on this device, which is another one after a loss: what can be copied once more then is, as it has become. Between the call and the
   * submit nothing may wait.
   */
  frame(taker: Taker): Frame;
  /** When the commands are submitted, or never will be. */
  release(): void;
}

/** Takes what else a platform calls a picture, at once where it can; null for anything that is none. Throws `BAD_IMAGE`. */
export type TakePicture = (source: unknown, taker: Taker) => Taken | Promise<Taken> | null;
