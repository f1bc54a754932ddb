// Levels of a pyramid of means are made from one another where their cells are whole cells of the next.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pyramidMeans } from '../../src/passes/pyramid-means.ts';
import { uniform } from '../../src/weights/seeded.ts';
import type { NodeSpec } from '../onnx/writer.ts';
import { importedOf, makes } from './imported.ts';

const bins = (name: string, kernel: readonly [number, number], more = {}): NodeSpec => ({
  op: 'AveragePool',
  inputs: ['a'],
  outputs: [name],
  attributes: { kernel_shape: kernel, strides: kernel, ...more },
});
const whole: NodeSpec = { op: 'GlobalAveragePool', inputs: ['a'], outputs: ['all'] };

/** Levels over a map of 5 channels. */
function pyramid([h, w]: readonly [number, number], levels: readonly NodeSpec[]) {
  const nodes: NodeSpec[] = [{ op: 'Relu', inputs: ['x'], outputs: ['a'] }, ...levels];
  return importedOf({ opset: 17, inputs: { x: [1, 5, h, w] }, outputs: levels.flatMap(({ outputs }) => outputs), nodes }, [
    1,
    5,
    h,
    w,
  ]);
}

test('PSPNet’s: 1, 2, 3 and 6 bins; what others read comes first', () =>
  makes(
    pyramid([12, 24], [whole, bins('two', [6, 12]), bins('three', [4, 8]), bins('six', [2, 4])]),
    [pyramidMeans],
    [
      /a = relu\(input\)/,
      /six = window\(a\) kind=mean kernel=2×4/,
      /two = window\(six\) kind=mean kernel=3 strides=3/,
      /all = mean\(two\)/,
      /three = window\(six\) kind=mean kernel=2 strides=2/,
    ],
  ));
test('of one pixel: the map itself', () =>
  makes(pyramid([6, 6], [whole, bins('map', [1, 1])]), [pyramidMeans], [/a = relu/, /all = mean\(a\)/]));
test('2×2 means of even sizes are cells', () =>
  makes(pyramid([8, 6], [bins('half', [2, 2]), whole]), [pyramidMeans], [/a = relu/, /half = pool\(a\)/, /all = mean\(half\)/]));
test('of cells that are finer along one axis: no 2×2 means any more', () =>
  makes(
    pyramid([8, 6], [bins('half', [2, 2]), bins('columns', [1, 2])]),
    [pyramidMeans],
    [/a = relu/, /columns = window\(a\)/, /half = window\(columns\) kind=mean kernel=2×1/],
  ));
test('stay: cells that are cut, that overlap, that are left over, maxima, other maps', () => {
  const levels = [bins('two', [4, 6]), bins('three', [3, 4])];
  makes(pyramid([12, 12], levels), [pyramidMeans], [/a = relu/, /two = window\(a\)/, /three = window\(a\)/]);
  const overlapping = { ...bins('five', [4, 4]), attributes: { kernel_shape: [4, 4], strides: [2, 2] } };
  makes(pyramid([12, 12], [whole, overlapping]), [pyramidMeans], [/a = relu/, /all = mean\(a\)/, /five/]);
  makes(pyramid([13, 12], [whole, bins('rest', [4, 4])]), [pyramidMeans], [/a = relu/, /all = mean\(a\)/, /rest/]);
  makes(
    pyramid([12, 12], [whole, { ...bins('most', [4, 4]), op: 'MaxPool' }]),
    [pyramidMeans],
    [/a = relu/, /all = mean\(a\)/, /most/],
  );
  makes(
    pyramid([12, 12], [whole, { ...bins('x4', [4, 4]), inputs: ['x'] }]),
    [pyramidMeans],
    [/a = relu/, /all = mean\(a\)/, /x4/],
  );
  makes(
    pyramid([12, 12], [whole, bins('padded', [4, 4], { pads: [2, 2, 2, 2] })]),
    [pyramidMeans],
    [/a = relu/, /all = mean\(a\)/, /padded/],
  );
});
test('any levels of any size', () => {
  let read = 0;
  for (let seed = 0; seed < 60; seed++) {
    const numbers = uniform(`pyramid ${seed}`, 16);
    let at = 0;
    const int = (low: number, high: number): number => low + Math.floor(numbers[at++] * (high - low + 1));
    const size = [int(1, 4) * 6, int(2, 4) * 4] as const;
    const sizes = Array.from({ length: int(2, 4) }, () => [int(1, 6), int(1, 6)] as const).filter(
      ([a, b]) => a <= size[0] && b <= size[1],
    );
    const levels = [...(seed % 2 ? [whole] : []), ...sizes.map((kernel, n) => bins(`level${n}`, kernel))].filter(
      ({ attributes }) => !attributes || (attributes.kernel_shape as number[]).some(each => each > 1),
    );
    const lines = levels.map(() => /=/);
    const made = pyramid(size, levels);
    makes(made, [pyramidMeans], [/relu/, ...lines]);
    read += pyramidMeans.apply(made.graph).nodes.filter(({ inputs }) => !['a', 'input'].includes(inputs.x)).length;
  }
  assert.ok(read > 30, `${read} levels are made from others`);
});

test.run();
