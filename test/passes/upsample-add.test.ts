// A resized map that is added to an activated 1×1 convolution is interpolated in its epilogue.
import { test } from 'uvu';
import { builder, type ConvOptions } from '../../src/graph/build.ts';
import { fuseRelu } from '../../src/passes/fuse-relu.ts';
import { upsampleAdd } from '../../src/passes/upsample-add.ts';
import { becomes, stays } from './check.ts';

function heads(fine: Partial<ConvOptions> = {}, { relu = false, outputs = [] as readonly string[] } = {}) {
  const b = builder('heads', { c: 3, h: 3, w: 5 });
  const coarse = b.pool('coarse', b.input);
  const head = b.relu('head', b.conv('conv', b.input, { in: 3, out: 3, bias: true, ...fine }));
  const sum = b.add('sum', head, b.resize('up', coarse, { h: 3, w: 5 }));
  return fuseRelu.apply(b.graph([relu ? b.relu('y', sum) : sum, ...outputs]));
}

test('the coarse map becomes an addend', () => {
  becomes(
    upsampleAdd,
    heads(),
    `3×2×3  coarse = pool(input)
     3×3×5  head = conv(input) kernel=1 strides=1 dilations=1 pads=0 groups=1 activation=relu {weight conv.weight; bias conv.bias}
     3×3×5  up = resize(coarse) h=3 w=5
     3×3×5  sum = add(head, other up)`,
    `3×2×3  coarse = pool(input)
     3×3×5  sum = conv(input, addend coarse) kernel=1 strides=1 dilations=1 pads=0 groups=1 activation=relu \
       {weight conv.weight; bias conv.bias}`,
  );
});

test('a tapped head stays', () => stays(upsampleAdd, heads({}, { outputs: ['head'] })));
test('a tapped upsampled map stays', () => stays(upsampleAdd, heads({}, { outputs: ['up'] })));
test('a 3×3 head stays', () => stays(upsampleAdd, heads({ kernel: 3, pad: 1 })));
test('a sum with an activation stays', () => stays(upsampleAdd, heads({}, { relu: true })));

test.run();
