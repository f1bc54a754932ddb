// A 3×3 convolution takes the classifier behind it into its epilogue.
import { test } from 'uvu';
import { builder, type ConvOptions } from '../../src/graph/build.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { classifierEpilogue } from '../../src/passes/classifier-epilogue.ts';
import { fuseRelu } from '../../src/passes/fuse-relu.ts';
import { becomes, stays } from './check.ts';

function scores(conv: Partial<ConvOptions> = {}, classifier: Partial<ConvOptions> = {}, outputs: readonly string[] = []): Graph {
  const b = builder('scores', { c: 3, h: 4, w: 5 });
  const out = conv.out ?? 32;
  const x = b.relu('relu', b.conv('conv', b.input, { in: 3, out, kernel: 3, pad: 1, ...conv }));
  return fuseRelu.apply(b.graph([b.conv('y', x, { in: out, out: 5, bias: true, ...classifier }), ...outputs]));
}

const first = (c: number): string =>
  `${c}×4×5 relu = conv(input) kernel=3 strides=1 dilations=1 pads=1 groups=1 activation=relu {weight conv.weight}`;

test('the classifier moves into the epilogue', () => {
  becomes(
    classifierEpilogue,
    scores(),
    `${first(32)}
     5×4×5 y = conv(relu) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight y.weight; bias y.bias}`,
    `5×4×5 y = conv(input) kernel=3 strides=1 dilations=1 pads=1 groups=1 activation=relu \
       {weight conv.weight; project y.weight; projectBias y.bias}`,
  );
});

test('without a bias', () => {
  becomes(
    classifierEpilogue,
    scores({ out: 64 }, { bias: false }),
    `${first(64)}
     5×4×5 y = conv(relu) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight y.weight}`,
    `5×4×5 y = conv(input) kernel=3 strides=1 dilations=1 pads=1 groups=1 activation=relu {weight conv.weight; project y.weight}`,
  );
});

test('a tapped convolution stays', () => stays(classifierEpilogue, scores({}, {}, ['relu'])));
test('more classes than pay stay', () => stays(classifierEpilogue, scores({}, { out: 33 })));
test('channels that a workgroup can not hold stay', () => stays(classifierEpilogue, scores({ out: 40 })));
test('a dilated convolution stays', () => stays(classifierEpilogue, scores({ dilation: 2, pad: 2 })));
test('a 3×3 classifier stays', () => stays(classifierEpilogue, scores({}, { kernel: 3, pad: 1 })));

test.run();
