// A lost device in a page: idle, in mid-call, in a stream, and with the whole graphics process. Every call ends with the classes that it would have had, and
// `onLost` is told once a loss. `npm run soak:loss` loses it twenty times in every place.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { classes } from '../onnx/pictures.ts';
import { browserWith, closeBrowser, openPage, type TestPage } from './harness.ts';

test.after(closeBrowser);

const TIMES = Number(process.argv[2] ?? 2);
/** Else Chromium would have no graphics for a page after a few crashes. */
const FLAGS = ['--disable-gpu-process-crash-limit', '--disable-domain-blocking-for-3d-apis'];

type Model = Awaited<ReturnType<typeof atrous.load>>;

declare global {
  var model: Model;
  /** Of the model, newest last. */
  var devices: GPUDevice[];
  var losses: string[];
  /** Segments a noise of one's own, and says how many pixels are wrong. */
  var wrong: (n: number, height?: number, width?: number) => Promise<number>;
}

/** A page with a model of one convolution, whose classes are known. */
async function openModel(): Promise<TestPage> {
  const page = await openPage({ flags: FLAGS });
  await page.evaluate(async bytes => {
    globalThis.devices = [];
    globalThis.losses = [];
    const request = GPUAdapter.prototype.requestDevice;
    GPUAdapter.prototype.requestDevice = async function (...call) {
      const device = await request.apply(this, call);
      devices.push(device);
      return device;
    };
    globalThis.model = await atrous.load(bytes, {
      card: { classes: ['red', 'green', 'blue'], preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] } },
      onLost: ({ reason, recovers }) => losses.push(`${reason} ${recovers}`),
    });
    globalThis.wrong = async (n, height = 24, width = 36) => {
      const data = Uint8Array.from(
        { length: height * width * 4 },
        (_, at) => ((at * 7919 + n * 104729) % 83) * 3 + (at % 4 < 3 ? at % 4 : 0),
      );
      const { classes } = await model.segment({ data, width, height });
      const largest = (at: number): number => [1, 2].reduce((best, c) => (data[4 * at + c] > data[4 * at + best] ? c : best), 0);
      return classes.reduce((sum, found, at) => sum + Number(found !== largest(at)), 0);
    };
  }, classes());
  return page;
}

/** Loses the model's device. */
type Loser = (page: TestPage) => Promise<unknown>;

const destroy: Loser = page => page.evaluate(() => devices.at(-1)!.destroy());
const crash: Loser = async () => {
  const session = await (await browserWith({ flags: FLAGS })).newBrowserCDPSession();
  await session.send('Browser.crashGpuProcess' as never).catch(() => {});
  await session.detach();
};

for (const [how, lose, reason] of [
  ['destroyed', destroy, 'destroyed'],
  ['gone with the graphics process', crash, 'unknown'],
] as const) {
  test(`a device that is ${how}, ${TIMES} times in every place`, async () => {
    const page = await openModel();
    const losses = (): Promise<string[]> => page.evaluate(() => globalThis.losses.splice(0));
    for (let time = 0; time < TIMES; time++) {
      assert.is(await page.evaluate(n => wrong(n), time), 0);

      await lose(page);
      assert.is(await page.evaluate(n => wrong(n), time), 0, 'idle');
      assert.equal(await losses(), [`${reason} true`]);

      // Of four tasks' calls, two of them of sizes that are new, at another moment each time.
      const calls = page.evaluate(
        n => Promise.all([wrong(n), wrong(n + 1), wrong(n + 2, 20 + n, 30), wrong(n + 3, 31, 20 + n)]),
        time,
      );
      await new Promise(resolve => setTimeout(resolve, (time * 37) % 200));
      await lose(page);
      assert.equal(await calls, [0, 0, 0, 0], 'in mid-call');
      await page.evaluate(() => wrong(0));
      assert.equal(await losses(), [`${reason} true`]);
    }
    await page.evaluate(() => model.dispose());
    assert.equal(await losses(), [], 'the model’s own end is no loss');
    await page.close();
  });

  test(`a stream goes on when its device is ${how}, ${TIMES} times`, async () => {
    const page = await openModel();
    await page.evaluate(() => {
      const source = Object.assign(document.createElement('canvas'), { width: 36, height: 24 });
      const context = source.getContext('2d')!;
      const colours = ['#f00', '#0f0', '#00f'];
      let painted = 0;
      const timer = setInterval(() => {
        context.fillStyle = colours[painted++ % 3];
        context.fillRect(0, 0, 36, 24);
      }, 30);
      const canvas = document.body.appendChild(document.createElement('canvas'));
      const video = Object.assign(document.createElement('video'), { muted: true, srcObject: source.captureStream(30) });
      void video.play();
      const shown = { mixed: 0, failed: '' };
      const live = model.stream(video, canvas, {
        onResult: ({ classes }) => {
          shown.mixed += Number(new Set(classes).size > 1);
        },
        onError: error => {
          shown.failed = `${error.code}: ${error.message}`;
        },
      });
      const next = async (): Promise<string> => {
        const { frames } = live.stats;
        const until = performance.now() + 30_000;
        while (live.stats.frames < frames + 3 && !shown.failed && performance.now() < until)
          await new Promise(resolve => setTimeout(resolve, 10));
        return shown.failed || (live.stats.frames < frames + 3 ? 'no frame in half a minute' : `goes on, ${shown.mixed} wrong`);
      };
      const stop = async (): Promise<string> => {
        clearInterval(timer);
        live.stop();
        return live.finished;
      };
      Object.assign(globalThis, { next, stop });
    });
    const next = (): Promise<string> => page.evaluate(() => (globalThis as unknown as { next(): Promise<string> }).next());
    assert.is(await next(), 'goes on, 0 wrong');
    for (let time = 0; time < TIMES; time++) {
      await lose(page);
      assert.is(await next(), 'goes on, 0 wrong');
    }
    assert.is(await page.evaluate(() => (globalThis as unknown as { stop(): Promise<string> }).stop()), 'stopped');
    assert.equal(await page.evaluate(() => globalThis.losses), Array(TIMES).fill(`${reason} true`));
    await page.evaluate(() => model.dispose());
    await page.close();
  });
}

test('a device that was passed in: its loss is told, and it outlives the model', async () => {
  const page = await openPage({ flags: FLAGS });
  const found = await page.evaluate(async bytes => {
    const device = await (await navigator.gpu.requestAdapter())!.requestDevice();
    const losses: object[] = [];
    const options = { device, onLost: (loss: object) => losses.push(loss) };
    const picture = { data: new Uint8Array(16), width: 2, height: 2 };
    const first = await atrous.load(bytes, options);
    await first.segment(picture);
    await first.dispose();
    const second = await atrous.load(bytes, options);
    await second.segment(picture);
    device.destroy();
    const error = await second.segment(picture).catch(error => error.code);
    await second.dispose();
    return [losses.map(loss => ({ ...loss, message: '' })), error];
  }, classes());
  assert.equal(found, [[{ reason: 'destroyed', message: '', recovers: false }], 'DEVICE_LOST']);
});

test.run();
