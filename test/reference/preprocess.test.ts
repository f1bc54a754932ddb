// The antialiased resize against PyTorch, and the normalisation against its formula.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { preprocess, windows } from '../../src/reference/preprocess.ts';
import { uniform } from '../../src/weights/seeded.ts';
import { pytorch, relativeError } from '../goldens/pytorch.ts';
import { sat } from '../record.ts';

const plain = { mean: [0, 0, 0], std: [1, 1, 1] } as const;

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

test('normalisation: (v/255 − mean) / std, alpha dropped', () => {
  const data = Uint8Array.of(51, 102, 255, 7);
  const { data: got } = preprocess({ data, width: 1, height: 1 }, { h: 1, w: 1 }, { mean: [0.5, 0.1, 0], std: [0.5, 2, 1] });
  const expected = [(0.2 - 0.5) / 0.5, (0.4 - 0.1) / 2, 1];
  assert.ok(relativeError(got, expected) <= 1e-15, `${got}`);
});

test.run();
