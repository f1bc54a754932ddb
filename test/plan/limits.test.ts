// What does not fit an adapter is refused while the plan is made, by every command alike: what, both numbers, and what next.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Builder, builder } from '../../src/graph/build.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { fileLibrary } from '../../src/node/shader-files.ts';
import { fuse } from '../../src/passes/index.ts';
import { defaultFacts } from '../../src/plan/choose.ts';
import { lower } from '../../src/plan/lower.ts';
import type { Stem } from '../../src/plan/plan.ts';
import { limited, planOf } from '../passes/check.ts';

const { facts: shaderFacts } = fileLibrary();

function refused(work: () => unknown, message: RegExp): void {
  assert.throws(work, (error: { code: string; message: string }) => {
    assert.match(error.message, message);
    return error.code === 'LIMIT';
  });
}

const wide = { c: 64, h: 4, w: 5 };
/** 64×64 float32 weights take 16384 bytes, a map of 64 channels 5120. */
const MOST = 8192;

function drawn(write: (b: Builder) => string): Graph {
  const b = builder('heavy', wide);
  return b.graph([write(b)]);
}

const grouped = { in: 64, out: 64, kernel: 3, pad: 1, groups: 4, bias: true } as const;
const heavy: [string, Graph, string, number][] = [
  ['a residual', drawn(b => b.add('y', b.conv('conv', b.input, { in: 64, out: 64 }), b.input)), 'y', 64 * 64 * 4],
  ['groups', drawn(b => b.conv('y', b.input, grouped)), 'y', (64 * 16 * 9 + 64) * 4],
];

for (const [name, graph, step, bytes] of heavy) {
  test(`weights of a convolution with ${name} can not be split`, () => {
    const target = limited(MOST);
    const message = new RegExp(
      `^step "${step}" has ${bytes} bytes of weights, the adapter binds at most ${MOST} \\(a small adapter\\); use `,
    );
    refused(() => planOf(fuse(graph, target), target), message);
    const enough = limited(bytes);
    assert.is(planOf(fuse(graph, enough), enough).steps.length, 1);
  });
}

test('weights that are split fit', () => {
  const target = limited(MOST);
  const graph = drawn(b => b.conv('y', b.input, { in: 64, out: 64 }));
  const plan = planOf(fuse(graph, target), target);
  assert.ok(plan.steps.length > 1);
});

test('a picture larger than a texture, planes larger than a binding', () => {
  const plan = (stem: Stem, h: number, w: number) => {
    const b = builder('frame', { c: 3, h: 16, w: 16 });
    const graph = b.graph([b.conv('y', b.input, { in: 3, out: 4 })]);
    const facts = { ...defaultFacts, limits: { ...limited(MOST).facts.limits, maxTextureDimension2D: 100 } };
    const options = { precision: 'f32', facts, variants: 'auto', mean: [0, 0, 0], std: [1, 1, 1], shaderFacts } as const;
    return lower(graph, { ...options, stem, frame: { h, w } });
  };
  refused(
    () => plan('texture', 101, 16),
    /^the picture is 101×16, the adapter's textures hold at most 100×100: give a --size that they hold, or shrink it first/,
  );
  refused(
    () => plan('tensor', 100, 16),
    /^the input \(3×100×16\) takes 19200 bytes, the adapter binds at most 8192 .*; use a smaller/,
  );
  assert.is(plan('texture', 100, 16).steps.length, 2);
  assert.is(plan('tensor', 16, 16).steps.length, 1);
});

test.run();
