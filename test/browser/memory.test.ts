// Frames leave nothing behind: JavaScript's heap, array buffers and GPU objects stay flat, in calls and in streams. `npm run soak:browser` runs 2,000 of them,
// and ten minutes of a page that is left alone.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { closeBrowser, crop, openPage, type TestPage } from './harness.ts';

test.after(closeBrowser);

const FRAMES = Number(process.argv[2] ?? 300);
const WARM = 20;
/** Bytes that a heap may differ by after its garbage is collected, whatever the number of frames. */
const NOISE = 400_000;

/** Of a stream, unless a command asks for as many as of calls. */
const STREAMED = process.argv[2] ? FRAMES : 60;

interface Held {
  /** Runs so many frames; gives the GPU objects that have been made so far. */
  run(frames: number): Promise<number>;
}

/** A page that counts the GPU objects that are made in it. */
async function counting(): Promise<TestPage> {
  const page = await openPage();
  await page.evaluate(() => {
    const made = { count: 0 };
    for (const name of [
      'createBuffer',
      'createTexture',
      'createBindGroup',
      'createComputePipelineAsync',
      'createShaderModule',
      'createQuerySet',
    ] as const) {
      const original = GPUDevice.prototype[name] as (...call: unknown[]) => unknown;
      (GPUDevice.prototype as unknown as Record<string, unknown>)[name] = function (this: GPUDevice, ...call: unknown[]) {
        made.count++;
        return original.apply(this, call);
      };
    }
    Object.assign(globalThis, { made });
  });
  return page;
}

interface Heap {
  readonly usedSize: number;
  readonly backingStorageSize: number;
}

async function heapOf(page: TestPage): Promise<() => Promise<Heap>> {
  const session = await page.context().newCDPSession(page);
  return async () => {
    for (let tries = 0; tries < 3; tries++) await session.send('HeapProfiler.collectGarbage');
    return (await session.send('Runtime.getHeapUsage')) as unknown as Heap;
  };
}

function judge(what: string, before: Heap, after: Heap): void {
  const [js, buffers] = [after.usedSize - before.usedSize, after.backingStorageSize - before.backingStorageSize];
  console.log(`${what}: heap ${js} bytes, array buffers ${buffers} bytes`);
  assert.ok(js < NOISE, `the heap grew by ${js} bytes`);
  assert.ok(buffers < NOISE, `array buffers grew by ${buffers} bytes`);
}

async function flat(page: TestPage, count: number, what: string): Promise<void> {
  const frames = (count: number): Promise<number> => page.evaluate(count => (globalThis as unknown as Held).run(count), count);
  const heap = await heapOf(page);
  const madeBefore = await frames(WARM);
  const before = await heap();
  const madeAfter = await frames(count);
  judge(`${count} frames ${what}`, before, await heap());
  assert.ok(madeBefore > 20, `${madeBefore} objects were seen as the model was made`);
  assert.is(madeAfter, madeBefore, 'GPU objects');
}

test(`${FRAMES} frames of 32×64 leave the heap, array buffers and GPU objects as they were`, async () => {
  const page = await counting();
  await page.evaluate(
    async pixels => {
      const model = await atrous.load('regseg-camvid');
      const { made } = globalThis as unknown as { made: { count: number } };
      const run = async (frames: number): Promise<number> => {
        for (let frame = 0; frame < frames; frame++) await model.segment(pixels);
        return made.count;
      };
      Object.assign(globalThis, { run });
    },
    await crop(32, 64),
  );
  await flat(page, FRAMES, 'by calls');
  await page.close();
});

test(`so do ${STREAMED} frames of a stream`, async () => {
  const page = await counting();
  await page.evaluate(
    async ({ data, width, height }) => {
      const model = await atrous.load('regseg-camvid');
      const { made } = globalThis as unknown as { made: { count: number } };
      const still = new OffscreenCanvas(width, height);
      still.getContext('2d')!.putImageData(new ImageData(new Uint8ClampedArray(data), width, height), 0, 0);
      let [wanted, given] = [0, 0];
      let more = (): void => {};
      const source = new ReadableStream<VideoFrame>(
        {
          async pull(to) {
            while (given === wanted) await new Promise<void>(resolve => (more = resolve));
            to.enqueue(new VideoFrame(still, { timestamp: 40_000 * given++ }));
          },
        },
        { highWaterMark: 0 },
      );
      let shown = (): void => {};
      const live = model.stream(source, document.createElement('canvas'), {
        outlines: true,
        onResult() {
          if (live.stats.frames === wanted) shown();
        },
      });
      const run = async (frames: number): Promise<number> => {
        const all = new Promise<void>(resolve => {
          shown = resolve;
        });
        wanted += frames;
        more();
        await all;
        return made.count;
      };
      Object.assign(globalThis, { run });
    },
    await crop(32, 64),
  );
  await flat(page, STREAMED, 'of a stream');

  // A page that is left alone: a frame a second, by its own clock.
  if (process.argv[2]) {
    await page.clock.install();
    const heap = await heapOf(page);
    const minutes = async (count: number): Promise<void> => {
      for (let second = 0; second < count * 60; second++) {
        await page.clock.runFor(1000);
        await page.evaluate(() => (globalThis as unknown as Held).run(1));
      }
    };
    await minutes(1);
    const before = await heap();
    await minutes(9);
    judge('nine minutes of a page that is left alone, after one', before, await heap());
  }
  await page.close();
});

test.run();
