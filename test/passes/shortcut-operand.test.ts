// Two summed 1×1 convolutions become one over both operands, the shortcut's pool included.
import { test } from 'uvu';
import { builder, type ConvOptions } from '../../src/graph/build.ts';
import { foldBatchnorm } from '../../src/passes/fold-batchnorm.ts';
import { fuseRelu } from '../../src/passes/fuse-relu.ts';
import { shortcutOperand } from '../../src/passes/shortcut-operand.ts';
import { becomes, stays } from './check.ts';

/** Main path with stride 2, pooled shortcut. */
function block(shortcut: Partial<ConvOptions> = {}, outputs: readonly string[] = []) {
  const b = builder('block', { c: 3, h: 5, w: 3 });
  const x = b.conv('x', b.input, { in: 3, out: 4, kernel: 3, stride: 2, pad: 1 });
  const main = b.batchnorm('bn3', b.conv('conv3', x, { in: 4, out: 4 }), 4);
  const beside = b.batchnorm('bn', b.conv('shortcut', b.pool('avg', b.input), { in: 3, out: 4, ...shortcut }), 4);
  return fuseRelu.apply(foldBatchnorm.apply(b.graph([b.relu('y', b.add('sum', main, beside)), ...outputs])));
}

const first = '4×3×2  x = conv(input) kernel=3 strides=2 dilations=1 pads=1 groups=1 {weight x.weight}';
const main = '4×3×2  bn3 = conv(x) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight conv3.weight·bn3; bias shift(bn3)}';
const beside = '4×3×2  bn = conv(avg) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight shortcut.weight·bn; bias shift(bn)}';
const weights = '{weight conv3.weight·bn3; shortcut shortcut.weight·bn; bias shift(bn3) + shift(bn)}';

test('a pooled shortcut', () => {
  becomes(
    shortcutOperand,
    block(),
    `${first}
     ${main}
     3×3×2  avg = pool(input)
     ${beside}
     4×3×2  y = add(bn3, other bn) activation=relu`,
    `${first}
     4×3×2  y = conv(x, shortcut input) kernel=1 strides=1 dilations=1 pads=0 groups=1 shortcut=pooled activation=relu ${weights}`,
  );
});

test('a tapped pool is read as it is', () => {
  becomes(
    shortcutOperand,
    block({}, ['avg']),
    `${first}
     ${main}
     3×3×2  avg = pool(input)
     ${beside}
     4×3×2  y = add(bn3, other bn) activation=relu`,
    `${first}
     3×3×2  avg = pool(input)
     4×3×2  y = conv(x, shortcut avg) kernel=1 strides=1 dilations=1 pads=0 groups=1 shortcut=same activation=relu ${weights}`,
  );
});

test('one bias of two, none of two', () => {
  const b = builder('biases', { c: 3, h: 2, w: 2 });
  const sum = (name: string, left: boolean, right: boolean) =>
    b.add(
      name,
      b.conv(`${name}.l`, b.input, { in: 3, out: 3, bias: left }),
      b.conv(`${name}.r`, b.input, { in: 3, out: 3, bias: right }),
    );
  becomes(
    shortcutOperand,
    b.graph([sum('a', false, true), sum('b', false, false)]),
    `3×2×2  a.l = conv(input) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight a.l.weight}
     3×2×2  a.r = conv(input) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight a.r.weight; bias a.r.bias}
     3×2×2  a = add(a.l, other a.r)
     3×2×2  b.l = conv(input) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight b.l.weight}
     3×2×2  b.r = conv(input) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight b.r.weight}
     3×2×2  b = add(b.l, other b.r)`,
    `3×2×2  a = conv(input, shortcut input) kernel=1 strides=1 dilations=1 pads=0 groups=1 shortcut=same \
       {weight a.l.weight; shortcut a.r.weight; bias a.r.bias}
     3×2×2  b = conv(input, shortcut input) kernel=1 strides=1 dilations=1 pads=0 groups=1 shortcut=same \
       {weight b.l.weight; shortcut b.r.weight}`,
  );
});

test('a tapped shortcut stays', () => stays(shortcutOperand, block({}, ['bn'])));
test('a tapped main path stays', () => stays(shortcutOperand, block({}, ['bn3'])));

test('an identity stays', () => {
  const b = builder('identity', { c: 3, h: 2, w: 2 });
  stays(shortcutOperand, b.graph([b.add('y', b.conv('conv', b.input, { in: 3, out: 3 }), b.input)]));
});

test('a shortcut with a kernel stays', () => {
  const b = builder('wide', { c: 3, h: 2, w: 2 });
  const wide = b.conv('wide', b.input, { in: 3, out: 3, kernel: 3, pad: 1 });
  stays(shortcutOperand, b.graph([b.add('y', b.conv('conv', b.input, { in: 3, out: 3 }), wide)]));
});

test.run();
