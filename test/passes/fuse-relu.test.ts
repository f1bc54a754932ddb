// A ReLU moves into the convolution or the sum before it.
import { test } from 'uvu';
import { builder } from '../../src/graph/build.ts';
import { type Geometry, relu } from '../../src/graph/graph.ts';
import { fuseRelu } from '../../src/passes/fuse-relu.ts';
import { becomes, stays } from './check.ts';

test('after a convolution and after a sum', () => {
  const b = builder('relus', { c: 2, h: 2, w: 3 });
  const x = b.relu('r1', b.conv('conv', b.input, { in: 2, out: 2 }));
  becomes(
    fuseRelu,
    b.graph([b.relu('r2', b.add('add', x, b.input))]),
    `2×2×3  conv = conv(input) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight conv.weight}
     2×2×3  r1 = relu(conv)
     2×2×3  add = add(r1, other input)
     2×2×3  r2 = relu(add)`,
    `2×2×3  r1 = conv(input) kernel=1 strides=1 dilations=1 pads=0 groups=1 activation=relu {weight conv.weight}
     2×2×3  r2 = add(r1, other input) activation=relu`,
  );
});

test('after a convolution of any geometry', () => {
  const geometry: Geometry = { kernel: [1, 2], strides: [1, 1], dilations: [[1, 1]], pads: [[0, 1, 0, 1]], groups: 1 };
  const weight = { kind: 'tensor', name: 'w', shape: [2, 2, 1, 2] } as const;
  const slide = {
    op: 'conv',
    name: 's',
    inputs: { x: 'input' },
    attributes: { geometry, fused: {} },
    constants: { weight },
  } as const;
  const last = { op: 'activate', name: 'r', inputs: { x: 's' }, attributes: relu, constants: {} } as const;
  becomes(
    fuseRelu,
    { name: 'slid', input: { c: 2, h: 2, w: 3 }, nodes: [slide, last], outputs: ['r'], aliases: new Map() },
    `2×2×4  s = conv(input) kernel=1×2 strides=1 dilations=1 pads=0,1,0,1 groups=1 {weight w}
     2×2×4  r = relu(s)`,
    '2×2×4  r = conv(input) kernel=1×2 strides=1 dilations=1 pads=0,1,0,1 groups=1 activation=relu {weight w}',
  );
});

test('a tapped sum stays', () => {
  const b = builder('tapped', { c: 2, h: 2, w: 3 });
  const sum = b.add('add', b.input, b.input);
  stays(fuseRelu, b.graph([b.relu('relu', sum), sum]));
});

test('a convolution with a second reader stays', () => {
  const b = builder('shared', { c: 2, h: 2, w: 3 });
  const conv = b.conv('conv', b.input, { in: 2, out: 2 });
  stays(fuseRelu, b.graph([b.add('y', b.relu('relu', conv), conv)]));
});

test('a ReLU of a pool stays', () => {
  const b = builder('pooled', { c: 2, h: 2, w: 3 });
  stays(fuseRelu, b.graph([b.relu('relu', b.pool('pool', b.input))]));
});

test.run();
