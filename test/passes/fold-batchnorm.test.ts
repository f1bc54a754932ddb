// A batch norm vanishes into the convolution before it, with its bias if it has one.
import { test } from 'uvu';
import { builder } from '../../src/graph/build.ts';
import { foldBatchnorm } from '../../src/passes/fold-batchnorm.ts';
import { fuseRelu } from '../../src/passes/fuse-relu.ts';
import { becomes, stays } from './check.ts';

function normed(bias: boolean, outputs: readonly string[] = []) {
  const b = builder('normed', { c: 3, h: 2, w: 3 });
  const y = b.batchnorm('bn', b.conv('conv', b.input, { in: 3, out: 4, kernel: 3, pad: 1, bias }), 4);
  return b.graph([y, ...outputs]);
}

test('a convolution without bias', () => {
  becomes(
    foldBatchnorm,
    normed(false),
    `4×2×3  conv = conv(input) kernel=3 strides=1 dilations=1 pads=1 groups=1 {weight conv.weight}
     4×2×3  bn = batchnorm(conv) {scale scale(bn); shift shift(bn)}`,
    '4×2×3  bn = conv(input) kernel=3 strides=1 dilations=1 pads=1 groups=1 {weight conv.weight·bn; bias shift(bn)}',
  );
});

test('a convolution with bias', () => {
  becomes(
    foldBatchnorm,
    normed(true),
    `4×2×3  conv = conv(input) kernel=3 strides=1 dilations=1 pads=1 groups=1 {weight conv.weight; bias conv.bias}
     4×2×3  bn = batchnorm(conv) {scale scale(bn); shift shift(bn)}`,
    '4×2×3  bn = conv(input) kernel=3 strides=1 dilations=1 pads=1 groups=1 {weight conv.weight·bn; bias shift(bn, conv.bias)}',
  );
});

test('a tapped convolution stays', () => stays(foldBatchnorm, normed(false, ['conv'])));

test('a convolution with an activation stays', () => {
  const b = builder('activated', { c: 3, h: 2, w: 3 });
  stays(foldBatchnorm, fuseRelu.apply(b.graph([b.batchnorm('bn', b.relu('relu', b.conv('conv', b.input, { in: 3, out: 4 })), 4)])));
});

test('a batch norm of something else stays', () => {
  const b = builder('pooled', { c: 3, h: 2, w: 3 });
  stays(foldBatchnorm, b.graph([b.batchnorm('bn', b.pool('pool', b.input), 3)]));
});

test('two norms behind one another', () => {
  const b = builder('twice', { c: 2, h: 2, w: 3 });
  const x = b.batchnorm('first', b.conv('conv', b.input, { in: 2, out: 4 }), 4);
  becomes(
    foldBatchnorm,
    b.graph([b.batchnorm('second', x, 4)]),
    `4×2×3  conv = conv(input) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight conv.weight}
     4×2×3  first = batchnorm(conv) {scale scale(first); shift shift(first)}
     4×2×3  second = batchnorm(first) {scale scale(second); shift shift(second)}`,
    '4×2×3  second = conv(input) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight conv.weight·first·second; bias shift(second, shift(first))}',
  );
});

test.run();
