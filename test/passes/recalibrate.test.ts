// Mean, two layers and a gate of any map become its sums and one node that makes the gate, soft or hard; what reads the gate must scale by it.
import { test } from 'uvu';
import { builder } from '../../src/graph/build.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { verify } from '../../src/graph/verify.ts';
import { fuseRelu } from '../../src/passes/fuse-relu.ts';
import { gateOperand } from '../../src/passes/gate-operand.ts';
import { recalibrate } from '../../src/passes/recalibrate.ts';
import { becomes, stays } from './check.ts';

const hard = { curve: 'hard-sigmoid', a: 1 / 6, b: 0.5 } as const;

function gated({ soft = true, bias = true, read = 'mul', hiddenWidth = 3, outputs = [] as readonly string[] } = {}): Graph {
  const b = builder('gated', { c: 8, h: 3, w: 9 });
  const x = b.relu('x', b.input);
  const hidden = b.relu('hidden', b.conv('first', b.mean('mean', x), { in: 8, out: hiddenWidth, bias }));
  const gate = b.sigmoid('gate', b.conv('second', hidden, { in: hiddenWidth, out: 8, bias }));
  const scaled = read === 'mul' ? b.mul('y', x, gate) : b.conv('y', gate, { in: 8, out: 8 });
  const graph = b.graph([b.conv('z', scaled, { in: 8, out: 4 }), ...outputs]);
  const nodes = graph.nodes.map(node =>
    node.op === 'activate' && node.name === 'gate' && !soft ? { ...node, attributes: hard } : node,
  );
  return fuseRelu.apply(verify({ ...graph, nodes }));
}

const before = (gate: string): string => `8×3×9  x = relu(input)
     8×1×1  mean = mean(x)
     3×1×1  hidden = conv(mean) kernel=1 strides=1 dilations=1 pads=0 groups=1 activation=relu \
       {weight first.weight; bias first.bias}
     8×1×1  second = conv(hidden) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight second.weight; bias second.bias}
     8×1×1  gate = ${gate}(second)
     8×3×9  y = mul(x, gate gate)
     4×3×9  z = conv(y) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight z.weight}`;
const after = (gate: string): string => `8×3×9  x = relu(input)
     8×4×1  mean.sums = sums(x) strips=4
     8×1×1  gate = excite(mean.sums) hidden=3 pixels=27${gate} \
       {weight1 first.weight; bias1 first.bias; weight2 second.weight; bias2 second.bias}
     8×3×9  y = mul(x, gate gate)
     4×3×9  z = conv(y) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight z.weight}`;

test('a soft gate', () => void becomes(recalibrate, gated(), before('sigmoid'), after('')));
test('a hard gate, which the next convolution then takes', () => {
  const made = becomes(
    recalibrate,
    gated({ soft: false }),
    before('hard-sigmoid(0.16666666666666666,0.5)'),
    after(' gate=hard-sigmoid(0.16666666666666666,0.5)'),
  );
  becomes(
    gateOperand,
    made,
    after(' gate=hard-sigmoid(0.16666666666666666,0.5)'),
    `8×3×9  x = relu(input)
     8×4×1  mean.sums = sums(x) strips=4
     8×1×1  gate = excite(mean.sums) hidden=3 pixels=27 gate=hard-sigmoid(0.16666666666666666,0.5) \
       {weight1 first.weight; bias1 first.bias; weight2 second.weight; bias2 second.bias}
     4×3×9  z = conv(x, gate gate) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight z.weight}`,
  );
});
test('layers without biases get zeros', () => {
  const without = (text: string): string => text.replaceAll(/; bias (first|second)\.bias/g, '');
  const zeros = (text: string): string => text.replaceAll(/(first|second)\.bias/g, '$1.weight·0');
  becomes(recalibrate, gated({ bias: false }), without(before('sigmoid')), zeros(after('')));
});
test('a gate that is an output stays', () => stays(recalibrate, gated({ outputs: ['gate'] })));
test('a tapped mean stays', () => stays(recalibrate, gated({ outputs: ['mean'] })));
test('one that a convolution reads stays', () => stays(recalibrate, gated({ read: 'conv' })));
test('too many hidden channels stay', () => stays(recalibrate, gated({ hiddenWidth: 257 })));

test.run();
