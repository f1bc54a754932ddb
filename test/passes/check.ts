// What every test of a pass asks: the text before, the text after, and the same numbers from both.
import * as assert from 'uvu/assert';
import { constantReader, type ReadConstant } from '../../src/graph/constant.ts';
import { type Graph, INPUT } from '../../src/graph/graph.ts';
import { printGraph } from '../../src/graph/print.ts';
import { verify } from '../../src/graph/verify.ts';
import { expectedTensors } from '../../src/models/registry.ts';
import { fileLibrary } from '../../src/node/shader-files.ts';
import type { Pass, Target } from '../../src/passes/pass.ts';
import { type AdapterFacts, defaultFacts } from '../../src/plan/choose.ts';
import { lower } from '../../src/plan/lower.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { type Field, field } from '../../src/reference/field.ts';
import { run } from '../../src/reference/run.ts';
import type { Precision } from '../../src/shader/source.ts';
import { seededTensor, uniform } from '../../src/weights/seeded.ts';
import { toFloat64 } from '../../src/weights/tensor.ts';
import { relativeError } from '../goldens/pytorch.ts';
import { sat } from '../record.ts';

/** Folding reorders sums of float64. */
const TOLERANCE = 1e-12;

const { facts: shaderFacts } = fileLibrary();

/** Seeded weights of a graph, and so of what passes make of it. */
export function seeded(graph: Graph): ReadConstant {
  const tensors = new Map([...expectedTensors(graph)].map(([name, shape]) => [name, seededTensor(name, shape)]));
  return constantReader(tensors, toFloat64);
}

/** The outputs of a graph on seeded input and weights. */
export function outputs(graph: Graph, taps: readonly string[] = [], read = seeded(graph)): Map<string, Field> {
  const { c, h, w } = graph.input;
  const input = field(
    graph.input,
    Float64Array.from(uniform(INPUT, c * h * w), u => 2 * u - 1),
  );
  return run(graph, input, read, { taps });
}

export function sameNumbers(before: Graph, after: Graph, tolerance = TOLERANCE): void {
  const read = seeded(before);
  assert.equal(after.outputs, before.outputs);
  agree(outputs(before, [], read), after, read, tolerance);
}

/** The outputs of a graph are what was found for those of their names before. */
export function agree(wanted: ReadonlyMap<string, Field>, after: Graph, read: ReadConstant, tolerance = TOLERANCE): void {
  const got = outputs(after, [], read);
  sat('reference', 'graphs before and after passes');
  assert.ok(got.size > 0);
  for (const [name, { data }] of got) {
    const error = relativeError(data, wanted.get(name)!.data);
    assert.ok(error <= tolerance, `${name}: relative error ${error.toExponential(2)} after the pass`);
  }
}

/** A target that a plan can be made for too. */
export interface Planned extends Required<Target> {
  readonly facts: AdapterFacts;
}

/** An adapter whose buffers and bindings hold so many bytes. */
export function limited(bytes: number, precision: Precision = 'f32'): Planned {
  const limits = { ...defaultFacts.limits, maxBufferSize: bytes, maxStorageBufferBindingSize: bytes };
  return { precision, limits, barriers: false, matrices: false, facts: { ...defaultFacts, name: 'a small adapter', limits } };
}

/** The plan of a graph whose input the caller fills. */
export function planOf(graph: Graph, { precision, facts }: Planned): Plan {
  return lower(graph, { precision, facts, variants: 'auto', stem: 'map', mean: [0, 0, 0], std: [1, 1, 1], shaderFacts });
}

/** Applies a pass and compares text and numbers. Leading white space of the expected texts is of no matter. */
export function becomes(pass: Pass, before: Graph, textBefore: string, textAfter: string, target?: Target): Graph {
  const after = verify(pass.apply(before, target));
  assert.snapshot(tidy(printGraph(before)), tidy(textBefore));
  assert.snapshot(tidy(printGraph(after)), tidy(textAfter));
  sameNumbers(before, after);
  return after;
}

/** The pass must leave this graph alone. */
export function stays(pass: Pass, graph: Graph, target?: Target): void {
  assert.snapshot(printGraph(verify(pass.apply(graph, target))), printGraph(graph));
}

/** Columns of shapes depend on their widths, and indentation on where a text stands. */
function tidy(text: string): string {
  return text
    .trim()
    .split('\n')
    .map(line => line.trim().replace(/ +/g, ' '))
    .join('\n');
}
