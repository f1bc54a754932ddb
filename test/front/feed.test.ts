// When a stream's video has a frame: what it says too early is said again once it is true.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { feedOf } from '../../src/browser/feed.ts';

/** What a feed uses of a video element; `show` is the browser's part. */
class Video extends EventTarget {
  readonly [Symbol.toStringTag] = 'HTMLVideoElement';
  readyState = 1;
  readonly videoWidth = 8;
  readonly currentTime = 0;
  show = (_now: number, _frame: object): void => {};
  requestVideoFrameCallback(show: Video['show']): number {
    this.show = show;
    return 1;
  }
  cancelVideoFrameCallback(): void {}
}

test('a frame that a seek shows before the video is ready is told again', () => {
  const video = new Video();
  let told = 0;
  const fresh = (): void => {
    told++;
  };
  const feed = feedOf(video as unknown as HTMLVideoElement, { fresh, ended: assert.unreachable, failed: assert.unreachable });
  assert.is(told, 0);
  video.show(0, { presentedFrames: 1, mediaTime: 0.1 });
  assert.is(told, 1);
  assert.is(feed.take(), null, 'no frame yet');
  video.readyState = 4;
  video.dispatchEvent(new Event('seeked'));
  assert.is(told, 2);
  assert.is(feed.take()!.time, 100);
  video.dispatchEvent(new Event('seeked'));
  assert.is(told, 2, 'a frame that was taken is not told again');
  feed.close();
});

test.run();
