// Live video: recorded, captured and in frames, drawn as the slow truth draws it; what is dropped, what rests, what ends, and what is said when a source or a
// canvas goes wrong.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { overlay } from '../../src/reference/overlay.ts';
import { agreement, closeBrowser, crop, openPage, type TestPage } from './harness.ts';

test.after(closeBrowser);

const pixels = await crop(64, 96);

/** A page with one model, a still picture, and videos of it. */
async function studio(): Promise<TestPage> {
  const page = await openPage();
  await page.evaluate(async ({ data, width, height }) => {
    const image = new ImageData(new Uint8ClampedArray(data), width, height);
    const still = (w = width, h = height): HTMLCanvasElement => {
      const canvas = Object.assign(document.createElement('canvas'), { width: w, height: h });
      canvas.getContext('2d')!.putImageData(image, 0, 0);
      return canvas;
    };
    /** Painted anew at some rate, so that what captures it has frames. */
    const moving = (canvas: HTMLCanvasElement, ms: number): (() => void) => {
      const context = canvas.getContext('2d')!;
      let n = 0;
      const timer = setInterval(() => context.putImageData(image, -(n++ % 3), 0), ms);
      return () => clearInterval(timer);
    };
    const record = async (w: number, h: number, count: number): Promise<string> => {
      const canvas = still(w, h);
      const recorder = new MediaRecorder(canvas.captureStream(30), { mimeType: 'video/webm', videoBitsPerSecond: 8e6 });
      const parts: Blob[] = [];
      recorder.ondataavailable = ({ data: part }) => parts.push(part);
      const stopped = new Promise(resolve => {
        recorder.onstop = resolve;
      });
      recorder.start();
      const stop = moving(canvas, 30);
      await new Promise(resolve => setTimeout(resolve, 30 * count));
      stop();
      recorder.stop();
      await stopped;
      return URL.createObjectURL(new Blob(parts, { type: 'video/webm' }));
    };
    const read = (canvas: HTMLCanvasElement | OffscreenCanvas): Uint8ClampedArray => {
      const flat = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d')!;
      flat.drawImage(canvas, 0, 0);
      return flat.getImageData(0, 0, canvas.width, canvas.height).data;
    };
    const until = async (done: () => boolean, what: string): Promise<void> => {
      for (let n = 0; n < 600 && !done(); n++) await new Promise(resolve => setTimeout(resolve, 20));
      if (!done()) throw new Error(`not in twelve seconds: ${what}`);
    };
    const model = await atrous.load('regseg-camvid', { precision: 'f32', size: { height, width } });
    Object.assign(globalThis, { image, still, moving, record, read, until, model });
  }, pixels);
  return page;
}

declare global {
  var image: ImageData;
  var still: (w?: number, h?: number) => HTMLCanvasElement;
  var moving: (canvas: HTMLCanvasElement, ms: number) => () => void;
  var record: (w: number, h: number, count: number) => Promise<string>;
  var read: (canvas: HTMLCanvasElement | OffscreenCanvas) => Uint8ClampedArray;
  var until: (done: () => boolean, what: string) => Promise<void>;
  var model: Awaited<ReturnType<typeof atrous.load>>;
}

const page = await studio();

