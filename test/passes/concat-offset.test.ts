// The parts of a concat are written where they belong; parts with other readers are copied there.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { builder } from '../../src/graph/build.ts';
import { verify } from '../../src/graph/verify.ts';
import { concatOffset } from '../../src/passes/concat-offset.ts';
import { becomes } from './check.ts';

/** Two parts of 8 and 3 channels. */
function parts(outputs: readonly string[] = []) {
  const b = builder('parts', { c: 8, h: 2, w: 3 });
  const y = b.concat('y', [b.relu('a', b.input), b.conv('b', b.input, { in: 8, out: 3 })]);
  return b.graph([y, ...outputs]);
}

const convB = '3×2×3   b = conv(input) kernel=1 strides=1 dilations=1 pads=0 groups=1 {weight b.weight}';

test('parts in place', () => {
  becomes(
    concatOffset,
    parts(),
    `8×2×3   a = relu(input)
     ${convB}
     11×2×3  y = concat(a, b)`,
    `8×2×3   a = relu(input)
     ${convB}
     11×2×3  y = join(a, b)`,
  );
});

test('a tapped part is copied', () => {
  becomes(
    concatOffset,
    parts(['a']),
    `8×2×3   a = relu(input)
     ${convB}
     11×2×3  y = concat(a, b)`,
    `8×2×3   a = relu(input)
     ${convB}
     8×2×3   y.0 = copy(a)
     11×2×3  y = join(y.0, b)`,
  );
});

test('the input, a part twice, and a concat are copied', () => {
  const b = builder('copies', { c: 4, h: 2, w: 3 });
  const a = b.relu('a', b.input);
  const inner = b.concat('inner', [b.sigmoid('s', b.input), b.pool('p', b.resize('big', b.input, { h: 4, w: 6 }))]);
  becomes(
    concatOffset,
    b.graph([b.concat('y', [b.input, a, a, inner])]),
    `4×2×3   a = relu(input)
     4×2×3   s = sigmoid(input)
     4×4×6   big = resize(input) h=4 w=6
     4×2×3   p = pool(big)
     8×2×3   inner = concat(s, p)
     20×2×3  y = concat(input, a, a, inner)`,
    `4×2×3   a = relu(input)
     4×2×3   s = sigmoid(input)
     4×4×6   big = resize(input) h=4 w=6
     4×2×3   p = pool(big)
     8×2×3   inner = join(s, p)
     4×2×3   y.0 = copy(input)
     4×2×3   y.1 = copy(a)
     4×2×3   y.2 = copy(a)
     8×2×3   y.3 = copy(inner)
     20×2×3  y = join(y.0, y.1, y.2, y.3)`,
  );
});

test('a part that ends within a quad is refused, unless it is the last', () => {
  const b = builder('odd', { c: 8, h: 2, w: 3 });
  const graph = b.graph([b.concat('y', [b.conv('a', b.input, { in: 8, out: 3 }), b.relu('b', b.input)])]);
  assert.throws(() => verify(concatOffset.apply(graph)), /join "y": a part ends within a quad/);
});

test.run();
