// Mean, two layers and a sigmoid behind a grouped convolution become partial sums and one node that makes the gate.
import { test } from 'uvu';
import { builder, type ConvOptions } from '../../src/graph/build.ts';
import { fuseRelu } from '../../src/passes/fuse-relu.ts';
import { squeezeExcite } from '../../src/passes/squeeze-excite.ts';
import { becomes, stays } from './check.ts';

const grouped = { kernel: 3, pad: 1, groups: 2 };

function gated(conv: Partial<ConvOptions>, { bias = true, outputs = [] as readonly string[] } = {}) {
  const b = builder('gated', { c: 8, h: 3, w: 9 });
  const x = b.conv('x', b.input, { in: 8, out: 8, ...conv });
  const hidden = b.relu('hidden', b.conv('first', b.mean('mean', x), { in: 8, out: 3, bias }));
  const gate = b.sigmoid('gate', b.conv('second', hidden, { in: 3, out: 8, bias }));
  return fuseRelu.apply(b.graph([b.mul('y', x, gate), ...outputs]));
}

test('the squeeze moves into the epilogue', () => {
  becomes(
    squeezeExcite,
    gated(grouped),
    `8×3×9  x = conv(input) kernel=3 strides=1 dilations=1 pads=1 groups=2 {weight x.weight}
     8×1×1  mean = mean(x)
     3×1×1  hidden = conv(mean) kernel=1 strides=1 dilations=1 pads=0 groups=1 activation=relu \
       {weight first.weight; bias first.bias}
     8×1×1  second = conv(hidden) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight second.weight; bias second.bias}
     8×1×1  gate = sigmoid(second)
     8×3×9  y = mul(x, gate gate)`,
    `8×3×9  x = conv(input) kernel=3 strides=1 dilations=1 pads=1 groups=2 partials=mean.partials×6 {weight x.weight}
     8×1×1  gate = excite(mean.partials) hidden=3 pixels=27 \
       {weight1 first.weight; bias1 first.bias; weight2 second.weight; bias2 second.bias}
     8×3×9  y = mul(x, gate gate)`,
  );
});

test('a tapped convolution and a tapped gate are no obstacle', () => {
  becomes(
    squeezeExcite,
    gated(grouped, { outputs: ['x', 'gate'] }),
    `8×3×9  x = conv(input) kernel=3 strides=1 dilations=1 pads=1 groups=2 {weight x.weight}
     8×1×1  mean = mean(x)
     3×1×1  hidden = conv(mean) kernel=1 strides=1 dilations=1 pads=0 groups=1 activation=relu \
       {weight first.weight; bias first.bias}
     8×1×1  second = conv(hidden) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight second.weight; bias second.bias}
     8×1×1  gate = sigmoid(second)
     8×3×9  y = mul(x, gate gate)`,
    `8×3×9  x = conv(input) kernel=3 strides=1 dilations=1 pads=1 groups=2 partials=mean.partials×6 {weight x.weight}
     8×1×1  gate = excite(mean.partials) hidden=3 pixels=27 \
       {weight1 first.weight; bias1 first.bias; weight2 second.weight; bias2 second.bias}
     8×3×9  y = mul(x, gate gate)`,
  );
});

test('a tapped mean stays', () => stays(squeezeExcite, gated(grouped, { outputs: ['mean'] })));
test('a tapped hidden layer stays', () => stays(squeezeExcite, gated(grouped, { outputs: ['hidden'] })));
test('a dense convolution leaves no sums', () => stays(squeezeExcite, gated({ kernel: 3, pad: 1 })));
test('layers without biases stay', () => stays(squeezeExcite, gated(grouped, { bias: false })));

test.run();
