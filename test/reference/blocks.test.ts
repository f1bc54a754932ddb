// Whole D blocks against PyTorch, unfused and fused: both strides, one dilation and two, with and without a shortcut convolution.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { constantReader } from '../../src/graph/constant.ts';
import { type Graph, INPUT } from '../../src/graph/graph.ts';
import { verify } from '../../src/graph/verify.ts';
import { expectedTensors, findNetwork } from '../../src/models/registry.ts';
import { fuse } from '../../src/passes/index.ts';
import { run } from '../../src/reference/run.ts';
import { seededTensor } from '../../src/weights/seeded.ts';
import { toFloat64 } from '../../src/weights/tensor.ts';
import { input, pytorch, relativeError, shapeOfDims } from '../goldens/pytorch.ts';
import { sat } from '../record.ts';

/** The goldens have nine digits, and a block adds some rounding of float64. */
const TOLERANCE = 1e-8;

/** The nodes of a module, reading the graph's input in the place of what is before it. */
function module(graph: Graph, path: string, dims: readonly number[]): Graph {
  const inside = graph.nodes.filter(({ name }) => name === path || name.startsWith(`${path}.`));
  const made = new Set(inside.map(({ name }) => name));
  const nodes = inside.map(node => ({
    ...node,
    inputs: Object.fromEntries(Object.entries(node.inputs).map(([role, value]) => [role, made.has(value) ? value : INPUT])),
  }));
  return verify({ name: path, input: shapeOfDims(dims), nodes: nodes as Graph['nodes'], outputs: [path], aliases: new Map() });
}

for (const golden of pytorch) {
  if (golden.op !== 'block') continue;
  const { name, inputs, y } = golden;
  test(name, () => {
    const graph = module(findNetwork('exp48_decoder26').build({ classes: 2, h: 64, w: 64 }), name, inputs.x);
    const tensors = new Map([...expectedTensors(graph)].map(([key, shape]) => [key, seededTensor(key, shape)]));
    const x = input(`${name}.x`, inputs.x);
    for (const each of [graph, ...[false, true].map(barriers => fuse(graph, { barriers }))]) {
      const got = run(each, x, constantReader(tensors, toFloat64)).get(name)!;
      sat('reference', 'PyTorch in float64');
      assert.equal([got.c, got.h, got.w], y.shape);
      const error = relativeError(got.data, y.data);
      assert.ok(error <= TOLERANCE, `${each.nodes.length} nodes: relative error ${error.toExponential(2)}`);
    }
  });
}

test.run();
