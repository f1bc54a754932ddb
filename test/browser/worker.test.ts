// The same calls behind a worker: the page's results, canvases that the worker draws on, the page's own time a frame, and what is said when the worker dies.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type * as front from '../../src/worker.ts';
import { agreement, closeBrowser, crop, openPage, type PageOptions, type TestPage } from './harness.ts';

test.after(closeBrowser);

declare global {
  var worker: typeof front;
}

const pixels = await crop(64, 96);

async function openWith(options: PageOptions = {}): Promise<TestPage> {
  const script =
    "import * as worker from '/atrous/dist/worker.js'; import * as atrous from '/atrous/dist/index.js'; Object.assign(globalThis, { worker, atrous });";
  return openPage({ ...options, routes: { '/page.js': script, ...options.routes } });
}

test('a worker gives the page’s results, for every picture and on every canvas', async () => {
  const page = await openWith({ headers: { 'content-security-policy': "default-src 'self'; img-src 'self' data: blob:" } });
  const found = await page.evaluate(async ({ data, width, height }) => {
    const image = new ImageData(new Uint8ClampedArray(data), width, height);
    const still = Object.assign(document.createElement('canvas'), { width, height });
    still.getContext('2d')!.putImageData(image, 0, 0);
    const offscreen = new OffscreenCanvas(width, height);
    offscreen.getContext('2d')!.putImageData(image, 0, 0);
    const blob = await offscreen.convertToBlob();
    const img = Object.assign(new Image(), { src: URL.createObjectURL(blob) });
    const phases = new Set<string>();
    const model = await worker.load('regseg-camvid', {
      ...{ precision: 'f32', size: { height, width } },
      onProgress: ({ phase }) => phases.add(phase),
    });
    const inPage = await atrous.load('regseg-camvid', { precision: 'f32' });
    const bitmap = await createImageBitmap(image, { premultiplyAlpha: 'none' });
    const frame = new VideoFrame(still, { timestamp: 0 });
    const sources = {
      pixels: { data, width, height },
      ImageData: image,
      canvas: still,
      OffscreenCanvas: offscreen,
      ImageBitmap: bitmap,
      img,
      Blob: blob,
      VideoFrame: frame,
    };
    const compared = [];
    for (const [kind, source] of Object.entries(sources)) {
      const options = kind === 'pixels' ? { scores: true } : {};
      const [a, b] = [await model.segment(source, options), await inPage.segment(source, options)];
      const scores = Math.max(0, ...(a.scores?.data.map((value, n) => Math.abs(value - b.scores!.data[n])) ?? []));
      const probable = a.at(3, 2).probability === b.at(3, 2).probability;
      compared.push({
        kind,
        a: a.classes,
        b: b.classes,
        copies: [a.info.copy, b.info.copy],
        scores,
        probable,
        shares: [a.shares(), b.shares()],
      });
    }
    const own = { bitmap: bitmap.width, frame: frame.format !== null };
    const read = async (canvas: HTMLCanvasElement | OffscreenCanvas): Promise<Uint8ClampedArray> => {
      // A frame of the worker's is on its way.
      await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve, 100)));
      const flat = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d')!;
      flat.drawImage(canvas, 0, 0);
      return flat.getImageData(0, 0, canvas.width, canvas.height).data;
    };
    const [a, b] = [await model.segment(image), await inPage.segment(image)];
    const flat = document.createElement('canvas');
    flat.getContext('2d');
    const drawn = [];
    const fresh = document.createElement('canvas');
    document.body.append(fresh);
    for (const options of [
      {},
      { opacity: 0.3, outlines: true },
      { classes: [0, 1, 2], background: { blur: 3 } },
      { classes: [0, 1], background: still },
    ])
      for (const [kind, canvas] of Object.entries({ fresh, flat })) {
        const expected = document.createElement('canvas');
        await a.draw(canvas, options);
        await b.draw(expected, options);
        drawn.push({ kind, options: JSON.stringify(options), a: await read(canvas), b: await read(expected) });
      }
    // A stream onto a canvas of each kind, and frames that the page gave away are closed.
    const frames: VideoFrame[] = [];
    const streamed = [];
    for (const [kind, canvas] of Object.entries({ fresh, flat, offscreen: new OffscreenCanvas(1, 1) })) {
      const results: Uint8Array[] = [];
      let n = 0;
      const source = new ReadableStream<VideoFrame>(
        {
          pull(to) {
            if (n === 4) return to.close();
            const next = new VideoFrame(still, { timestamp: 40_000 * n++ });
            frames.push(next);
            to.enqueue(next);
          },
        },
        { highWaterMark: 0 },
      );
      const live = model.stream(source, canvas, { opacity: 0.3, outlines: true, onResult: ({ classes }) => results.push(classes) });
      const how = await live.finished;
      const same = results.map(classes => classes.filter((value, at) => value === b.classes[at]).length / classes.length);
      streamed.push({ kind, how, same, stats: { ...live.stats }, data: kind === 'offscreen' ? null : await read(canvas) });
    }
    const open = frames.filter(({ format }) => format !== null).length;
    await model.prepare({ height, width });
    const described = {
      labels: model.labels.length,
      precision: model.precision,
      steps: model.plan.steps.length,
      software: (await model.facts()).software,
      step: (await model.profile(image)).steps.length > 10,
      fields: /^<svg[\s\S]*stage16/.test(await model.drawFieldsOfView()),
    };
    const expected = inPage.plan.steps.length;
    await inPage.dispose();
    await model.dispose();
    return { compared, own, drawn, streamed, open, described, expected, phases: [...phases] };
  }, pixels);
  for (const { kind, a, b, copies, scores, probable, shares } of found.compared) {
    assert.ok(agreement(a, b) >= 0.99, `${kind}: ${agreement(a, b)} of the pixels are equal`);
    assert.ok(scores < 1e-5 && probable, `${kind}: scores are ${scores} apart`);
    assert.equal(Object.keys(shares[0])[0], Object.keys(shares[1])[0]);
    if (kind === 'VideoFrame') assert.equal(copies, ['external', 'external']);
  }
  assert.ok(new Set(found.compared[0].b).size > 2);
  assert.equal(found.own, { bitmap: 96, frame: true }, 'a caller’s own pictures stay theirs');
  assert.is(found.drawn.length, 8);
  const worst = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
    Array.from(b).reduce((most, value, n) => Math.max(most, Math.abs(value - a[n])), 0);
  for (const { kind, options, a, b } of found.drawn) {
    assert.is(a.length, 64 * 96 * 4);
    assert.ok(worst(a, b) <= 2, `${kind} with ${options}: ${worst(a, b)} steps off`);
  }
  for (const { kind, how, same, stats, data } of found.streamed) {
    assert.is(how, 'ended');
    assert.is(same.length, 4, kind);
    assert.ok(
      same.every(share => share > 0.99),
      `${kind}: ${same}`,
    );
    assert.is(stats.frames, 4);
    const far = data && data.filter((value, n) => Math.abs(value - found.drawn[2].b[n]) > 6).length / data.length;
    assert.ok(!far || far < 0.02, `${kind}: ${far} of the overlay’s numbers are off`);
  }
  assert.is(found.open, 0);
  assert.equal(found.described, { labels: 11, precision: 'f32', steps: found.expected, software: true, step: true, fields: true });
  assert.ok(found.phases.includes('download') && found.phases.includes('compile'));
});

