// What is expanded for a step that repeats small maps by itself is read as it was.
import { test } from 'uvu';
import { broadcast } from '../../src/passes/broadcast.ts';
import { fuseRelu } from '../../src/passes/fuse-relu.ts';
import { recalibrate } from '../../src/passes/recalibrate.ts';
import { longs, type NodeSpec, seeded } from '../onnx/writer.ts';
import { importedOf, makes } from './imported.ts';

/** What comes of `small`, the sizes that it is expanded to and the map that it meets. */
function expanded(nodes: readonly NodeSpec[], sizes: readonly number[], outputs = ['y']) {
  return importedOf(
    {
      opset: 17,
      inputs: { x: [1, 4, 3, 5] },
      outputs,
      nodes: [...nodes.slice(0, -1), { op: 'Expand', inputs: ['small', 'sizes'], outputs: ['large'] }, ...nodes.slice(-1)],
      initializers: { sizes: longs('sizes', sizes), w1: seeded('w1', 2, 4, 1, 1), w2: seeded('w2', 4, 2, 1, 1) },
    },
    [1, 4, 3, 5],
  );
}
const mean: NodeSpec = { op: 'GlobalAveragePool', inputs: ['x'], outputs: ['small'] };
const pairs = (op: string, a: string, b: string): NodeSpec => ({ op, inputs: [a, b], outputs: ['y'] });

test('a vector that scales a map is a gate, on either side', () => {
  for (const mul of [pairs('Mul', 'x', 'large'), pairs('Mul', 'large', 'x')])
    makes(expanded([mean, mul], [1, 4, 3, 5]), [broadcast], [/small = mean/, /y = mul\(input, gate small\)/]);
});
test('any operation, in its order', () => {
  makes(
    expanded([mean, pairs('Div', 'large', 'x')], [1, 4, 3, 5]),
    [broadcast],
    [/small = mean/, /y = combine\(input, other small\) operation=div swapped=true/],
  );
  makes(
    expanded([mean, pairs('Sub', 'x', 'large')], [1, 4, 3, 5]),
    [broadcast],
    [/small = mean/, /y = combine\(input, other small\) operation=sub swapped=false/],
  );
  makes(
    expanded([mean, pairs('Add', 'large', 'x')], [1, 4, 3, 5]),
    [broadcast],
    [/small = mean/, /y = combine\(input, other small\) operation=add/],
  );
});
test('a row along columns', () => {
  const row: NodeSpec = { op: 'ReduceMean', inputs: ['x'], outputs: ['small'], attributes: { axes: [2] } };
  makes(
    expanded([row, pairs('Mul', 'x', 'large')], [1, 4, 3, 5]),
    [broadcast],
    [/small = reduce/, /y = combine\(input, other small\) operation=mul/],
  );
});
test('squeeze-and-excitation without biases, its gate expanded as MODNet has it', () => {
  const se: NodeSpec[] = [
    { op: 'GlobalAveragePool', inputs: ['x'], outputs: ['m'] },
    { op: 'Conv', inputs: ['m', 'w1'], outputs: ['h'] },
    { op: 'Relu', inputs: ['h'], outputs: ['r'] },
    { op: 'Conv', inputs: ['r', 'w2'], outputs: ['s'] },
    { op: 'Sigmoid', inputs: ['s'], outputs: ['small'] },
  ];
  makes(
    expanded([...se, pairs('Mul', 'x', 'large')], [1, 4, 3, 5]),
    [broadcast, fuseRelu, recalibrate],
    [/m.sums = sums/, /small = excite\(m.sums\) hidden=2 .*bias1 w1·0/, /y = mul\(input, gate small\)/],
  );
});
test('what is tapped is made too', () =>
  makes(
    expanded([mean, pairs('Mul', 'x', 'large')], [1, 4, 3, 5], ['y', 'large']),
    [broadcast],
    [/small = mean/, /large = move/, /y = mul\(input, gate small\)/],
  ));
test('stays: what the other map is repeated for', () => {
  const max: NodeSpec = { op: 'GlobalMaxPool', inputs: ['x'], outputs: ['m'] };
  makes(
    expanded([mean, max, pairs('Mul', 'm', 'large')], [1, 4, 3, 5]),
    [broadcast],
    [/small = mean/, /m = reduce/, /large = move/, /y = mul\(large, gate m\)|y = combine/],
  );
});

test.run();
