// The little of ONNX that a comparison needs: what a file reads and writes, and the same network in the form that a peer runs best. Protocol
// buffers: a field is a varint of (number << 3 | kind), kind 0 a varint, 2 a length and bytes; a message that occurs twice is merged, so what
// is put behind a file is added to it (protobuf.dev, "Encoding"). Field numbers: onnx.proto.

import { AtrousError } from '../src/errors.ts';

export interface OnnxFile {
  readonly input: Port;
  readonly output: Port;
}

export interface Port {
  readonly name: string;
  /** Null where the file leaves a size open. */
  readonly shape: readonly (number | null)[];
}

/** onnx.proto: ModelProto, GraphProto, ValueInfoProto, TypeProto, Tensor, TensorShapeProto, Dimension, NodeProto, AttributeProto. */
const MODEL = { graph: 7, opset: 8 };
const OPSET_VERSION = 2;
const GRAPH = { node: 1, initializer: 5, input: 11, output: 12 };
const VALUE = { name: 1, type: 2 };
const TYPE = { tensor: 1 };
const TENSOR = { element: 1, shape: 2 };
const SHAPE = { dim: 1 };
const DIM = { value: 1 };
const NODE = { input: 1, output: 2, name: 3, type: 4, attribute: 5 };
const ATTRIBUTE = { name: 1, i: 3, tensor: 5, type: 20 };
const TENSOR_BYTES = 9;
const INITIALIZER_NAME = 8;
const INT64 = 7;
const ATTRIBUTE_INT = 2;

/** Name of the output that `forPeers` adds. */
export const CLASSES = 'atrous_classes';

/** Throws `BAD_USAGE` for a file that is no ONNX, or that has not one input and an output, of which the first counts. */
export function readOnnx(bytes: Uint8Array, name: string): OnnxFile {
  const refuse = (why: string): never => {
    throw new AtrousError('BAD_USAGE', `--onnx ${name}: ${why}; a file with one input 1×3×H×W and one output 1×C×H×W is needed`);
  };
  try {
    const graphs = messages(bytes, MODEL.graph);
    if (graphs.length === 0) refuse('it holds no graph');
    const all = (id: number): Uint8Array[] => graphs.flatMap(graph => messages(graph, id));
    const weights = new Set(all(GRAPH.initializer).map(each => textOf(each, INITIALIZER_NAME)));
    const inputs = all(GRAPH.input)
      .map(port)
      .filter(each => !weights.has(each.name));
    const outputs = all(GRAPH.output).map(port);
    if (inputs.length !== 1 || outputs.length === 0) refuse(`it has ${inputs.length} inputs and ${outputs.length} outputs`);
    const [[input], [output]] = [inputs, outputs];
    if (input.shape.length !== 4) refuse(`"${input.name}" has ${input.shape.length} axes`);
    // Classes have lost one.
    if (output.shape.length < 3 || output.shape.length > 4) refuse(`"${output.name}" has ${output.shape.length} axes`);
    return { input, output };
  } catch (error) {
    if (error instanceof RangeError) refuse('it is damaged, or no ONNX');
    throw error;
  }
}

/**
 * The same network for a GPU's sake: with `atrous_classes`, int64 1×H×W, behind its output, so that no scores need to cross the bus, and with
 * Split where PyTorch's exporter writes a sequence of equal parts, which onnxruntime's WebGPU provider has not and fetches to the CPU.
 */
export function forPeers(bytes: Uint8Array, { output }: OnnxFile): Uint8Array {
  const versions = messages(bytes, MODEL.opset).flatMap(each => varints(each, OPSET_VERSION));
  const rewritten = [...fields(bytes)].flatMap(({ id, value, raw }) =>
    id === MODEL.graph && typeof value !== 'number' ? [message(MODEL.graph, splitGraph(value, Math.max(...versions)))] : [raw],
  );
  const node = [
    text(NODE.input, output.name),
    text(NODE.output, CLASSES),
    text(NODE.name, CLASSES),
    text(NODE.type, 'ArgMax'),
    attribute('axis', 1),
    attribute('keepdims', 0),
  ];
  const value = [text(VALUE.name, CLASSES), message(VALUE.type, [message(TYPE.tensor, [number(TENSOR.element, INT64)])])];
  return join([...rewritten, message(MODEL.graph, [message(GRAPH.node, node), message(GRAPH.output, value)])]);
}

