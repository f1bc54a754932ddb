// A resize that only a sum reads is made as that adds, whichever comes first, with what the sum ends in.
import { test } from 'uvu';
import { builder } from '../../src/graph/build.ts';
import type { Resampling } from '../../src/graph/graph.ts';
import { fuseRelu } from '../../src/passes/fuse-relu.ts';
import { resizeSum } from '../../src/passes/resize-sum.ts';
import { becomes, stays } from './check.ts';

function summed({ first = false, mode = 'half-pixel' as Resampling, relu = false, outputs = [] as string[] } = {}) {
  const b = builder('summed', { c: 4, h: 4, w: 6 });
  const fine = b.sigmoid('fine', b.input);
  const up = b.resize('up', b.pool('coarse', b.input), { h: 4, w: 6 }, mode);
  const sum = first ? b.add('sum', up, fine) : b.add('sum', fine, up);
  return fuseRelu.apply(b.graph([relu ? b.relu('y', sum) : sum, ...outputs]));
}

test('the second part', () => {
  becomes(
    resizeSum,
    summed(),
    `4×4×6  fine = sigmoid(input)
     4×2×3  coarse = pool(input)
     4×4×6  up = resize(coarse) h=4 w=6
     4×4×6  sum = add(fine, other up)`,
    `4×4×6  fine = sigmoid(input)
     4×2×3  coarse = pool(input)
     4×4×6  sum = merge(coarse, other fine)`,
  );
});

test('the first part, by another mode, with a ReLU', () => {
  becomes(
    resizeSum,
    summed({ first: true, mode: 'corners', relu: true }),
    `4×4×6  fine = sigmoid(input)
     4×2×3  coarse = pool(input)
     4×4×6  up = resize(coarse) h=4 w=6 mode=corners
     4×4×6  y = add(up, other fine) activation=relu`,
    `4×4×6  fine = sigmoid(input)
     4×2×3  coarse = pool(input)
     4×4×6  y = merge(coarse, other fine) mode=corners activation=relu`,
  );
});

test('a resized map that somebody else wants stays', () => stays(resizeSum, summed({ outputs: ['up'] })));

test.run();
