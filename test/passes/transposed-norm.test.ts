// A batch norm vanishes into the transposed convolution before it, whose weights take its factors as they are packed.
import { test } from 'uvu';
import { builder } from '../../src/graph/build.ts';
import type { Graph, Node } from '../../src/graph/graph.ts';
import { verify } from '../../src/graph/verify.ts';
import { transposedNorm } from '../../src/passes/transposed-norm.ts';
import { becomes, stays } from './check.ts';

function normed({ bias = false, groups = 1, outputs = [] as string[] } = {}): Graph {
  const b = builder('normed', { c: 4, h: 2, w: 3 });
  const sliding = { kernel: [2, 2], strides: [2, 2], dilations: [1, 1], pads: [0, 0], h: 4, w: 6 } as const;
  const up: Node = {
    op: 'transposed',
    name: 'up',
    inputs: { x: 'input' },
    attributes: { ...sliding, groups, fused: {} },
    constants: {
      weight: { kind: 'tensor', name: 'up.weight', shape: [4, 6 / groups, 2, 2] },
      ...(bias && { bias: { kind: 'tensor', name: 'up.bias', shape: [6] } }),
    },
  };
  const norm = { name: 'bn', channels: 6, epsilon: 1e-5 };
  const constants = { scale: { kind: 'scale', norm }, shift: { kind: 'shift', norm, bias: null } } as const;
  const bn: Node = { op: 'batchnorm', name: 'bn', inputs: { x: 'up' }, attributes: { fused: {} }, constants };
  return verify({ ...b.graph([]), nodes: [up, bn], outputs: ['bn', ...outputs] });
}

test('with a bias', () => {
  becomes(
    transposedNorm,
    normed({ bias: true }),
    `6×4×6  up = transposed(input) kernel=2 strides=2 dilations=1 pads=0 h=4 w=6 groups=1 {weight up.weight; bias up.bias}
     6×4×6  bn = batchnorm(up) {scale scale(bn); shift shift(bn)}`,
    '6×4×6  bn = transposed(input) kernel=2 strides=2 dilations=1 pads=0 h=4 w=6 groups=1 {weight up.weight; bias shift(bn, up.bias); scale scale(bn)}',
  );
});

test('in groups, without a bias', () => {
  becomes(
    transposedNorm,
    normed({ groups: 2 }),
    `6×4×6  up = transposed(input) kernel=2 strides=2 dilations=1 pads=0 h=4 w=6 groups=2 {weight up.weight}
     6×4×6  bn = batchnorm(up) {scale scale(bn); shift shift(bn)}`,
    '6×4×6  bn = transposed(input) kernel=2 strides=2 dilations=1 pads=0 h=4 w=6 groups=2 {weight up.weight; bias shift(bn); scale scale(bn)}',
  );
});

test('one that is an output stays', () => stays(transposedNorm, normed({ outputs: ['up'] })));

test.run();
