// Norms of ranges of one map become one norm of it: half under a batch norm, half under its own, either half first, at whole quads and within them.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { builder } from '../../src/graph/build.ts';
import type { Graph, Node } from '../../src/graph/graph.ts';
import { printGraph } from '../../src/graph/print.ts';
import { verify } from '../../src/graph/verify.ts';
import { mergeNorms } from '../../src/passes/merge-norms.ts';
import { sameNumbers, stays } from './check.ts';

type Range = readonly [from: number, to: number, kind: 'batch' | 'own', epsilon?: number];

/** A convolution of eight channels, ranges of it under their norms, and a concat of those. */
function ranges(list: readonly Range[], outputs: readonly string[] = []): Graph {
  const b = builder('ranges', { c: 3, h: 4, w: 5 });
  b.conv('c', b.input, { in: 3, out: 8 });
  const { nodes } = b.graph(['c']);
  const more = list.flatMap(([from, to, kind, epsilon = 1e-3]): Node[] => {
    const name = `${kind}${from}`;
    const slice: Node = { op: 'slice', name: `s${from}`, inputs: { x: 'c' }, attributes: { from, to }, constants: {} };
    const x = slice.name;
    const fused = { fused: {} };
    if (kind === 'batch') {
      const norm = { name, channels: to - from, epsilon: 1e-5 };
      const constants = { scale: { kind: 'scale', norm }, shift: { kind: 'shift', norm, bias: null } } as const;
      return [slice, { op: 'batchnorm', name, inputs: { x }, attributes: fused, constants }];
    }
    const tensor = (role: string) => ({ kind: 'tensor', name: `${name}.${role}`, shape: [to - from] }) as const;
    const constants = { scale: tensor('scale'), shift: tensor('shift') };
    return [
      slice,
      { op: 'moments', name: `${name}.moments`, inputs: { x }, attributes: { epsilon }, constants },
      { op: 'normalise', name, inputs: { x, norm: `${name}.moments` }, attributes: fused, constants: {} },
    ];
  });
  const inputs = Object.fromEntries(list.map(([from, , kind], n) => [String(n), `${kind}${from}`]));
  const concat: Node = { op: 'concat', name: 'y', inputs, attributes: {}, constants: {} };
  return verify({ ...b.graph(['c']), nodes: [...nodes, ...more, concat], outputs: ['y', ...outputs] });
}

const conv = '8×4×5  c = conv(input) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight c.weight}';

test('a batch norm first', () => {
  const before = ranges([
    [0, 4, 'batch'],
    [4, 8, 'own'],
  ]);
  const after = verify(mergeNorms.apply(before));
  assert.is(
    printGraph(after),
    `${conv}
8×2×1  y.moments = moments(c) epsilon=0.001 given=0×4 {scale [scale(batch0), own4.scale]; shift [shift(batch0), own4.shift]}
8×4×5  y = normalise(c, norm y.moments)`,
  );
  sameNumbers(before, after);
});

for (const [title, list, given] of [
  [
    'a batch norm last',
    [
      [0, 4, 'own'],
      [4, 8, 'batch'],
    ],
    ' given=4×8',
  ],
  [
    'two of each side by side',
    [
      [0, 3, 'own'],
      [3, 4, 'batch'],
      [4, 6, 'batch'],
      [6, 8, 'own'],
    ],
    ' given=3×6',
  ],
  [
    'none',
    [
      [0, 4, 'own'],
      [4, 8, 'own'],
    ],
    '',
  ],
] as [string, Range[], string][]) {
  test(title, () => {
    const before = ranges(list);
    const after = verify(mergeNorms.apply(before));
    assert.equal(
      after.nodes.map(({ op }) => op),
      ['conv', 'moments', 'normalise'],
    );
    assert.ok(printGraph(after).includes(`epsilon=0.001${given} {`), printGraph(after));
    sameNumbers(before, after);
  });
}

for (const [title, list, outputs] of [
  [
    'another order',
    [
      [4, 8, 'own'],
      [0, 4, 'batch'],
    ],
  ],
  [
    'not all channels',
    [
      [0, 4, 'batch'],
      [4, 7, 'own'],
    ],
  ],
  [
    'batch norms apart from one another',
    [
      [0, 2, 'batch'],
      [2, 4, 'own'],
      [4, 8, 'batch'],
    ],
  ],
  [
    'two epsilons',
    [
      [0, 4, 'own', 1e-3],
      [4, 8, 'own', 1e-5],
    ],
  ],
  [
    'a part that is an output',
    [
      [0, 4, 'batch'],
      [4, 8, 'own'],
    ],
    ['batch0'],
  ],
] as [string, Range[], string[]?][])
  test(`${title}: stays`, () => void stays(mergeNorms, ranges(list, outputs)));

test.run();
