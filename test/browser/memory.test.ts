// Frames leave nothing behind: JavaScript's heap, array buffers and GPU objects stay flat. `npm run soak:browser` runs 2,000 of them.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { closeBrowser, crop, openPage } from './harness.ts';

test.after(closeBrowser);

const FRAMES = Number(process.argv[2] ?? 300);
const WARM = 20;
/** Bytes that a heap may differ by after its garbage is collected, whatever the number of frames. */
const NOISE = 400_000;

test(`${FRAMES} frames of 32×64 leave the heap, array buffers and GPU objects as they were`, async () => {
  const page = await openPage();
  const pixels = await crop(32, 64);
  const session = await page.context().newCDPSession(page);
  await page.evaluate(async pixels => {
    const made = { count: 0 };
    for (const name of [
      'createBuffer',
      'createTexture',
      'createBindGroup',
      'createComputePipelineAsync',
      'createShaderModule',
    ] as const) {
      const original = GPUDevice.prototype[name] as (...call: unknown[]) => unknown;
      (GPUDevice.prototype as unknown as Record<string, unknown>)[name] = function (this: GPUDevice, ...call: unknown[]) {
        made.count++;
        return original.apply(this, call);
      };
    }
    const model = await atrous.load('regseg-camvid');
    const run = async (frames: number): Promise<number> => {
      for (let frame = 0; frame < frames; frame++) await model.segment(pixels);
      return made.count;
    };
    Object.assign(globalThis, { run });
  }, pixels);
  const frames = (count: number): Promise<number> =>
    page.evaluate(count => (globalThis as unknown as { run(n: number): Promise<number> }).run(count), count);
  const heap = async (): Promise<{ usedSize: number; backingStorageSize: number }> => {
    for (let tries = 0; tries < 3; tries++) await session.send('HeapProfiler.collectGarbage');
    return (await session.send('Runtime.getHeapUsage')) as unknown as { usedSize: number; backingStorageSize: number };
  };
  const madeBefore = await frames(WARM);
  const before = await heap();
  const madeAfter = await frames(FRAMES);
  const after = await heap();
  const [js, buffers] = [after.usedSize - before.usedSize, after.backingStorageSize - before.backingStorageSize];
  console.log(`${FRAMES} frames: heap ${js} bytes, array buffers ${buffers} bytes, ${madeAfter - madeBefore} GPU objects`);
  assert.ok(madeBefore > 20, `${madeBefore} objects were seen as the model was made`);
  assert.is(madeAfter, madeBefore);
  assert.ok(js < NOISE, `the heap grew by ${js} bytes`);
  assert.ok(buffers < NOISE, `array buffers grew by ${buffers} bytes`);
});

test.run();
