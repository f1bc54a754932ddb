// Shrinking on the CPU equals the reference of the shader that does it on the device, but for the rounding to 8 bits.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { shrink } from '../../src/image/shrink.ts';
import { preprocess } from '../../src/reference/preprocess.ts';
import { uniform } from '../../src/weights/seeded.ts';

const asIs = { mean: [0, 0, 0], std: [1, 1, 1], channels: 'rgb' } as const;

for (const [h, w, toH, toW] of [
  [1, 1, 1, 1],
  [7, 5, 7, 5],
  [9, 50, 4, 3],
  [50, 9, 3, 4],
  [1, 300, 1, 7],
  [300, 1, 7, 1],
  [3, 40, 8, 11], // narrower and higher
  [13, 11, 12, 10],
]) {
  test(`${h}×${w} → ${toH}×${toW}`, () => {
    const data = Uint8Array.from(uniform(`${h} ${w}`, h * w * 4), value => value * 256);
    const small = shrink(data, { h, w }, { h: toH, w: toW });
    const truth = preprocess({ data, width: w, height: h }, { h: toH, w: toW }, asIs).data;
    assert.is(small.length, toH * toW * 4);
    for (let pixel = 0; pixel < toH * toW; pixel++) {
      assert.is(small[pixel * 4 + 3], 255);
      for (let c = 0; c < 3; c++) {
        const off = Math.abs(small[pixel * 4 + c] - truth[c * toH * toW + pixel] * 255);
        assert.ok(off <= 0.501, `pixel ${pixel}, channel ${c}: ${off} away`);
      }
    }
  });
}

test.run();
