// The antialiased resize against PyTorch, and the normalisation against its formula.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { windows } from '../../src/image/windows.ts';
import { preprocess, reflected, tile } from '../../src/reference/preprocess.ts';
import { uniform } from '../../src/weights/seeded.ts';
import { pytorch, relativeError } from '../goldens/pytorch.ts';
import { sat } from '../record.ts';

const plain = { mean: [0, 0, 0], std: [1, 1, 1], channels: 'rgb' } as const;

for (const golden of pytorch) {
  if (golden.op !== 'antialias') continue;
  test(golden.name, () => {
    const [height, width] = golden.frame;
    const data = Uint8Array.from(uniform(golden.name, 4 * height * width), u => u * 256);
    const got = preprocess({ data, width, height }, { h: golden.size[0], w: golden.size[1] }, plain);
    sat('reference', 'PyTorch in float64');
    assert.equal([got.c, got.h, got.w], golden.y.shape);
    const error = relativeError(
      got.data.map(value => value * 255),
      golden.y.data,
    );
    assert.ok(error <= 6e-9, `relative error ${error.toExponential(2)}`);
  });
}

test('the same size is the identity', () => {
  assert.equal(
    windows(5, 5).map(({ first, weights }) => weights.map((weight, n) => [first + n, weight]).filter(([, weight]) => weight > 0)),
    [0, 1, 2, 3, 4].map(index => [[index, 1]]),
  );
});

for (const channels of ['rgb', 'bgr'] as const)
  test(`normalisation: (v/255 − mean) / std, alpha dropped, ${channels}`, () => {
    const data = Uint8Array.of(51, 102, 255, 7);
    const { data: got } = preprocess(
      { data, width: 1, height: 1 },
      { h: 1, w: 1 },
      { mean: [0.5, 0.1, 0], std: [0.5, 2, 1], channels },
    );
    const expected = [(0.2 - 0.5) / 0.5, (0.4 - 0.1) / 2, 1];
    assert.ok(relativeError(got, channels === 'bgr' ? expected.reverse() : expected) <= 1e-15, `${got}`);
  });

test('a tile: margin of the reflection, then the overhang reflects what was cut', () => {
  // One row of pixels 0 1 2 3 4; with a margin of 2: 2 1 0 1 2 3 4 3 2.
  const data = Uint8Array.from([0, 1, 2, 3, 4].flatMap(value => [value, 0, 0, 255]));
  const cut = (left: number, w: number): number[] => {
    const scale = { mean: [0, 0, 0], std: [1 / 255, 1, 1], channels: 'rgb' } as const;
    const { data: got } = tile({ data, width: 5, height: 1 }, { h: 1, w }, scale, { margin: 2, top: 0, left });
    return [...got.subarray(0, w)].map(Math.round);
  };
  assert.equal(cut(0, 4), [2, 1, 0, 1]);
  assert.equal(cut(4, 8), [2, 3, 4, 3, 2, 3, 4, 3]);
  assert.equal(cut(8, 3), [2, 2, 2]);
});

test('a margin wider than the picture reflects again', () => {
  assert.equal(
    [-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5].map(index => reflected(index, 3)),
    [1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1],
  );
  assert.is(reflected(-7, 1), 0);
});

test.run();
