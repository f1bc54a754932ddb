// What every test of a pass asks: the text before, the text after, and the same numbers from both.
import * as assert from 'uvu/assert';
import { constantReader } from '../../src/graph/constant.ts';
import { type Graph, INPUT } from '../../src/graph/graph.ts';
import { printGraph } from '../../src/graph/print.ts';
import { verify } from '../../src/graph/verify.ts';
import { expectedTensors } from '../../src/models/registry.ts';
import type { Pass } from '../../src/passes/pass.ts';
import { field } from '../../src/reference/field.ts';
import { run } from '../../src/reference/run.ts';
import { seededTensor, uniform } from '../../src/weights/seeded.ts';
import { toFloat32 } from '../../src/weights/tensor.ts';
import { relativeError } from '../goldens/pytorch.ts';
import { sat } from '../record.ts';

/** Folding reorders sums of float64. */
const TOLERANCE = 1e-12;

/** The outputs of a graph on seeded input and weights. */
export function outputs(graph: Graph, taps: readonly string[] = []) {
  const tensors = new Map([...expectedTensors(graph)].map(([name, shape]) => [name, seededTensor(name, shape)]));
  const { c, h, w } = graph.input;
  const input = field(
    graph.input,
    Float64Array.from(uniform(INPUT, c * h * w), u => 2 * u - 1),
  );
  return run(graph, input, constantReader(tensors, toFloat32), { taps });
}

export function sameNumbers(before: Graph, after: Graph, tolerance = TOLERANCE): void {
  const wanted = outputs(before);
  const got = outputs(after);
  sat('reference', 'graphs before and after passes');
  assert.equal([...got.keys()], [...wanted.keys()]);
  for (const [name, { data }] of wanted) {
    const error = relativeError(got.get(name)!.data, data);
    assert.ok(error <= tolerance, `${name}: relative error ${error.toExponential(2)} after the pass`);
  }
}

/** Applies a pass and compares text and numbers. Leading white space of the expected texts is of no matter. */
export function becomes(pass: Pass, before: Graph, textBefore: string, textAfter: string): Graph {
  const after = verify(pass.apply(before));
  assert.snapshot(tidy(printGraph(before)), tidy(textBefore));
  assert.snapshot(tidy(printGraph(after)), tidy(textAfter));
  sameNumbers(before, after);
  return after;
}

/** The pass must leave this graph alone. */
export function stays(pass: Pass, graph: Graph): void {
  assert.snapshot(printGraph(verify(pass.apply(graph))), printGraph(graph));
}

/** Columns of shapes depend on their widths, and indentation on where a text stands. */
function tidy(text: string): string {
  return text
    .trim()
    .split('\n')
    .map(line => line.trim().replace(/ +/g, ' '))
    .join('\n');
}
