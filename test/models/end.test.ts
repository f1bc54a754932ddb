// How scores become classes and probabilities, whatever network they are of: which channels, what a network already ends in, and where its grid is.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Builder, builder } from '../../src/graph/build.ts';
import { boundaryOf, classesOf, largest } from '../../src/graph/decision.ts';
import { type End, writeClasses } from '../../src/graph/end.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { printNode } from '../../src/graph/print.ts';
import { withScores } from '../../src/graph/scores.ts';
import { verify } from '../../src/graph/verify.ts';
import { endGraph } from '../../src/models/dilatednet.ts';
import { findNetwork } from '../../src/models/registry.ts';

const size = { h: 12, w: 16 };

/** A network whose last values are drawn on a map of so many channels. */
function drawn(channels: number, write: (b: Builder) => string, end: Partial<End> = {}): Graph {
  const b = builder('net', { c: channels, h: 3, w: 4 });
  return b.graph([writeClasses(b, write(b), { channels, ...end })]);
}

const lines = ({ nodes }: Graph): string[] => nodes.map(printNode);
const resized = (b: Builder, x: string): string => b.resize('wide', x, size);

const ends: readonly [name: string, graph: Graph, nodes: readonly string[], scores: readonly string[], value: string][] = [
  ['several channels', drawn(3, b => resized(b, b.input)), ['classes = argmax(wide)'], ['scores = softmax(input)'], 'scores'],
  [
    'several that end in a softmax',
    drawn(3, b => b.softmax('last', resized(b, b.input))),
    ['classes = argmax(last)'],
    ['scores = softmax(input)'],
    'scores',
  ],
  [
    'several whose softmax is resized',
    drawn(3, b => resized(b, b.softmax('last', b.input))),
    ['classes = argmax(wide)'],
    [],
    'last',
  ],
  [
    'a single channel',
    drawn(1, b => resized(b, b.input)),
    ['prob = sigmoid(wide)', 'classes = argmax(prob) threshold=0.5'],
    ['scores = sigmoid(input)'],
    'scores',
  ],
  [
    'one that ends in a sigmoid',
    drawn(1, b => b.sigmoid('last', resized(b, b.input)), { threshold: 0.3 }),
    ['classes = argmax(last) threshold=0.3'],
    ['scores = sigmoid(input)'],
    'scores',
  ],
  [
    'one whose sigmoid is resized',
    drawn(1, b => resized(b, b.sigmoid('last', b.input))),
    ['classes = argmax(wide) threshold=0.5'],
    [],
    'last',
  ],
  [
    'one that is a probability by its card',
    drawn(1, b => resized(b, b.relu('last', b.input)), { activation: 'none' }),
    ['classes = argmax(wide) threshold=0.5'],
    [],
    'last',
  ],
];

for (const [name, graph, nodes, added, value] of ends)
  test(name, () => {
    assert.equal(lines(graph).slice(-nodes.length), nodes);
    const { graph: scored, scores } = withScores(graph);
    assert.equal([scored.outputs, scores], [['classes', value], value]);
    assert.equal(lines(scored), [...lines(graph), ...added]);
  });

test('RegSeg’s scores are of the decoder’s grid, DilatedNet’s of the stitched one', () => {
  const { graph, scores } = withScores(findNetwork('regseg').build({ h: 32, w: 48 }));
  assert.equal(lines(graph).at(-1), `${scores} = softmax(decoder.classifier)`);
  for (const name of ['dilation8_camvid', 'dilation10_cityscapes']) {
    const network = findNetwork(name);
    const end = endGraph(network, { c: network.publishedClasses, h: 3, w: 4, to: { h: 24, w: 32 }, tile: null });
    assert.equal(withScores(end), { graph: { ...end, outputs: ['classes', 'prob'] }, scores: 'prob' });
  }
});

test('a threshold is for one channel, and lies between 0 and 1', () => {
  const b = builder('net', { c: 2, h: 1, w: 1 });
  assert.throws(() => b.graph([b.argmax('classes', b.input, 0.5)]), /threshold 0.5 .* 2 channels/);
  const one = drawn(1, ({ input }) => input);
  const wrong = (decision: object): Graph => ({
    ...one,
    nodes: one.nodes.map(node => (node.op === 'argmax' ? { ...node, attributes: { ...largest, ...decision } } : node)),
  });
  for (const threshold of [0, 1, Number.NaN]) assert.throws(() => verify(wrong({ threshold })), /threshold/);
  assert.throws(() => verify(wrong({ activation: 'sigmoid' })), /threshold null and activation sigmoid/);
});

test('classes of channels, and the score that a threshold is', () => {
  assert.equal([1, 2, 19].map(classesOf), [2, 2, 19]);
  assert.is(boundaryOf(0.5, { activation: 'sigmoid' }), 0);
  for (const threshold of [1e-6, 0.2, 0.73]) {
    const score = boundaryOf(threshold, { activation: 'sigmoid' });
    assert.ok(Math.abs(1 / (1 + Math.exp(-score)) / threshold - 1) < 1e-12);
    assert.is(boundaryOf(threshold, { activation: 'none' }), threshold);
  }
});

test.run();