test('every source on every canvas: the overlay is the truth’s', async () => {
  const found = await page.evaluate(async () => {
    const { width, height } = image;
    const flat = document.createElement('canvas');
    flat.getContext('2d')!.scale(2, 2);
    const canvases = { webgpu: document.createElement('canvas'), '2d': flat, offscreen: new OffscreenCanvas(1, 1) };
    const frames = (count: number): ReadableStream<VideoFrame> => {
      let n = 0;
      return new ReadableStream({
        pull(to) {
          if (n === count) return to.close();
          to.enqueue(new VideoFrame(still(), { timestamp: 40_000 * n++ }));
        },
      });
    };
    const drawn = [];
    for (const [kind, canvas] of Object.entries(canvases)) {
      const results: { classes: Uint8Array; size: number[] }[] = [];
      const live = model.stream(frames(3), canvas, {
        opacity: 0.4,
        outlines: true,
        onResult: ({ classes, width, height }) => results.push({ classes, size: [width, height] }),
      });
      const how = await live.finished;
      drawn.push({ kind, how, results, data: read(canvas), stats: { ...live.stats } });
    }
    // A picture, then its mirror image: what is left of the first decides, or nothing of it.
    const mirror = still();
    const flipped = mirror.getContext('2d')!;
    flipped.scale(-1, 1);
    flipped.drawImage(still(), -width, 0);
    const smoothed: Uint8Array[][] = [];
    for (const smoothing of [60_000, 1]) {
      let n = 0;
      const two = new ReadableStream<VideoFrame>({
        pull(to) {
          if (n === 2) return to.close();
          to.enqueue(new VideoFrame(n === 0 ? still() : mirror, { timestamp: 40_000 * n++ }));
        },
      });
      const seen: Uint8Array[] = [];
      await model.stream(two, new OffscreenCanvas(1, 1), { smoothing, onResult: ({ classes }) => seen.push(classes) }).finished;
      smoothed.push(seen);
    }
    const { classes, labels, palette } = await model.segment(image);
    // What lies in a recorded video is what its own canvas says.
    const video = Object.assign(document.createElement('video'), { muted: true, loop: true, src: await record(width, height, 12) });
    const shown = document.createElement('canvas');
    const live = model.stream(video, shown, { opacity: 0.5 });
    await video.play();
    await until(() => live.stats.frames >= 6, 'six frames of a video');
    video.pause();
    const before = live.stats.frames;
    video.currentTime = 0.1;
    await until(() => live.stats.frames > before, 'the frame behind a seek in a paused video');
    await new Promise(resolve => setTimeout(resolve, 300));
    const own = new OffscreenCanvas(width, height).getContext('2d')!;
    own.drawImage(video, 0, 0);
    const still0 = own.getImageData(0, 0, width, height);
    const truth = await model.segment(still0);
    const settled = live.stats.frames;
    await new Promise(resolve => setTimeout(resolve, 300));
    const paused = live.stats.frames - settled;
    const ofVideo = { data: read(shown), picture: still0.data, classes: truth.classes, stats: { ...live.stats } };
    live.stop();
    const stopped = await live.finished;
    // A camera, as a canvas plays it.
    const source = still();
    const stop = moving(source, 30);
    const camera = source.captureStream(30);
    const target = document.createElement('canvas');
    const watching = model.stream(camera, target, { most: 1 });
    await until(() => watching.stats.frames >= 4, 'four frames of a camera');
    const ofCamera = { ...watching.stats };
    for (const track of camera.getTracks()) track.stop();
    const ended = await watching.finished;
    stop();
    return {
      drawn,
      smoothed,
      mirrored: (await model.segment(mirror)).classes,
      classes,
      labels,
      palette,
      ofVideo,
      paused,
      stopped,
      ended,
      ofCamera,
      target: [target.width, target.height],
    };
  });
  const all = found.labels.map(() => true);
  const look = {
    palette: found.palette,
    chosen: all,
    opacity: 0.4,
    outline: { width: 2, colour: null },
    background: { kind: 'none' },
  } as const;
  const worst = (a: ArrayLike<number>, b: Uint8ClampedArray): number =>
    b.reduce((most, value, n) => Math.max(most, Math.abs(value - a[n])), 0);
  const expected = overlay(pixels, found.classes, look, pixels);
  for (const { kind, how, results, data, stats } of found.drawn) {
    assert.is(how, 'ended', kind);
    // Frames of canvases may come in YUV: a few steps, and a few pixels at the edges of classes.
    const far = expected.filter((value, n) => Math.abs(value - data[n]) > 6).length / expected.length;
    assert.ok(far < 0.02, `${kind}: ${far} of the numbers are off, the worst by ${worst(data, expected)}`);
    assert.is(results.length, 3, kind);
    assert.is(stats.frames, 3);
    assert.equal(results[2].size, [96, 64]);
  }
  const { ofVideo } = found;
  const picture = { data: new Uint8Array(ofVideo.picture), width: 96, height: 64 };
  const truth = overlay(picture, ofVideo.classes, { ...look, opacity: 0.5, outline: null }, picture);
  const far = truth.filter((value, n) => Math.abs(value - ofVideo.data[n]) > 6).length / truth.length;
  assert.ok(far < 0.02, `a seeked video: ${far} of the numbers are off`);
  const [lasting, gone] = found.smoothed;
  assert.ok(agreement(found.classes, found.mirrored) < 0.9, 'the mirror image has other classes');
  assert.ok(agreement(lasting[0], found.classes) > 0.98);
  assert.ok(agreement(lasting[1], found.classes) > 0.98, 'half of a minute is left of a frame before');
  assert.ok(agreement(gone[1], found.mirrored) > 0.98, 'nothing is left after forty half-lives');
  assert.is(found.paused, 0, 'a paused video takes no frames');
  assert.is(ofVideo.stats.copy, 'copy');
  assert.ok(ofVideo.stats.fps > 0 && ofVideo.stats.p50! > 0 && ofVideo.stats.p95! >= ofVideo.stats.p50!);
  assert.ok(ofVideo.stats.gpuMs! > 0);
  assert.is(found.stopped, 'stopped');
  assert.is(found.ended, 'ended');
  assert.ok(found.ofCamera.fps > 0);
  assert.equal(found.target, [96, 64]);
});

