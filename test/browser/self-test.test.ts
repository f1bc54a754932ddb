// The self-test in a page: once for an adapter and weights, remembered where weights are kept, and a refusal where numbers are wrong.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeRuns } from '../../src/weights/runs.ts';
import { uniform } from '../../src/weights/seeded.ts';
import { classes } from '../onnx/pictures.ts';
import { closeBrowser, openPage } from './harness.ts';

test.after(closeBrowser);

const [height, width] = [16, 24];
const planes = uniform('page', 3 * height * width);
const right = Uint8Array.from({ length: height * width }, (_, at) => {
  const value = (c: number): number => planes[c * height * width + at];
  return [1, 2].reduce((best, c) => (value(c) > value(best) ? c : best), 0);
});
const card = {
  classes: ['red', 'green', 'blue'],
  preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] },
  check: { seed: 'page', height, width, classes: encodeRuns(right), agreement: 0.999 },
} as const;

test('once, remembered, and refused where it fails', async () => {
  const page = await openPage();
  const found = await page.evaluate(
    async ([bytes, card]) => {
      let tests = 0;
      const create = GPUDevice.prototype.createTexture;
      GPUDevice.prototype.createTexture = function (descriptor) {
        tests += Number(descriptor.label === 'self-test');
        return create.call(this, descriptor);
      };
      const run = async (options: object = {}): Promise<string> => {
        tests = 0;
        const model = await atrous.load(bytes, { card, ...options });
        const said = await model.segment({ data: new Uint8Array(16).fill(9), width: 2, height: 2 }).then(
          () => 'right',
          error => `${error.code}: ${error.message}`,
        );
        await model.dispose();
        return `${tests} ${said}`;
      };
      const all = [
        await run(),
        await run(),
        await run({ selfTest: 'always' }),
        await run({ selfTest: false }),
        await run({ cache: false }),
      ];
      await atrous.cache.clear();
      all.push(await run());
      // An adapter that multiplies by nothing.
      const write = GPUQueue.prototype.writeBuffer;
      GPUQueue.prototype.writeBuffer = function (this: GPUQueue, ...call: unknown[]) {
        if (!(call[0] as GPUBuffer).label.startsWith('weights')) (write as (...call: unknown[]) => void).apply(this, call);
      };
      all.push(await run(), await run({ selfTest: 'always' }), await run({ selfTest: false }));
      return all;
    },
    [classes(), card] as const,
  );
  const refusal = /^1 BAD_ADAPTER: .* fails .*'s self-test in f32: .*, not "(red|green|blue)": update the driver or browser/;
  assert.equal(found.slice(0, 7), ['1 right', '0 right', '1 right', '0 right', '1 right', '1 right', '0 right']);
  assert.match(found[7], refusal);
  assert.is(found[8], '0 right');
});

test.run();
