// A pass on graphs that an ONNX file becomes, whose tables are the file's: text before and after, and the same numbers from both.
import * as assert from 'uvu/assert';
import { constantReader } from '../../src/graph/constant.ts';
import { INPUT } from '../../src/graph/graph.ts';
import { printGraph } from '../../src/graph/print.ts';
import { verify } from '../../src/graph/verify.ts';
import { type Imported, importOnnx } from '../../src/onnx/import.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import type { Pass } from '../../src/passes/pass.ts';
import { field } from '../../src/reference/field.ts';
import { run } from '../../src/reference/run.ts';
import { uniform } from '../../src/weights/seeded.ts';
import { toFloat64 } from '../../src/weights/tensor.ts';
import { relativeError } from '../goldens/pytorch.ts';
import { type FileSpec, onnx } from '../onnx/writer.ts';

export const importedOf = (spec: FileSpec, shape: readonly number[]): Imported =>
  importOnnx(readOnnx(onnx(spec), 'file.onnx'), new Map([['x', shape]]));

/** All passes in order, of which the last one's work is compared: nodes by the words before their attributes, one a line. */
export function makes({ graph, tensors }: Imported, passes: readonly Pass[], expected: readonly RegExp[]): void {
  const after = passes.reduce((before, pass) => verify(pass.apply(before)), graph);
  const lines = printGraph(after).split('\n');
  assert.is(lines.length, expected.length, lines.join('\n'));
  for (const [n, line] of lines.entries()) assert.match(line, expected[n]);
  const { c, h, w } = graph.input;
  const input = field(
    graph.input,
    Float64Array.from(uniform(INPUT, c * h * w), u => 2 * u - 1),
  );
  const read = constantReader(tensors, toFloat64);
  const [wanted, got] = [graph, after].map(each => run(each, input, read));
  for (const [name, { data }] of wanted) {
    const error = relativeError(got.get(name)!.data, data);
    assert.ok(error < 1e-12, `${name}: relative error ${error}`);
  }
}
