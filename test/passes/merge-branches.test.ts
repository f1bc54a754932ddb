// The branches of a D block become one convolution; other slices and concats stay.
import { test } from 'uvu';
import { builder, type ConvOptions } from '../../src/graph/build.ts';
import { mergeBranches } from '../../src/passes/merge-branches.ts';
import { becomes, stays } from './check.ts';

/** Channels 0 to 16 and 16 to 32 of `c`, convolved apart and concatenated. */
function branches(c: number, second: Partial<ConvOptions> = {}, outputs: readonly string[] = []) {
  const b = builder('branches', { c, h: 3, w: 5 });
  const options = { in: 16, out: 16, kernel: 3, groups: 2 };
  const left = b.conv('left', b.slice('a', b.input, 0, 16), { ...options, dilation: 1, pad: 1 });
  const right = b.conv('right', b.slice('b', b.input, 16, 32), { ...options, dilation: 4, pad: 4, ...second });
  return b.graph([b.concat('y', [left, right]), ...outputs]);
}

test('two dilations, one convolution', () => {
  becomes(
    mergeBranches,
    branches(32),
    `16×3×5  a = slice(input) from=0 to=16
     16×3×5  left = conv(a) kernel=3 strides=1 dilations=1 pads=1 groups=2 {weight left.weight}
     16×3×5  b = slice(input) from=16 to=32
     16×3×5  right = conv(b) kernel=3 strides=1 dilations=4 pads=4 groups=2 {weight right.weight}
     32×3×5  y = concat(left, right)`,
    '32×3×5  y = conv(input) kernel=3 strides=1 dilations=1,4 pads=1,4 groups=4 {weight [left.weight, right.weight]}',
  );
});

test('four dilations, stride 2', () => {
  const b = builder('four', { c: 32, h: 5, w: 4 });
  const parts = [1, 6, 12, 18].map((rate, n) => {
    const options = { in: 8, out: 8, kernel: 3, stride: 2, dilation: rate, pad: rate, groups: 1 };
    return b.conv(`p${n}`, b.slice(`s${n}`, b.input, 8 * n, 8 * n + 8), options);
  });
  becomes(
    mergeBranches,
    b.graph([b.concat('y', parts)]),
    `8×5×4   s0 = slice(input) from=0 to=8
     8×3×2   p0 = conv(s0) kernel=3 strides=2 dilations=1 pads=1 groups=1 {weight p0.weight}
     8×5×4   s1 = slice(input) from=8 to=16
     8×3×2   p1 = conv(s1) kernel=3 strides=2 dilations=6 pads=6 groups=1 {weight p1.weight}
     8×5×4   s2 = slice(input) from=16 to=24
     8×3×2   p2 = conv(s2) kernel=3 strides=2 dilations=12 pads=12 groups=1 {weight p2.weight}
     8×5×4   s3 = slice(input) from=24 to=32
     8×3×2   p3 = conv(s3) kernel=3 strides=2 dilations=18 pads=18 groups=1 {weight p3.weight}
     32×3×2  y = concat(p0, p1, p2, p3)`,
    `32×3×2  y = conv(input) kernel=3 strides=2 dilations=1,6,12,18 pads=1,6,12,18 groups=4 \
       {weight [p0.weight, p1.weight, p2.weight, p3.weight]}`,
  );
});

test('a tapped branch stays', () => stays(mergeBranches, branches(32, {}, ['right'])));
test('a tapped slice stays', () => stays(mergeBranches, branches(32, {}, ['a'])));
test('branches with biases stay', () => stays(mergeBranches, branches(32, { bias: true })));
test('branches of different widths stay', () => stays(mergeBranches, branches(32, { out: 8 })));
test('branches of 5×5, which no kernel makes with several dilations, stay', () => {
  const b = builder('five', { c: 16, h: 5, w: 6 });
  const parts = [1, 2].map(rate => {
    const options = { in: 8, out: 8, kernel: 5, dilation: rate, pad: 2 * rate };
    return b.conv(`p${rate}`, b.slice(`s${rate}`, b.input, 8 * rate - 8, 8 * rate), options);
  });
  stays(mergeBranches, b.graph([b.concat('y', parts)]));
});
test('five branches, for which no kernel has dilations, stay', () => {
  const b = builder('five', { c: 40, h: 5, w: 6 });
  const parts = [1, 2, 3, 4, 5].map(rate => {
    const options = { in: 8, out: 8, kernel: 3, dilation: rate, pad: rate };
    return b.conv(`p${rate}`, b.slice(`s${rate}`, b.input, 8 * rate - 8, 8 * rate), options);
  });
  stays(mergeBranches, b.graph([b.concat('y', parts)]));
});
test('branches that leave channels out stay', () => stays(mergeBranches, branches(40)));

test.run();
