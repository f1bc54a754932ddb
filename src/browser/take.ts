// What a page calls a picture. Kinds are told by their tags, because what comes from an iframe is no instance of this page's classes; the code that takes them is
// fetched with the first, which is held as it is meanwhile.
import type { Taken, TakePicture, Taker } from '../front/taken.ts';
import type { takeNow } from './sources.ts';

const KINDS = /^(HTML(Video|Canvas|Image)Element|VideoFrame|OffscreenCanvas|ImageBitmap|Blob|File|Response)$/;

let taking: typeof takeNow | undefined;

/** After it every picture is taken within the call. */
export async function readySources(): Promise<void> {
  taking = (await import('./sources.ts')).takeNow;
}

export const takeFromPage: TakePicture = (source, taker) => {
  const kind = tagOf(source);
  if (!KINDS.test(kind)) return null;
  return taking ? taking(source, kind, taker) : takeHeld(source, kind, taker);
};

const tagOf = (source: unknown): string => Object.prototype.toString.call(source).slice(8, -1);

async function takeHeld(source: unknown, kind: string, taker: Taker): Promise<Taken> {
  const holding = hold(source, kind);
  await readySources();
  const held = await holding;
  if (!held) return taking!(source, kind, taker);
  const close = (): void => held.close();
  try {
    const taken = await taking!(held, tagOf(held), taker);
    return {
      ...taken,
      release() {
        taken.release();
        close();
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** A copy of what its caller may change or close; null where there is none: what is wrong with it is told when it is taken. */
function hold(source: unknown, kind: string): VideoFrame | Promise<ImageBitmap | null> | null {
  try {
    if (/Video/.test(kind)) {
      const frame = new VideoFrame(source as VideoFrame);
      const { videoWidth = frame.displayWidth } = source as HTMLVideoElement;
      if (frame.displayWidth === videoWidth) return frame;
      // Not as the element turns it.
      frame.close();
    }
    if (/Canvas|Bitmap/.test(kind))
      return createImageBitmap(source as OffscreenCanvas, { premultiplyAlpha: 'none', colorSpaceConversion: 'none' }).catch(
        () => null,
      );
  } catch {}
  return null;
}