/** The fields of a graph, SplitToSequence and the SequenceAt of all its parts replaced by Split. Unequal parts would show as other classes. */
function splitGraph(graph: Uint8Array, opset: number): Uint8Array[] {
  const nodes = messages(graph, GRAPH.node).map(each => ({
    raw: each,
    type: textOf(each, NODE.type),
    inputs: messages(each, NODE.input).map(decode),
    outputs: messages(each, NODE.output).map(decode),
  }));
  const constants = new Map(
    nodes.filter(({ type }) => type === 'Constant').map(({ raw, outputs }) => [outputs[0], integerOf(raw)]),
  );
  const splits = new Map<Uint8Array, Uint8Array | null>();
  for (const { raw, type, inputs, outputs } of nodes) {
    if (type !== 'SplitToSequence') continue;
    const readers = nodes.filter(node => node.inputs.includes(outputs[0]));
    const parts = readers.map(reader => constants.get(reader.inputs[1]));
    if (!readers.every((reader, n) => reader.type === 'SequenceAt' && parts[n] === n)) continue;
    for (const reader of readers) splits.set(reader.raw, null);
    const axis = messages(raw, NODE.attribute).filter(each => textOf(each, ATTRIBUTE.name) === 'axis');
    const fields = [
      text(NODE.input, inputs[0]),
      ...readers.map(reader => text(NODE.output, reader.outputs[0])),
      text(NODE.name, textOf(raw, NODE.name)),
      text(NODE.type, 'Split'),
      ...axis.map(each => message(NODE.attribute, [each])),
      // Since opset 18 the number of parts has to be said.
      ...(opset >= 18 ? [attribute('num_outputs', readers.length)] : []),
    ];
    splits.set(raw, join(fields));
  }
  return [...fields(graph)].flatMap(({ id, value, raw }) => {
    const split = id === GRAPH.node && typeof value !== 'number' ? splits.get(value) : undefined;
    if (split === undefined) return [raw];
    return split ? [message(GRAPH.node, [split])] : [];
  });
}

/** The number in a Constant of one int64, of which the lower half says all. */
function integerOf(node: Uint8Array): number | undefined {
  const [bytes] = messages(node, NODE.attribute)
    .flatMap(each => messages(each, ATTRIBUTE.tensor))
    .flatMap(tensor => messages(tensor, TENSOR_BYTES));
  return bytes?.length === 8 ? new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true) : undefined;
}

function port(value: Uint8Array): Port {
  const shape = messages(value, VALUE.type)
    .flatMap(type => messages(type, TYPE.tensor))
    .flatMap(tensor => messages(tensor, TENSOR.shape))
    .flatMap(each => messages(each, SHAPE.dim));
  return { name: textOf(value, VALUE.name), shape: shape.map(dim => varints(dim, DIM.value)[0] ?? null) };
}

interface Field {
  readonly id: number;
  readonly value: number | Uint8Array;
  /** With its key: what a copy takes. */
  readonly raw: Uint8Array;
}

/** The fields of a message, in order; each array of bytes is the same object every time. Throws RangeError where it ends too early. */
function fields(bytes: Uint8Array): readonly Field[] {
  const known = read.get(bytes);
  if (known) return known;
  const found: Field[] = [];
  let at = 0;
  const varint = (): number => {
    for (let [value, scale] = [0, 1]; ; scale *= 128) {
      if (at >= bytes.length || scale > 2 ** 63) throw new RangeError('cut off');
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const take = (size: number): Uint8Array => {
    if (size > bytes.length - at) throw new RangeError('cut off');
    at += size;
    return bytes.subarray(at - size, at);
  };
  const payload = (kind: number): number | Uint8Array => {
    if (kind === 0) return varint();
    if (kind === 1) return take(8);
    if (kind === 2) return take(varint());
    if (kind === 5) return take(4);
    throw new RangeError(`kind ${kind}`);
  };
  while (at < bytes.length) {
    const begin = at;
    const key = varint();
    const value = payload(key % 8);
    found.push({ id: Math.floor(key / 8), value, raw: bytes.subarray(begin, at) });
  }
  read.set(bytes, found);
  return found;
}

const read = new WeakMap<Uint8Array, readonly Field[]>();

function messages(bytes: Uint8Array, id: number): Uint8Array[] {
  return fields(bytes).flatMap(each => (each.id === id && typeof each.value !== 'number' ? [each.value] : []));
}

function varints(bytes: Uint8Array, id: number): number[] {
  return fields(bytes).flatMap(each => (each.id === id && typeof each.value === 'number' ? [each.value] : []));
}

function decode(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes);
}

function textOf(bytes: Uint8Array, id: number): string {
  return decode(messages(bytes, id)[0]);
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function message(id: number, parts: readonly Uint8Array[]): Uint8Array {
  const inside = join(parts);
  return join([Uint8Array.from([...varint(id * 8 + 2), ...varint(inside.length)]), inside]);
}

function text(id: number, value: string): Uint8Array {
  return message(id, [new TextEncoder().encode(value)]);
}

function number(id: number, value: number): Uint8Array {
  return Uint8Array.from([...varint(id * 8), ...varint(value)]);
}

function attribute(name: string, value: number): Uint8Array {
  return message(NODE.attribute, [text(ATTRIBUTE.name, name), number(ATTRIBUTE.i, value), number(ATTRIBUTE.type, ATTRIBUTE_INT)]);
}
