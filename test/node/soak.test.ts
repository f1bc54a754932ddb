// The short form of `npm run soak`: a frame's cost does not depend on how many came before.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { nodeDevice, shaderLibrary } from '../../src/node/engine.ts';
import { Segmenter } from '../../src/segmenter.ts';
import { soak } from '../frames.ts';
import { parts } from '../front/tiny.ts';

test('the last of 400 frames cost what the first did', async () => {
  const { device } = await nodeDevice({ adapter: 'software' });
  const model = await Segmenter.create({ ...parts, library: await shaderLibrary(), openDevice: async () => device });
  const { first, last, heap } = await soak(model, 400);
  await model.dispose();
  assert.ok(last < 3 * first + 5, `${first} ms a frame, then ${last}`);
  assert.ok(heap[1] - heap[0] < 5 * 2 ** 20, `the heap holds ${heap[0]} bytes, then ${heap[1]}`);
});

test.run();
