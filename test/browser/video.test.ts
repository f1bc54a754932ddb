// Videos: their own frames, as they are when segment() is called, against the same frames drawn on a canvas; turned frames, sizes that change, and
// what is no picture.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { agreement, closeBrowser, crop, openPage } from './harness.ts';

test.after(closeBrowser);

const pixels = await crop(95, 191);

test('a video is read in place, and is what its canvas is', async () => {
  const page = await openPage();
  const found = await page.evaluate(async ({ data, width, height }) => {
    const image = new ImageData(new Uint8ClampedArray(data), width, height);
    /** A second of the picture moving to the left, as a browser records it. */
    const record = async (w: number, h: number): Promise<string> => {
      const canvas = Object.assign(document.createElement('canvas'), { width: w, height: h });
      const context = canvas.getContext('2d')!;
      const recorder = new MediaRecorder(canvas.captureStream(30), { mimeType: 'video/webm', videoBitsPerSecond: 8e6 });
      const parts: Blob[] = [];
      recorder.ondataavailable = ({ data: part }) => parts.push(part);
      const stopped = new Promise(resolve => {
        recorder.onstop = resolve;
      });
      recorder.start();
      for (let n = 0; n < 20; n++) {
        context.putImageData(image, -n, 0);
        await new Promise(resolve => setTimeout(resolve, 30));
      }
      recorder.stop();
      await stopped;
      return URL.createObjectURL(new Blob(parts, { type: 'video/webm' }));
    };
    const video = document.createElement('video');
    video.muted = true;
    const shown = (): Promise<unknown> => new Promise(resolve => video.requestVideoFrameCallback(resolve));
    const show = async (w: number, h: number): Promise<void> => {
      video.src = await record(w, h);
      const first = shown();
      await video.play();
      await first;
      await shown();
      video.pause();
    };
    const drawn = (): HTMLCanvasElement => {
      const canvas = document.createElement('canvas');
      Object.assign(canvas, { width: video.videoWidth, height: video.videoHeight });
      canvas.getContext('2d')!.drawImage(video, 0, 0);
      return canvas;
    };
    let compiled = 0;
    const { createComputePipelineAsync } = GPUDevice.prototype;
    GPUDevice.prototype.createComputePipelineAsync = function (descriptor) {
      compiled++;
      return createComputePipelineAsync.call(this, descriptor);
    };
    const { ok, software, precisions } = await atrous.support();
    const model = await atrous.load('regseg-camvid', { precision: 'f32', size: { height, width } });
    const prepared = compiled;
    const codes: string[] = [];
    const refused = async (work: Promise<unknown>): Promise<string> =>
      work.then(
        () => 'nothing',
        error => {
          codes.push(error.code);
          return error.message;
        },
      );
    const before = await refused(model.segment(video));
    const compared: { name: string; copy: string; size: number[]; a: Uint8Array; b: Uint8Array }[] = [];
    const compare = async (name: string, source: HTMLVideoElement | VideoFrame, canvas: HTMLCanvasElement): Promise<void> => {
      const a = await model.segment(source);
      const b = await model.segment(canvas);
      compared.push({ name, copy: a.info.copy, size: [a.height, a.width], a: a.classes, b: b.classes });
    };
    await show(width, height);
    await compare('a video', video, drawn());
    const more = compiled - prepared;
    // The frame of the call, though the video goes on.
    const canvas = drawn();
    const going = model.segment(video);
    video.currentTime += 0.3;
    await shown();
    const late = await going;
    const still = await model.segment(canvas);
    compared.push({
      name: 'of the call',
      copy: late.info.copy,
      size: [late.height, late.width],
      a: late.classes,
      b: still.classes,
    });
    await compare('further on', video, drawn());
    // A video that loops is without a frame while it begins anew.
    video.currentTime = 0;
    const sought = [video.seeking, video.readyState];
    const arrived = await model.segment(video);
    const first = await model.segment(drawn());
    compared.push({
      name: 'sought',
      copy: arrived.info.copy,
      size: [arrived.height, arrived.width],
      a: arrived.classes,
      b: first.classes,
    });
    await show(190, 94);
    await compare('another size', video, drawn());
    const resized = await model.segment(video, { size: { height: 128, width: 256 } });
    compared.push({
      name: 'resized',
      copy: resized.info.copy,
      size: [resized.info.height, resized.info.width],
      a: resized.classes,
      b: (await model.segment(drawn(), { size: { height: 128, width: 256 } })).classes,
    });
    // A quarter turn, as phones record: rows become columns.
    const upright = Object.assign(document.createElement('canvas'), { width: height, height: width });
    const context = upright.getContext('2d')!;
    const lying = Object.assign(document.createElement('canvas'), { width, height });
    lying.getContext('2d')!.putImageData(image, 0, 0);
    context.translate(height, 0);
    context.rotate(Math.PI / 2);
    context.drawImage(lying, 0, 0);
    const turned = new VideoFrame(lying, { timestamp: 0, rotation: 90 } as VideoFrameInit);
    const turns = turned.displayWidth === height;
    if (turns) await compare('turned', turned, upright);
    turned.close();
    const closed = await refused(model.segment(turned));
    video.src = URL.createObjectURL(new Blob(['no video'], { type: 'video/webm' }));
    await new Promise(resolve => {
      video.onerror = resolve;
    });
    const failed = await refused(model.segment(video));
    // The half minute that it is waited for passes at once.
    const lost = Object.defineProperties(document.createElement('video'), { seeking: { value: true } });
    const { setTimeout: wait } = window;
    Object.assign(window, { setTimeout: (act: () => void, ms?: number) => wait(act, ms === 30_000 ? 0 : ms) });
    const never = await refused(model.segment(lost));
    Object.assign(window, { setTimeout: wait });
    await model.dispose();
    return {
      before,
      sought,
      closed,
      failed,
      never,
      codes,
      compared,
      turns,
      prepared,
      more,
      support: [ok, software, ...precisions],
    };
  }, pixels);
  for (const { name, copy, a, b } of found.compared) {
    assert.is(copy, 'external', name);
    assert.ok(agreement(a, b) >= 0.98, `${name}: ${agreement(a, b)} of the pixels are equal`);
  }
  assert.ok(found.prepared > 10);
  assert.is(found.more, 0, 'a prepared size has the video’s own stem as well');
  assert.equal(found.support, [true, true, 'f32', 'half']);
  assert.ok(found.turns, 'this browser turns frames');
  assert.equal(
    found.compared.map(({ name, size }) => [name, ...size]),
    [
      ['a video', 95, 191],
      ['of the call', 95, 191],
      ['further on', 95, 191],
      ['sought', 95, 191],
      ['another size', 94, 190],
      ['resized', 128, 256],
      ['turned', 191, 95],
    ],
  );
  assert.equal(found.sought, [true, 1]);
  assert.match(found.before, /the video has no frame yet \(readyState 0\)/);
  assert.match(found.closed, /the VideoFrame is closed/);
  assert.match(found.failed, /the video has failed/);
  assert.match(found.never, /the video has not arrived at 0\.0 s in 30 s/);
  assert.equal(found.codes, ['BAD_IMAGE', 'BAD_IMAGE', 'BAD_IMAGE', 'BAD_IMAGE']);
});

test.run();
