// A map that is summed with a 1×1 convolution is added in its epilogue, from either side.
import { test } from 'uvu';
import { builder, type ConvOptions } from '../../src/graph/build.ts';
import { fuseRelu } from '../../src/passes/fuse-relu.ts';
import { residualEpilogue } from '../../src/passes/residual-epilogue.ts';
import { becomes, stays } from './check.ts';

function summed(left: boolean, conv: Partial<ConvOptions> = {}, outputs: readonly string[] = []) {
  const b = builder('summed', { c: 3, h: 2, w: 3 });
  const y = b.conv('conv', b.input, { in: 3, out: 3, ...conv });
  const sum = left ? b.add('sum', y, b.input) : b.add('sum', b.input, y);
  return fuseRelu.apply(b.graph([b.relu('y', sum), ...outputs]));
}

for (const left of [true, false]) {
  test(`the convolution ${left ? 'left' : 'right'}`, () => {
    becomes(
      residualEpilogue,
      summed(left),
      `3×2×3  conv = conv(input) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight conv.weight}
       3×2×3  y = add(${left ? 'conv, other input' : 'input, other conv'}) activation=relu`,
      '3×2×3  y = conv(input, residual input) kernel=1 strides=1 dilations=1 pads=0 groups=1 activation=relu {weight conv.weight}',
    );
  });
}

test('a sum of two convolutions takes the left one', () => {
  const b = builder('two', { c: 3, h: 2, w: 3 });
  const [left, right] = ['l', 'r'].map(name => b.conv(name, b.input, { in: 3, out: 3 }));
  becomes(
    residualEpilogue,
    b.graph([b.add('y', left, right)]),
    `3×2×3  l = conv(input) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight l.weight}
     3×2×3  r = conv(input) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight r.weight}
     3×2×3  y = add(l, other r)`,
    `3×2×3  r = conv(input) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight r.weight}
     3×2×3  y = conv(input, residual r) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight l.weight}`,
  );
});

test('a chain of sums takes one residual', () => {
  const b = builder('chain', { c: 3, h: 2, w: 3 });
  const sum = b.add('sum', b.conv('conv', b.input, { in: 3, out: 3 }), b.input);
  becomes(
    residualEpilogue,
    b.graph([b.add('y', sum, b.input)]),
    `3×2×3  conv = conv(input) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight conv.weight}
     3×2×3  sum = add(conv, other input)
     3×2×3  y = add(sum, other input)`,
    `3×2×3  sum = conv(input, residual input) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight conv.weight}
     3×2×3  y = add(sum, other input)`,
  );
});

test('a tapped convolution stays', () => stays(residualEpilogue, summed(true, {}, ['conv'])));
test('a 3×3 convolution takes one too', () => {
  const b = builder('basic block', { c: 3, h: 2, w: 3 });
  const conv = b.conv('conv', b.input, { in: 3, out: 3, kernel: 3, pad: 1 });
  becomes(
    residualEpilogue,
    b.graph([b.add('y', b.input, conv)]),
    `3×2×3  conv = conv(input) kernel=3 strides=1 dilations=1 pads=1 groups=1 {weight conv.weight}
     3×2×3  y = add(input, other conv)`,
    '3×2×3  y = conv(input, residual input) kernel=3 strides=1 dilations=1 pads=1 groups=1 {weight conv.weight}',
  );
});

test('a convolution of groups stays', () => stays(residualEpilogue, summed(true, { kernel: 3, pad: 1, groups: 3 })));

test('a convolution with an activation stays', () => {
  const b = builder('activated', { c: 3, h: 2, w: 3 });
  const y = b.relu('relu', b.conv('conv', b.input, { in: 3, out: 3 }));
  stays(residualEpilogue, fuseRelu.apply(b.graph([b.add('y', y, b.input)])));
});

test('a convolution with a second reader stays', () => {
  const b = builder('shared', { c: 3, h: 2, w: 3 });
  const conv = b.conv('conv', b.input, { in: 3, out: 3 });
  stays(residualEpilogue, b.graph([b.add('y', conv, conv)]));
});

test.run();
