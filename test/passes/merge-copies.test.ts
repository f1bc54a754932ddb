// Neighbours that are copied into a join are copied by one step.
import { test } from 'uvu';
import { builder } from '../../src/graph/build.ts';
import { concatOffset } from '../../src/passes/concat-offset.ts';
import { mergeCopies } from '../../src/passes/merge-copies.ts';
import { becomes, stays } from './check.ts';

/** Joins the input so many times, and what only the join reads at place `own`. */
function joined(times: number, own?: number) {
  const b = builder('joined', { c: 4, h: 2, w: 3 });
  const parts = Array.from({ length: times }, (_, n) => (n === own ? b.relu('own', b.input) : b.input));
  return concatOffset.apply(b.graph([b.concat('y', parts)]));
}

test('all of them', () => {
  becomes(
    mergeCopies,
    joined(3),
    `4×2×3   y.0 = copy(input)
     4×2×3   y.1 = copy(input)
     4×2×3   y.2 = copy(input)
     12×2×3  y = join(y.0, y.1, y.2)`,
    '12×2×3  y = concat(input, input, input) c=12',
  );
});

test('those beside a part in place, four at a time', () => {
  becomes(
    mergeCopies,
    joined(8, 1),
    `4×2×3   own = relu(input)
     4×2×3   y.0 = copy(input)
     4×2×3   y.2 = copy(input)
     4×2×3   y.3 = copy(input)
     4×2×3   y.4 = copy(input)
     4×2×3   y.5 = copy(input)
     4×2×3   y.6 = copy(input)
     4×2×3   y.7 = copy(input)
     32×2×3  y = join(y.0, own, y.2, y.3, y.4, y.5, y.6, y.7)`,
    `4×2×3   own = relu(input)
     4×2×3   y.0 = copy(input)
     16×2×3  y.2 = concat(input, input, input, input) c=16
     8×2×3   y.6 = concat(input, input) c=8
     32×2×3  y = join(y.0, own, y.2, y.6)`,
  );
});

test('a single one stays', () => stays(mergeCopies, joined(2, 0)));

test.run();
