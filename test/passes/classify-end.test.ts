// The last resize and the argmax become one step that never stores full-size logits.
import { test } from 'uvu';
import { builder } from '../../src/graph/build.ts';
import { classifyEnd } from '../../src/passes/classify-end.ts';
import { becomes, stays } from './check.ts';

function end(outputs: readonly string[] = []) {
  const b = builder('end', { c: 3, h: 2, w: 3 });
  return b.graph([b.argmax('classes', b.resize('logits', b.input, { h: 5, w: 7 })), ...outputs]);
}

test('resize and argmax', () => {
  becomes(
    classifyEnd,
    end(),
    `3×5×7  logits = resize(input) h=5 w=7
     1×5×7  classes = argmax(logits)`,
    '1×5×7  classes = classify(input) h=5 w=7',
  );
});

test('tapped logits stay', () => stays(classifyEnd, end(['logits'])));

test('an argmax of something else stays', () => {
  const b = builder('plain', { c: 3, h: 2, w: 3 });
  stays(classifyEnd, b.graph([b.argmax('classes', b.relu('relu', b.input))]));
});

test.run();
