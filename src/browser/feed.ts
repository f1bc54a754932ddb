// Where a stream's frames come from, one form for all: a video element, a MediaStream, a ReadableStream of VideoFrames. A feed says that there is a frame,
// and gives the newest when somebody has the time.
import { AtrousError, brief, describe } from '../errors.ts';
import { HAVE_FRAME } from './ready.ts';
import type { StreamSource } from './types.ts';

export interface NewFrame {
  readonly picture: HTMLVideoElement | VideoFrame;
  /** Milliseconds in the source's own time. */
  readonly time: number;
  release(): void;
}

export interface Listener {
  /** There is a frame, and `missed` more have come and gone since the last word. */
  fresh(missed: number): void;
  ended(): void;
  failed(error: unknown): void;
}

export interface Feed {
  /** Null where it is gone after all, or not there yet; another will come. */
  take(): NewFrame | null;
  close(): void;
}

/** Throws `BAD_USAGE` for what is no source, `BAD_IMAGE` for one without pictures. */
export function feedOf(source: StreamSource, listener: Listener): Feed {
  switch (Object.prototype.toString.call(source).slice(8, -1)) {
    case 'HTMLVideoElement':
      return videoFeed(source as HTMLVideoElement, listener);
    case 'MediaStream':
      return mediaFeed(source as MediaStream, listener);
    case 'ReadableStream':
      return frameFeed(source as ReadableStream<VideoFrame>, listener);
    default:
      throw new AtrousError(
        'BAD_USAGE',
        `stream(): the source is ${brief(source)}: give a <video>, a MediaStream or a ReadableStream of VideoFrames`,
      );
  }
}

/** With these a video has its frame. */
const ARRIVALS = ['seeked', 'loadeddata'];

/** Lasts until it is closed: a video that has ended, failed or lost its track can be given another. */
function videoFeed(video: HTMLVideoElement, { fresh, failed }: Listener): Feed {
  let time = -1;
  // A browser may call back for the frame of a seek before `readyState` allows it, and a video that rests has no other frame.
  let early = false;
  const onReady = (): void => {
    if (early) fresh(0);
  };
  for (const event of ARRIVALS) video.addEventListener(event, onReady);
  const onError = (): void =>
    failed(new AtrousError('BAD_IMAGE', `the video has failed: ${video.error?.message || 'no source fits'}`));
  video.addEventListener('error', onError);
  const stop = typeof video.requestVideoFrameCallback === 'function' ? watchFrames() : watchTime();
  // One that rests shows a frame all the same.
  if (video.readyState >= HAVE_FRAME) fresh(0);
  return {
    take() {
      early = video.readyState < HAVE_FRAME || video.videoWidth === 0;
      if (early) return null;
      return { picture: video, time: time < 0 ? video.currentTime * 1000 : time, release() {} };
    },
    close() {
      for (const event of ARRIVALS) video.removeEventListener(event, onReady);
      video.removeEventListener('error', onError);
      stop();
    },
  };

  function watchFrames(): () => void {
    let presented = 0;
    let handle = 0;
    const next = (): void => {
      handle = video.requestVideoFrameCallback((_, frame) => {
        next();
        // The count starts anew with another source.
        const missed = presented > 0 ? Math.max(0, frame.presentedFrames - presented - 1) : 0;
        presented = frame.presentedFrames;
        time = frame.mediaTime * 1000;
        fresh(missed);
      });
    };
    next();
    return () => video.cancelVideoFrameCallback(handle);
  }

  function watchTime(): () => void {
    let handle = 0;
    const next = (): void => {
      handle = requestAnimationFrame(() => {
        next();
        const now = video.currentTime * 1000;
        if (now === time || video.readyState < HAVE_FRAME) return;
        time = now;
        fresh(0);
      });
    };
    next();
    return () => cancelAnimationFrame(handle);
  }
}

/** Shown by a video of our own, which no page sees. It ends when no track is live. */
function mediaFeed(media: MediaStream, listener: Listener): Feed {
  if (media.getVideoTracks().length === 0)
    throw new AtrousError('BAD_IMAGE', 'the MediaStream has no video track: ask getUserMedia for { video: true }');
  const video = document.createElement('video');
  Object.assign(video, { muted: true, playsInline: true, srcObject: media });
  const check = (): void => {
    if (media.getVideoTracks().every(({ readyState }) => readyState === 'ended')) listener.ended();
  };
  const tracks = media.getVideoTracks();
  // A track that its page stops says nothing: the stream does, and the video.
  const told: [EventTarget, string][] = [
    ...tracks.map((track): [EventTarget, string] => [track, 'ended']),
    [media, 'inactive'],
    [video, 'ended'],
  ];
  for (const [target, event] of told) target.addEventListener(event, check);
  const feed = videoFeed(video, listener);
  // Where a page may not start videos, autoplay of a muted one is allowed all the same; what fails is a stream that has ended.
  video.play().catch(check);
  check();
  return {
    take: feed.take,
    close() {
      for (const [target, event] of told) target.removeEventListener(event, check);
      feed.close();
      video.srcObject = null;
    },
  };
}

/** Reads one frame ahead; the stream itself decides what becomes of others meanwhile. */
function frameFeed(frames: ReadableStream<VideoFrame>, { fresh, ended, failed }: Listener): Feed {
  if (frames.locked)
    throw new AtrousError('BAD_USAGE', 'stream(): the ReadableStream is locked: somebody else reads it; give a tee() of it');
  const reader = frames.getReader();
  let [newest, closed]: [VideoFrame | null, boolean] = [null, false];
  const read = async (): Promise<void> => {
    try {
      const { done, value } = await reader.read();
      if (done) return ended();
      if (closed) return value.close();
      newest = value;
      fresh(0);
    } catch (error) {
      failed(new AtrousError('BAD_IMAGE', `the ReadableStream has failed: ${describe(error)}`, { cause: error }));
      ended();
    }
  };
  void read();
  return {
    take() {
      if (!newest) return null;
      const picture = newest;
      newest = null;
      void read();
      return { picture, time: picture.timestamp / 1000, release: () => picture.close() };
    },
    close() {
      closed = true;
      newest?.close();
      newest = null;
      reader.cancel().catch(() => {});
    },
  };
}
