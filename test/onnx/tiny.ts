// Graphs of a few nodes whose results are known by counting: imported, and run on the reference.
import { constantReader } from '../../src/graph/constant.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { fromPlanes, planes } from '../../src/onnx/planes.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { run } from '../../src/reference/run.ts';
import { toFloat64 } from '../../src/weights/tensor.ts';
import { type FileSpec, type NodeSpec, onnx } from './writer.ts';

export const X = [1, 2, 2, 3];
export const imported = (spec: FileSpec, shapes: Record<string, number[]> = { x: X }) =>
  importOnnx(readOnnx(onnx(spec), 'tiny.onnx'), new Map(Object.entries(shapes)));

/** The first output for an input that holds 0, 1, 2, …; on the reference. */
export function outputOf(spec: FileSpec, shape = X): { dims: readonly number[]; data: number[] } {
  const { graph, tensors, inputs, outputs } = imported(spec, { x: shape });
  const [[, x]] = inputs;
  const given = planes(
    x,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, n) => n),
  );
  const [[, y]] = outputs;
  return { dims: y.dims, data: [...fromPlanes(y, run(graph, given, constantReader(tensors, toFloat64)).get(y.value)!)] };
}

export const file = (nodes: readonly NodeSpec[], more: Partial<FileSpec> = {}): FileSpec => ({
  inputs: { x: [1, 2, 'h', 'w'] },
  outputs: [nodes.at(-1)!.outputs[0]],
  nodes,
  ...more,
});
export const one = (op: string, inputs: string[] = [], attributes: NodeSpec['attributes'] = {}): NodeSpec => ({
  op,
  inputs: ['x', ...inputs],
  outputs: ['y'],
  attributes,
});
