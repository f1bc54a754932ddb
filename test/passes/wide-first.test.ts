// The first steps of a network whose maps are blocks keep theirs in float32.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { builder } from '../../src/graph/build.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { fuse } from '../../src/passes/index.ts';
import { wideFirst } from '../../src/passes/wide-first.ts';
import { printPlan } from '../../src/plan/print.ts';
import { becomes, limited, planOf, stays } from './check.ts';

const half = limited(2 ** 20, 'half');

/** Convolutions of so many output channels; with `far` the third one's map is read once more at the end. */
function chained(widths: readonly number[], far = false): Graph {
  const b = builder('chained', { c: 3, h: 4, w: 6 });
  const conv = (n: number, x: string): string => b.conv(`c${n}`, x, { in: widths[n - 1] ?? 3, out: widths[n] });
  const last = widths.reduce((x, _, n) => conv(n, x), b.input);
  return { ...b.graph([far ? b.concat('y', [last, 'c2']) : last]), codecs: { half: 'block' } };
}

/** A line of the printed graph. */
const line = (c: number, n: number, x: string): string =>
  `c${n} = conv(${x}) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight c${n}.weight}`.replace(/^/, `${c}×4×6 `);
const f32 = (c: number, n: number, x: string): string => line(c, n, x).replace('×6', '×6 f32');
const before = (widths: readonly number[]): string[] => widths.map((c, n) => line(c, n, n ? `c${n - 1}` : 'input'));

test('four of them, the last one narrowed for what reads it', () => {
  const widths = [4, 8, 4, 8, 8, 16];
  becomes(
    wideFirst,
    chained(widths),
    before(widths).join('\n'),
    [
      ...[f32(4, 0, 'input'), f32(8, 1, 'c0'), f32(4, 2, 'c1'), f32(8, 3, 'c2'), '8×4×6 c3:narrow = narrow(c3)'],
      ...[line(8, 4, 'c3:narrow'), line(16, 5, 'c4')],
    ].join('\n'),
    half,
  );
});

test('no map that would be larger than the largest: a device can bind what it could', () => {
  const widths = [8, 8, 16, 8, 8];
  const after = becomes(
    wideFirst,
    chained(widths),
    before(widths).join('\n'),
    [
      ...[f32(8, 0, 'input'), f32(8, 1, 'c0'), '8×4×6 c1:narrow = narrow(c1)'],
      ...[line(16, 2, 'c1:narrow'), line(8, 3, 'c2'), line(8, 4, 'c3')],
    ].join('\n'),
    half,
  );
  const largest = (graph: Graph): number => Math.max(...planOf(graph, half).slots);
  assert.is(largest(after), largest(chained(widths)));
});

test('to what is read again far behind: that is kept in blocks alone', () => {
  const widths = [4, 4, 4, 8, 8, 16];
  becomes(
    wideFirst,
    chained(widths, true),
    [...before(widths), '20×4×6 y = concat(c5, c2)'].join('\n'),
    [
      ...[f32(4, 0, 'input'), f32(4, 1, 'c0'), f32(4, 2, 'c1'), '4×4×6 c2:narrow = narrow(c2)'],
      ...[line(8, 3, 'c2:narrow'), line(8, 4, 'c3'), line(16, 5, 'c4'), '20×4×6 y = concat(c5, c2:narrow)'],
    ].join('\n'),
    half,
  );
});

const widths = [4, 8, 4, 8, 8, 16];
const left: [title: string, graph: Graph, target?: typeof half][] = [
  ['in float32', chained(widths), limited(2 ** 20)],
  ['no network that stores halves', { ...chained(widths), codecs: {} }, half],
  ['the first map alone: it would be rounded right behind', chained([8, 16, 16]), half],
  ['whose first map is a part of another', fuse({ ...chained([4, 4]), codecs: {} }, half), half],
];
for (const [title, graph, target] of left) test(`stays: ${title}`, () => stays(wideFirst, graph, target));

test('steps read and write float32 by their own codec, which their pipelines are told by', () => {
  const plan = planOf(wideFirst.apply(chained(widths), half), half);
  assert.is(plan.precision, 'block');
  assert.equal(
    plan.steps.map(({ codec }) => codec ?? 'block'),
    ['f32', 'f32', 'f32', 'f32', 'block', 'block', 'block'],
  );
  assert.equal(
    ['input', 'c0', 'c3', 'c3:narrow', 'c5'].map(value => plan.values[value].kind),
    ['exact', 'exact', 'exact', 'map', 'map'],
  );
  const [head, ...lines] = printPlan(plan).split('\n');
  assert.match(head, /half as blocks \(.*\), float32 in 4 steps/);
  assert.equal(
    lines.flatMap(
      line =>
        line
          .match(/ (\w+)\S*(\/(?:f32|block))/)
          ?.slice(1)
          .join('') ?? [],
    ),
    ['pointwise/f32', 'pointwise/f32', 'pointwise/f32', 'pointwise/f32', 'narrow/block', 'pointwise/block', 'pointwise/block'],
  );
});

test.run();
