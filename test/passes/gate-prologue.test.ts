// An excitation whose gate one 1×1 convolution reads becomes that convolution's prologue, and its sums few rows.
import { test } from 'uvu';
import { builder, type ConvOptions } from '../../src/graph/build.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { fuseRelu } from '../../src/passes/fuse-relu.ts';
import { gateOperand } from '../../src/passes/gate-operand.ts';
import { gatePrologue } from '../../src/passes/gate-prologue.ts';
import { squeezeExcite } from '../../src/passes/squeeze-excite.ts';
import { becomes, stays } from './check.ts';

const SIZE = { h: 33, w: 17 };

function gated(last: Partial<ConvOptions> = {}, outputs: readonly string[] = [], hidden = 3): Graph {
  const b = builder('gated', { c: 8, ...SIZE });
  const x = b.conv('x', b.input, { in: 8, out: 8, kernel: 3, pad: 1, groups: 2 });
  const layer = b.relu('hidden', b.conv('first', b.mean('mean', x), { in: 8, out: hidden, bias: true }));
  const gate = b.sigmoid('gate', b.conv('second', layer, { in: hidden, out: 8, bias: true }));
  const y = b.conv('y', b.mul('mul', x, gate), { in: 8, out: 5, bias: true, ...last });
  return [fuseRelu, squeezeExcite, gateOperand].reduce((graph, pass) => pass.apply(graph), b.graph([y, ...outputs]));
}

const strips = (n: number): string =>
  `8×33×17 x = conv(input) kernel=3 strides=1 dilations=1 pads=1 groups=2 partials=mean.partials×${n} {weight x.weight}`;
const excitation = '{weight1 first.weight; bias1 first.bias; weight2 second.weight; bias2 second.bias}';

/** As `gated` is, and with its excitation in the last convolution's prologue. */
const apart = `${strips(99)}
     8×1×1 gate = excite(mean.partials) hidden=3 pixels=561 ${excitation}
     5×33×17 y = conv(x, gate gate) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight y.weight; bias y.bias}`;
const joined = (rows: number): string =>
  `${strips(rows)}
     5×33×17 y = conv(x, sums mean.partials) kernel=1 strides=1 dilations=1 pads=0 groups=1 squeezed=561 \
       {weight y.weight; bias y.bias; weight1 first.weight; bias1 first.bias; weight2 second.weight; bias2 second.bias}`;

test('the excitation becomes a prologue', () => {
  becomes(gatePrologue, gated(), apart, joined(2));
});

test('by matrices a map is summed in more rows', () => {
  const target = { barriers: true, matrices: true, precision: 'half' } as const;
  becomes(gatePrologue, gated(), apart, joined(7), target);
  becomes(gatePrologue, { ...gated(), codecs: { half: 'block' } }, apart, joined(2), target);
});

test('a residual stays beside it', () => {
  const graph = gated({ out: 8 });
  const y = graph.nodes.at(-1)!;
  const nodes = [...graph.nodes.slice(0, -1), { ...y, inputs: { ...y.inputs, residual: 'input' } }] as Graph['nodes'];
  becomes(
    gatePrologue,
    { ...graph, nodes },
    `${strips(99)}
     8×1×1 gate = excite(mean.partials) hidden=3 pixels=561 ${excitation}
     8×33×17 y = conv(x, gate gate, residual input) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight y.weight; bias y.bias}`,
    `${strips(2)}
     8×33×17 y = conv(x, residual input, sums mean.partials) kernel=1 strides=1 dilations=1 pads=0 groups=1 squeezed=561 \
       {weight y.weight; bias y.bias; weight1 first.weight; bias1 first.bias; weight2 second.weight; bias2 second.bias}`,
  );
});

test('a tapped gate stays', () => stays(gatePrologue, gated({}, ['gate'])));
test('more hidden channels than the shader holds stay', () => stays(gatePrologue, gated({}, [], 257)));

test('a gate with two readers stays', () => {
  const graph = gated();
  const other = { ...graph.nodes.at(-1)!, name: 'z' };
  stays(gatePrologue, { ...graph, nodes: [...graph.nodes, other], outputs: ['y', 'z'] });
});

test.run();
