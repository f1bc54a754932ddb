// Curves in the parts that exporters write, under whatever order of them; what is a part of something else stays.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { builder } from '../../src/graph/build.ts';
import type { Activation, Graph, Node } from '../../src/graph/graph.ts';
import type { Operation } from '../../src/graph/numbered.ts';
import { printGraph } from '../../src/graph/print.ts';
import { verify } from '../../src/graph/verify.ts';
import { recompose } from '../../src/passes/recompose.ts';
import { sameNumbers, stays } from './check.ts';

type Step = readonly [name: string, x: string, ...rest: readonly (string | number)[]];

/** `[name, x, curve, a, b]`, or `[name, x, operation, other]`. */
function graphOf(title: string, steps: readonly Step[], outputs = [steps.at(-1)![0]]): Graph {
  const b = builder(title, { c: 3, h: 2, w: 3 });
  const nodes = steps.map(([name, x, word, a = 0, other = 0]): Node => {
    if (typeof a === 'string') {
      const attributes = { operation: word as Operation, swapped: false, fused: {} };
      return { op: 'combine', name, inputs: { x, other: a }, attributes, constants: {} };
    }
    return { op: 'activate', name, inputs: { x }, attributes: { curve: word, a, b: other } as Activation, constants: {} };
  });
  return verify({ ...b.graph([]), nodes, outputs });
}

function becomes(before: Graph, text: string): void {
  const after = recompose.apply(before);
  assert.is(printGraph(after), text);
  sameNumbers(before, after, 2e-6);
}

const rows: [title: string, steps: readonly Step[], curve: string][] = [
  [
    'GELU as PyTorch writes it',
    [
      ['d', 'input', 'affine', Math.fround(1 / Math.fround(Math.SQRT2)), 0],
      ['e', 'd', 'erf'],
      ['p', 'e', 'affine', 1, 1],
      ['m', 'input', 'mul', 'p'],
      ['y', 'm', 'affine', 0.5, 0],
    ],
    'gelu',
  ],
  [
    'GELU with the half first',
    [
      ['h', 'input', 'affine', 0.5, 0],
      ['d', 'input', 'affine', Math.SQRT1_2, 0],
      ['e', 'd', 'erf'],
      ['p', 'e', 'affine', 1, 1],
      ['y', 'h', 'mul', 'p'],
    ],
    'gelu',
  ],
  [
    'GELU by tanh',
    [
      ['c', 'input', 'power', 3],
      ['k', 'c', 'affine', 0.044715, 0],
      ['s', 'input', 'add', 'k'],
      ['r', 's', 'affine', Math.fround(Math.sqrt(2 / Math.PI)), 0],
      ['t', 'r', 'tanh'],
      ['p', 't', 'affine', 1, 1],
      ['m', 'input', 'mul', 'p'],
      ['y', 'm', 'affine', 0.5, 0],
    ],
    'gelu-tanh',
  ],
  [
    'hard swish, divided last',
    [
      ['p', 'input', 'affine', 1, 3],
      ['c', 'p', 'clip', 0, 6],
      ['m', 'input', 'mul', 'c'],
      ['y', 'm', 'affine', 1 / 6, 0],
    ],
    'hard-swish',
  ],
  [
    'hard swish by a hard sigmoid',
    [
      ['s', 'input', 'hard-sigmoid', Math.fround(1 / 6), 0.5],
      ['y', 's', 'mul', 'input'],
    ],
    'hard-swish',
  ],
  [
    'swish',
    [
      ['s', 'input', 'sigmoid'],
      ['y', 'input', 'mul', 's'],
    ],
    'swish',
  ],
  [
    'mish',
    [
      ['s', 'input', 'softplus'],
      ['t', 's', 'tanh'],
      ['y', 'input', 'mul', 't'],
    ],
    'mish',
  ],
];
for (const [title, steps, curve] of rows) test(title, () => becomes(graphOf(title, steps), `3×2×3  y = ${curve}(input)`));

test('the curve is found behind another', () => {
  const steps: Step[] = [
    ['r', 'input', 'relu'],
    ['s', 'r', 'sigmoid'],
    ['y', 'r', 'mul', 's'],
  ];
  becomes(graphOf('behind', steps), '3×2×3  r = relu(input)\n3×2×3  y = swish(r)');
});

const swish = rows[5][1];
test('a part that is an output stays', () => void stays(recompose, graphOf('output', swish, ['s', 'y'])));
test('a part that somebody else reads stays', () =>
  void stays(recompose, graphOf('read', [...swish, ['z', 's', 'add', 'y']], ['z'])));
test('products of two values stay', () =>
  void stays(
    recompose,
    graphOf('two', [
      ['s', 'input', 'sigmoid'],
      ['t', 'input', 'tanh'],
      ['y', 's', 'mul', 't'],
    ]),
  ));

test.run();
