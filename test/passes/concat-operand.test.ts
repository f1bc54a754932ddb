// A concat of a resized map and another is read in place by the convolution behind it.
import { test } from 'uvu';
import { builder } from '../../src/graph/build.ts';
import type { Graph, Resampling } from '../../src/graph/graph.ts';
import { concatOperand } from '../../src/passes/concat-operand.ts';
import { becomes, stays } from './check.ts';

interface Options {
  readonly mode?: Resampling;
  readonly kernel?: number;
  readonly outputs?: readonly string[];
  readonly swapped?: boolean;
}

function joined({ mode, kernel = 3, outputs = [], swapped = false }: Options = {}): Graph {
  const b = builder('joined', { c: 4, h: 5, w: 7 });
  const coarse = b.resize('up', b.pool('coarse', b.input), { h: 5, w: 7 }, mode);
  const parts = swapped ? [b.input, coarse] : [coarse, b.input];
  return b.graph([b.conv('y', b.concat('cat', parts), { in: 8, out: 32, kernel, pad: (kernel - 1) / 2 }), ...outputs]);
}

const coarse = '4×3×4 coarse = pool(input)';

test('the coarse map is resized in the operand', () => {
  becomes(
    concatOperand,
    joined(),
    `${coarse}
     4×5×7 up = resize(coarse) h=5 w=7
     8×5×7 cat = concat(up, input)
     32×5×7 y = conv(cat) kernel=3 strides=1 dilations=1 pads=1 groups=1 {weight y.weight}`,
    `${coarse}
     32×5×7 y = conv(coarse, beside input) kernel=3 strides=1 dilations=1 pads=1 groups=1 {weight y.weight}`,
  );
});

test('a tapped part beside it is no obstacle', () => {
  const b = builder('tapped', { c: 4, h: 3, w: 3 });
  const head = b.relu('head', b.input);
  const up = b.resize('up', b.pool('coarse', b.input), { h: 3, w: 3 });
  const y = b.conv('y', b.concat('cat', [up, head]), { in: 8, out: 64, kernel: 3, pad: 1, bias: true });
  becomes(
    concatOperand,
    b.graph([y, head]),
    `4×3×3 head = relu(input)
     4×2×2 coarse = pool(input)
     4×3×3 up = resize(coarse) h=3 w=3
     8×3×3 cat = concat(up, head)
     64×3×3 y = conv(cat) kernel=3 strides=1 dilations=1 pads=1 groups=1 {weight y.weight; bias y.bias}`,
    `4×3×3 head = relu(input)
     4×2×2 coarse = pool(input)
     64×3×3 y = conv(coarse, beside head) kernel=3 strides=1 dilations=1 pads=1 groups=1 {weight y.weight; bias y.bias}`,
  );
});

test('a tapped concat stays', () => stays(concatOperand, joined({ outputs: ['cat'] })));
test('a tapped resized map stays', () => stays(concatOperand, joined({ outputs: ['up'] })));
test('another resampling stays', () => stays(concatOperand, joined({ mode: 'corners' })));
test('a 1×1 convolution stays', () => stays(concatOperand, joined({ kernel: 1 })));
test('a resized map behind the other stays', () => stays(concatOperand, joined({ swapped: true })));

test.run();
