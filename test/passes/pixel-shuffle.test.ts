// A pixel shuffle, however a file writes it, is one step of whole quads where the order of a convolution's outputs is free.
import { test } from 'uvu';
import { fuseActivation } from '../../src/passes/fuse-activation.ts';
import { fuseRelu } from '../../src/passes/fuse-relu.ts';
import { pixelShuffle } from '../../src/passes/pixel-shuffle.ts';
import { uniform } from '../../src/weights/seeded.ts';
import { longs, type NodeSpec, seeded } from '../onnx/writer.ts';
import { importedOf, makes } from './imported.ts';

/** A convolution to 5 channels of 2×3 places, or a map of as many channels, what shuffles `a`, and what follows. */
function shuffled(nodes: readonly NodeSpec[], { conv = true, outputs = ['y'] } = {}) {
  const c = conv ? 3 : 30;
  const first: NodeSpec = conv
    ? { op: 'Conv', inputs: ['x', 'w', 'b'], outputs: ['a'], attributes: { pads: [1, 1, 1, 1] } }
    : { op: 'Relu', inputs: ['x'], outputs: ['a'] };
  return importedOf(
    {
      opset: 17,
      inputs: { x: [1, c, 4, 7] },
      outputs,
      nodes: [first, ...nodes, { op: 'GlobalMaxPool', inputs: [nodes.at(-1)!.outputs[0]], outputs: ['y'] }],
      initializers: {
        ...{ w: seeded('w', 30, 3, 3, 3), b: seeded('b', 30), slope: seeded('slope', 5, 1, 1) },
        ...{
          six: longs('six', [1, 5, 2, 3, 4, 7]),
          places: longs('places', [1, 2, 3, 5, 4, 7]),
          four: longs('four', [1, 5, 8, 21]),
        },
      },
    },
    [1, c, 4, 7],
  );
}
/** As PyTorch wrote it before opset 11, a channel's places one after another; and with those of a place. */
const reshapes = (split: 'six' | 'places'): NodeSpec[] => [
  { op: 'Reshape', inputs: ['a', split], outputs: ['r'] },
  {
    op: 'Transpose',
    inputs: ['r'],
    outputs: ['t'],
    attributes: { perm: split === 'six' ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2] },
  },
  { op: 'Reshape', inputs: ['t', 'four'], outputs: ['s'] },
];

test('Reshape, Transpose, Reshape behind a convolution, whose outputs come in that order', () =>
  makes(
    shuffled(reshapes('six')),
    [pixelShuffle],
    [
      /30×4×7 +a = conv\(input\) .*\{weight w by 6 phases; bias b by 6 phases\}/,
      /5×8×21 +.* = interleave\(a\) strides=2×3 cut=0/,
      /y = /,
    ],
  ));
test('places first: no outputs are moved', () =>
  makes(shuffled(reshapes('places')), [pixelShuffle], [/a = conv\(input\) .*\{weight w; bias b\}/, / = interleave\(a\)/, /y = /]));
test('a curve behind comes before, where it meets whole quads', () => {
  const slopes: NodeSpec = { op: 'PRelu', inputs: ['s', 'slope'], outputs: ['p'] };
  for (const split of ['six', 'places'] as const)
    makes(
      shuffled([...reshapes(split), slopes]),
      [pixelShuffle],
      [/a = conv\(input\) .*activation=prelu .*slope slope by phases of 2×3/, /p = interleave\(a\)/, /y = /],
    );
});
test('DepthToSpace in both modes', () => {
  for (const mode of ['DCR', 'CRD']) {
    const made = importedOf(
      {
        opset: 17,
        inputs: { x: [1, 3, 4, 7] },
        outputs: ['y'],
        nodes: [
          { op: 'Conv', inputs: ['x', 'w'], outputs: ['a'] },
          { op: 'DepthToSpace', inputs: ['a'], outputs: ['s'], attributes: { blocksize: 2, mode } },
          { op: 'Relu', inputs: ['s'], outputs: ['r'] },
          { op: 'Conv', inputs: ['r', 'v'], outputs: ['y'] },
        ],
        initializers: { w: seeded('w', 12, 3, 1, 1), v: seeded('v', 2, 3, 1, 1) },
      },
      [1, 3, 4, 7],
    );
    makes(made, [fuseRelu, pixelShuffle], [/r = conv\(input\) .*activation=relu/, / = interleave\(r\) strides=2/, /y = conv/]);
  }
});
test('of any map where a place has a run of channels; else numbers are looked up', () => {
  makes(shuffled(reshapes('places'), { conv: false }), [pixelShuffle], [/a = relu/, / = interleave\(a\)/, /y = /]);
  makes(shuffled(reshapes('six'), { conv: false }), [pixelShuffle], [/a = relu/, / = move\(a\) .*shuffled=channel×2,3/, /y = /]);
});
test('a tapped convolution keeps its order', () =>
  makes(
    shuffled(reshapes('six'), { outputs: ['y', 'a'] }),
    [pixelShuffle],
    [/a = conv\(input\) .*\{weight w; bias b\}/, /move/, /y = /],
  ));
test('any places, channels, kernel and order', () => {
  for (let seed = 0; seed < 40; seed++) {
    const numbers = uniform(`shuffle ${seed}`, 16);
    let at = 0;
    const int = (low: number, high: number): number => low + Math.floor(numbers[at++] * (high - low + 1));
    const [down, right, c, h, w, kernel] = [int(1, 3), int(2, 4), int(1, 9), int(1, 5), int(5, 8), 2 * int(0, 1) + 1];
    const places = seed % 2 === 0;
    const end: NodeSpec[] = seed % 3 ? [] : [{ op: 'Sigmoid', inputs: ['a'], outputs: ['e'] }];
    const made = importedOf(
      {
        opset: 17,
        inputs: { x: [1, 3, h, w] },
        outputs: ['y'],
        nodes: [
          { op: 'Conv', inputs: ['x', 'w'], outputs: ['a'], attributes: { pads: Array(4).fill((kernel - 1) / 2) } },
          ...end,
          { op: 'Reshape', inputs: [end.length ? 'e' : 'a', 'split'], outputs: ['r'] },
          {
            op: 'Transpose',
            inputs: ['r'],
            outputs: ['t'],
            attributes: { perm: places ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3] },
          },
          { op: 'Reshape', inputs: ['t', 'all'], outputs: ['s'] },
          { op: 'Conv', inputs: ['s', 'v'], outputs: ['y'] },
        ],
        initializers: {
          ...{ w: seeded('w', c * down * right, 3, kernel, kernel), v: seeded('v', 2, c, 1, 1) },
          ...{
            split: longs('split', [1, ...(places ? [down, right, c] : [c, down, right]), h, w]),
            all: longs('all', [1, c, h * down, w * right]),
          },
        },
      },
      [1, 3, h, w],
    );
    makes(made, [fuseActivation, pixelShuffle], [/conv\(input\)/, / = interleave\(/, /y = conv/]);
  }
});

test.run();
