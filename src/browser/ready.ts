// Whether a video has a frame to give.
import { AtrousError } from '../errors.ts';

/** HTMLMediaElement.HAVE_CURRENT_DATA: the frame of the present position is there. */
export const HAVE_FRAME = 2;

/** Milliseconds that a seek may take: one into what a server does not send never arrives. */
const LONGEST = 30_000;

/**
 * Null where it has one. A promise where it is on its way to another place, as one that loops is at its end: until it is there. Throws `BAD_IMAGE`, also
 * for one that does not arrive.
 */
export function untilReady(video: HTMLVideoElement): Promise<void> | null {
  const { error, readyState, videoWidth, videoHeight } = video;
  const bad = (sentence: string): AtrousError => new AtrousError('BAD_IMAGE', sentence);
  if (error) throw bad(`the video has failed: ${error.message || `MediaError ${error.code}`}; give it another src`);
  if (readyState >= HAVE_FRAME && videoWidth > 0 && videoHeight > 0) return null;
  if (!video.seeking) throw bad(`the video has no frame yet (readyState ${readyState}): await its "loadeddata" event first`);
  return new Promise((resolve, reject) => {
    const heard = new AbortController();
    const place = video.currentTime.toFixed(1);
    const late = `the video has not arrived at ${place} s in ${LONGEST / 1000} s: seek within what is there (video.seekable), or give it another src`;
    const timer = setTimeout(() => {
      heard.abort();
      reject(bad(late));
    }, LONGEST);
    const arrived = (): void => {
      heard.abort();
      clearTimeout(timer);
      resolve();
    };
    for (const event of ['seeked', 'error', 'emptied']) video.addEventListener(event, arrived, { signal: heard.signal });
  });
}