test('what goes wrong is said, once, and what can goes on', async () => {
  const thrown: string[] = [];
  page.on('pageerror', error => thrown.push(String(error)));
  const found = await page.evaluate(async () => {
    const said: Record<string, string> = {};
    const endOf = async (what: string, begin: () => { readonly finished: Promise<string> }): Promise<void> => {
      const stream = begin();
      said[what] = await stream.finished.catch(error => `${error.code}: ${error.message}`);
    };
    const canvas = document.createElement('canvas');
    const three = document.createElement('canvas');
    three.getContext('webgl2');
    const made: VideoFrame[] = [];
    // No frame is made before somebody reads it.
    const frames = (count: number, then?: Error): ReadableStream<VideoFrame> => {
      let n = 0;
      const pull = (to: ReadableStreamDefaultController<VideoFrame>): void => {
        if (n === count) {
          if (then) to.error(then);
          else to.close();
          return;
        }
        const frame = new VideoFrame(still(), { timestamp: 40_000 * n++ });
        made.push(frame);
        to.enqueue(frame);
      };
      return new ReadableStream({ pull }, { highWaterMark: 0 });
    };
    const locked = frames(1);
    locked.getReader();
    const wrong = { opactiy: 1 } as object;
    await endOf('option', () => model.stream(frames(1), canvas, wrong));
    await endOf('most', () => model.stream(frames(1), canvas, { most: 0 }));
    await endOf('class', () => model.stream(frames(1), canvas, { classes: ['unicorn'] }));
    await endOf('source', () => model.stream(canvas as never, canvas));
    await endOf('track', () => model.stream(new MediaStream(), canvas));
    await endOf('locked', () => model.stream(locked, canvas));
    await endOf('context', () => model.stream(frames(5), three));
    await endOf('canvas', () => model.stream(frames(5), document.createElement('div') as never));
    await endOf('broken', () => model.stream(frames(2, new Error('the cable')), canvas));
    const told: string[] = [];
    const onError = (error: { code: string; message: string }): number => told.push(`${error.code}: ${error.message}`);
    await endOf('broken, told', () => model.stream(frames(2, new Error('the cable')), canvas, { onError }));
    await endOf('context, told', () => model.stream(frames(5), three, { onError }));
    const toldOfFrames = told.splice(0);
    if (made.length < 10) throw new Error(`${made.length} frames were read`);
    const open = made.filter(({ format }) => format !== null).length;
    // Callbacks that throw; a stop before anything has begun.
    let results = 0;
    const onResult = (): never => {
      throw new Error(`result ${results++}`);
    };
    await endOf('callback', () => model.stream(frames(2), canvas, { onResult }));
    const early = model.stream(frames(2), canvas);
    early.stop();
    said.early = await early.finished;
    // A video that fails, changes its size, and is looked at by nobody.
    const video = Object.assign(document.createElement('video'), { muted: true, loop: true });
    const live = model.stream(video, canvas, { onError });
    video.src = URL.createObjectURL(new Blob(['no video'], { type: 'video/webm' }));
    await until(() => told.length > 0, 'word of a video that fails');
    const { width, height } = image;
    const [small, large] = [await record(width, height, 8), await record(80, 48, 8)];
    video.src = small;
    await video.play();
    await until(() => live.stats.frames > 2, 'frames of a video after one that failed');
    const first = [canvas.width, canvas.height];
    video.src = large;
    await video.play();
    await until(() => canvas.width === 80, 'a frame of another size');
    const second = [canvas.width, canvas.height];
    const show = (state: string): void => {
      Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    };
    show('hidden');
    // What is under way is still shown.
    for (let seen = -1; seen !== live.stats.frames; await new Promise(resolve => setTimeout(resolve, 500)))
      seen = live.stats.frames;
    const before = { ...live.stats };
    await new Promise(resolve => setTimeout(resolve, 400));
    const hidden = live.stats.frames - before.frames;
    const notDropped = live.stats.dropped - before.dropped;
    show('visible');
    await until(() => live.stats.frames > before.frames, 'frames of a page that is shown again');
    // Faster than any model.
    const source = still(160, 120);
    const stop = moving(source, 5);
    const camera = source.captureStream(60);
    const busy = model.stream(camera, document.createElement('canvas'), { most: 1, size: { height: 64, width: 96 } });
    await until(() => busy.stats.dropped > 3, 'dropped frames');
    stop();
    const disposed = model.dispose();
    const ends = await Promise.all([live.finished, busy.finished]);
    await disposed;
    let after = '';
    try {
      model.stream(video, canvas);
    } catch (error) {
      after = (error as { code: string }).code;
    }
    return { said, told, toldOfFrames, open, results, first, second, hidden, notDropped, ends, after };
  });
  const { said } = found;
  const expected: Record<string, RegExp> = {
    option: /^BAD_USAGE: stream\(\) has no option "opactiy": there are opacity/,
    most: /^BAD_USAGE: most is 0: it takes a whole number from 1 to 8/,
    class: /^BAD_USAGE: .*no class "unicorn"/,
    source: /^BAD_USAGE: stream\(\): the source is of type HTMLCanvasElement: give a <video>, a MediaStream/,
    track: /^BAD_IMAGE: the MediaStream has no video track/,
    locked: /^BAD_USAGE: stream\(\): the ReadableStream is locked/,
    context: /^BAD_USAGE: .*the canvas has a context that is neither WebGPU nor 2-D/,
    canvas: /^BAD_USAGE: .*the canvas is HTMLDivElement/,
    broken: /^BAD_IMAGE: the ReadableStream has failed: the cable/,
    'broken, told': /^ended$/,
    'context, told': /^BAD_USAGE: .*neither WebGPU nor 2-D/,
    callback: /^ended$/,
    early: /^stopped$/,
  };
  assert.equal(Object.keys(said), Object.keys(expected));
  for (const [what, pattern] of Object.entries(expected)) {
    assert.match(said[what], pattern);
    assert.ok(said[what].length <= 300);
  }
  assert.is(found.toldOfFrames.length, 2);
  assert.match(found.toldOfFrames[0], /the cable/);
  assert.match(found.toldOfFrames[1], /neither WebGPU/);
  assert.is(found.open, 0, 'every VideoFrame is closed');
  assert.is(found.results, 2);
  assert.is(thrown.filter(error => /result \d/.test(error)).length, 2, 'what a callback throws is the page’s');
  assert.is(found.told.length, 1);
  assert.match(found.told[0], /^BAD_IMAGE: the video has failed/);
  assert.equal(
    [found.first, found.second],
    [
      [96, 64],
      [80, 48],
    ],
  );
  assert.equal([found.hidden, found.notDropped], [0, 0], 'a hidden page rests');
  assert.equal(found.ends, ['stopped', 'stopped']);
  assert.is(found.after, 'DISPOSED');
});

test.run();
