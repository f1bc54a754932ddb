// A transposed convolution with a stride becomes a convolution that makes every phase as channels, and a step that puts them in their places.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { verify } from '../../src/graph/verify.ts';
import { transposedPhases } from '../../src/passes/transposed-phases.ts';
import { uniform } from '../../src/weights/seeded.ts';
import { becomes, sameNumbers, stays } from './check.ts';
import { transposedGraph } from './transposed-phases.ts';

test('2×2, stride 2: a product of every pixel', () => {
  becomes(
    transposedPhases,
    transposedGraph({ h: 8, w: 10 }),
    '6×8×10  up = transposed(input) kernel=2 strides=2 dilations=1 pads=0 h=8 w=10 groups=1 {weight up.weight; bias up.bias}',
    `24×4×5  up.phases = conv(input) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight up.weight turned by phases of 2×2; bias up.bias by phases of 2×2}
     6×8×10  up = interleave(up.phases) strides=2 cut=0 h=8 w=10`,
  );
});

test('4×4, stride 2, with a batch norm and prelu: four phases of 2×2 taps, cut by the pads', () => {
  becomes(
    transposedPhases,
    transposedGraph({ kernel: [4, 4], pads: [1, 1], h: 8, w: 10, normed: true, activation: { curve: 'prelu', a: 0, b: 0 } }),
    '6×8×10 up = transposed(input) kernel=4 strides=2 dilations=1 pads=1 h=8 w=10 groups=1 activation=prelu {weight up.weight; bias shift(bn, up.bias); scale scale(bn); slope up.slope}',
    `24×5×6  up.phases = conv(input) kernel=2 strides=1 dilations=1 pads=1 groups=1 activation=prelu {weight up.weight turned·bn by phases of 2×2; bias shift(bn, up.bias) by phases of 2×2; slope up.slope by phases of 2×2}
     6×8×10  up = interleave(up.phases) strides=2 cut=1 h=8 w=10`,
  );
});

test('a single pixel: every tap is a phase', () => {
  becomes(
    transposedPhases,
    transposedGraph({ x: { c: 4, h: 1, w: 1 }, kernel: [3, 5], strides: [1, 1], h: 3, w: 5 }),
    '6×3×5  up = transposed(input) kernel=3×5 strides=1 dilations=1 pads=0 h=3 w=5 groups=1 {weight up.weight; bias up.bias}',
    `90×1×1  up.phases = conv(input) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight up.weight turned by phases of 3×5; bias up.bias by phases of 3×5}
     6×3×5   up = interleave(up.phases) strides=3×5 cut=0 h=3 w=5`,
  );
});

const left = {
  groups: transposedGraph({ groups: 2, h: 8, w: 10 }),
  'a stride of 1': transposedGraph({ kernel: [3, 3], strides: [1, 1], pads: [1, 1], h: 4, w: 5 }),
  'most phases without taps': transposedGraph({ kernel: [1, 1], h: 7, w: 9 }),
  'a dilation as well as a stride': transposedGraph({ dilations: [2, 1], h: 9, w: 10 }),
};
for (const [name, graph] of Object.entries(left)) test(`${name}: stays`, () => stays(transposedPhases, graph));

test('any kernel, stride, pads and size', () => {
  let made = 0;
  for (let seed = 0; seed < 200; seed++) {
    const numbers = uniform(`phases ${seed}`, 16);
    let at = 0;
    const int = (low: number, high: number): number => low + Math.floor(numbers[at++] * (high - low + 1));
    const two = (low: number, high: number) => [int(low, high), int(low, high)] as const;
    const [kernel, strides, pads, more] = [two(1, 5), two(1, 4), two(0, 3), two(-2, 1)];
    const x = { c: int(1, 5), h: int(1, 5), w: int(1, 5) };
    const [h, w] = [x.h, x.w].map((size, axis) => (size - 1) * strides[axis] + kernel[axis] - pads[axis] + more[axis]);
    if (h < 1 || w < 1) continue;
    const before = transposedGraph({ x, out: int(1, 9), kernel, strides, pads, h, w, normed: seed % 2 === 0 });
    const after = verify(transposedPhases.apply(before));
    if (after.nodes.length === 1) continue;
    made++;
    sameNumbers(before, after);
  }
  assert.ok(made > 50, `${made} of 200 become phases`);
});

test.run();
