// A gated map that only a 1×1 convolution reads is gated as it is loaded.
import { test } from 'uvu';
import { builder, type ConvOptions } from '../../src/graph/build.ts';
import { fuseRelu } from '../../src/passes/fuse-relu.ts';
import { gateOperand } from '../../src/passes/gate-operand.ts';
import { squeezeExcite } from '../../src/passes/squeeze-excite.ts';
import { becomes, stays } from './check.ts';

/** `excite` is what makes the gate float32: without it the gate is a map. */
function gated(conv: Partial<ConvOptions> = {}, { excite = true, outputs = [] as readonly string[] } = {}) {
  const b = builder('gated', { c: 8, h: 3, w: 2 });
  const x = b.conv('x', b.input, { in: 8, out: 8, kernel: 3, pad: 1, groups: 2 });
  const hidden = b.relu('hidden', b.conv('first', b.mean('mean', x), { in: 8, out: 3, bias: true }));
  const gate = b.sigmoid('gate', b.conv('second', hidden, { in: 3, out: 8, bias: true }));
  const graph = fuseRelu.apply(b.graph([b.conv('y', b.mul('mul', x, gate), { in: 8, out: 4, ...conv }), ...outputs]));
  return excite ? squeezeExcite.apply(graph) : graph;
}

const head = `8×3×2  x = conv(input) kernel=3 strides=1 dilations=1 pads=1 groups=2 partials=mean.partials×3 {weight x.weight}
     8×1×1  gate = excite(mean.partials) hidden=3 pixels=6 \
       {weight1 first.weight; bias1 first.bias; weight2 second.weight; bias2 second.bias}`;

test('the gate becomes an operand', () => {
  becomes(
    gateOperand,
    gated(),
    `${head}
     8×3×2  mul = mul(x, gate gate)
     4×3×2  y = conv(mul) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight y.weight}`,
    `${head}
     4×3×2  y = conv(x, gate gate) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight y.weight}`,
  );
});

test('a tapped product stays', () => stays(gateOperand, gated({}, { outputs: ['mul'] })));
test('a gate that is a map stays', () => stays(gateOperand, gated({}, { excite: false })));
test('a 3×3 convolution takes no gate', () => stays(gateOperand, gated({ kernel: 3, pad: 1 })));
test('nor does a 1×1 with stride 2', () => stays(gateOperand, gated({ stride: 2 })));

test.run();
