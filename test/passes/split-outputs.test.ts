// Channels of a convolution that are read apart are stored apart.
import { test } from 'uvu';
import { builder } from '../../src/graph/build.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { splitOutputs } from '../../src/passes/split-outputs.ts';
import { becomes, stays } from './check.ts';

/** A convolution to 24 channels and those ranges of it. */
function ranges(...parts: readonly (readonly [from: number, to: number])[]): Graph {
  const b = builder('ranges', { c: 4, h: 2, w: 3 });
  const x = b.conv('x', b.input, { in: 4, out: 24, bias: true });
  return b.graph(parts.map(([from, to], n) => b.relu(`r${n}`, b.slice(`s${n}`, x, from, to))));
}

test('the other channels first', () => {
  becomes(
    splitOutputs,
    ranges([16, 24], [0, 16]),
    `24×2×3 x = conv(input) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight x.weight; bias x.bias}
     8×2×3 s0 = slice(x) from=16 to=24
     8×2×3 r0 = relu(s0)
     16×2×3 s1 = slice(x) from=0 to=16
     16×2×3 r1 = relu(s1)`,
    `16×2×3 s1 = conv(input) kernel=1 strides=1 dilations=1 pads=0 groups=1 also=s0×16 {weight x.weight; bias x.bias}
     8×2×3 r0 = relu(s0)
     16×2×3 r1 = relu(s1)`,
  );
});

for (const [title, graph] of [
  ['a lane’s eight channels are of one map', ranges([0, 12], [12, 24])],
  ['some are read twice', ranges([0, 16], [8, 24])],
  ['some are read by nobody', ranges([0, 8], [8, 16])],
  ['there are three', ranges([0, 8], [8, 16], [16, 24])],
  ['all are an output', { ...ranges([0, 16], [16, 24]), outputs: ['x', 'r0', 'r1'] }],
] as const) {
  test(`stays: ${title}`, () => stays(splitOutputs, graph));
}

test.run();