test('what a worker can’t do, or can no longer, is said by code', async () => {
  const page = await openWith();
  const found = await page.evaluate(async ({ data, width, height }) => {
    const said: Record<string, string> = {};
    const say = async (what: string, work: () => unknown): Promise<void> => {
      try {
        await work();
        said[what] = 'nothing';
      } catch (error) {
        const { code, name, message } = error as { code?: string } & Error;
        said[what] = `${name} ${code}: ${message}`;
      }
    };
    const workers: Worker[] = [];
    const Original = Worker;
    globalThis.Worker = class extends Original {
      constructor(...given: ConstructorParameters<typeof Worker>) {
        super(...given);
        workers.push(this);
      }
    };
    await say('device', () => worker.load('regseg-camvid', { device: {} } as object));
    await say('name', () => worker.load('regseg-moon'));
    await say('option', () => worker.load('regseg-camvid', { precison: 'f32' } as object));
    await say('url', () => worker.load('weights/none.safetensors'));
    await say('abort', () => worker.load('regseg-camvid', { signal: AbortSignal.timeout(1) }));
    await say('callback', () =>
      worker.load('regseg-camvid', {
        onProgress() {
          throw new TypeError('mine');
        },
      }),
    );
    // Every failed load has ended its worker: nothing answers there any more.
    const failed = workers.length;
    const model = await worker.load('regseg-camvid', { precision: 'f32' });
    const picture = { data, width, height };
    await say('texture', () => model.segment(picture, { output: 'texture' } as object));
    await say('picture', () => model.segment(7 as never));
    await say('video', () => model.segment(document.createElement('video')));
    await say('size', () => model.prepare({ height: 0, width: 4 }));
    await say('aborted', () => model.segment(picture, { signal: AbortSignal.abort('enough') }));
    await say('plan', () => model.plan);
    const three = document.createElement('canvas');
    three.getContext('webgl2');
    const result = await model.segment(picture);
    await say('context', () => result.draw(three));
    await say('look', () => result.draw(document.createElement('canvas'), { opactiy: 1 } as object));
    const still = Object.assign(document.createElement('canvas'), { width, height });
    const context = still.getContext('2d')!;
    const timer = setInterval(() => context.putImageData(new ImageData(new Uint8ClampedArray(data), width, height), 0, 0), 20);
    const camera = still.captureStream(30);
    await say('stream', () => model.stream(camera, document.createElement('canvas'), { most: 9 }).finished);
    await say('stream’s option', () => model.stream(camera, document.createElement('canvas'), { opactiy: 9 } as object).finished);
    const live = model.stream(camera, document.createElement('canvas'));
    while (live.stats.frames < 2) await new Promise(resolve => setTimeout(resolve, 20));
    const under = model.segment(picture);
    workers.at(-1)!.terminate();
    await say('under way', () => under);
    await say('streaming', () => live.finished);
    await say('after', () => model.segment(picture));
    await model.dispose();
    await say('disposed', () => model.segment(picture));
    clearInterval(timer);
    return { said, failed };
  }, pixels);
  const expected: Record<string, RegExp> = {
    device: /BAD_USAGE: device: a GPUDevice stays on its thread/,
    name: /BAD_USAGE: "regseg-moon" is no name with weights/,
    option: /BAD_USAGE: load\(\) has no option "precison"/,
    url: /NO_FILE: http:\/\/[^ ]*\/weights\/none.safetensors/,
    abort: /^AbortError ABORTED/,
    callback: /^TypeError undefined: mine/,
    texture: /BAD_USAGE: output "texture": a texture stays with its device/,
    picture: /BAD_IMAGE: the picture is 7: give a video/,
    video: /BAD_IMAGE: the video has no frame yet/,
    size: /BAD_USAGE: the size.height is 0/,
    aborted: /^AbortError ABORTED: .*enough/,
    plan: /NOT_PREPARED/,
    context: /BAD_USAGE: the canvas has a context that is not 2-D/,
    look: /BAD_USAGE: draw\(\) has no option "opactiy"/,
    stream: /BAD_USAGE: most is 9/,
    'stream’s option': /BAD_USAGE: stream\(\) has no option "opactiy": there are opacity.*most/,
    'under way': /WORKER_LOST: the model's worker has ended: it was terminated, or has crashed; call load\(\) again/,
    streaming: /WORKER_LOST/,
    after: /WORKER_LOST/,
    disposed: /DISPOSED/,
  };
  assert.equal(Object.keys(found.said), Object.keys(expected));
  for (const [what, pattern] of Object.entries(expected)) assert.match(found.said[what], pattern);
  assert.is(found.failed, 5, 'a device never gets as far as a worker');
  await page.close();
});

test('a worker that can’t be started says why', async () => {
  const elsewhere = await openWith({ headers: { 'access-control-allow-origin': '*' } });
  const script = `import * as worker from '${elsewhere.server.origin}/atrous/dist/worker.js'; Object.assign(globalThis, { worker, atrous: 1 });`;
  const loading = () =>
    worker.load('regseg-camvid').then(
      () => 'nothing',
      error => `${error.code}: ${error.message}`,
    );
  const other = await openPage({ routes: { '/page.js': script } });
  assert.match(
    await other.evaluate(loading),
    /^WORKER_LOST: a worker can't be started: .*; serve the package from the page's own origin/,
  );
  const missing = await openWith({
    routes: { '/atrous/dist/worker-host.js': (_, response) => void response.writeHead(404).end() },
  });
  assert.match(await missing.evaluate(loading), /^WORKER_LOST: .*its script could not be loaded/);
});

test.run();
