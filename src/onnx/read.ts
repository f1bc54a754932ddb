// ONNX files: a ModelProto in protocol buffers, and the files beside it that hold its weights. Format: onnx.proto of onnx/onnx. Weights stay views;
// whatever a file claims is checked first.

import { AtrousError } from '../errors.ts';
import { foreignFile } from '../weights/foreign.ts';
import { startsWith, zip } from '../weights/magic.ts';
import {
  BYTES,
  badVarint,
  broken,
  expectWire,
  FIXED32,
  FIXED64,
  type Field,
  fieldsOf,
  inner,
  type Message,
  signedAt,
  text,
  VARINT,
} from '../weights/protobuf.ts';
import {
  badWeights,
  bytesPer,
  countChecked,
  type Dtype,
  damaged,
  part,
  quote,
  show,
  some,
  type Tensor,
} from '../weights/tensor.ts';
import type { Attribute, Branch, External, Initializer, OnnxModel, OnnxNode, Port } from './model.ts';

const MODEL = { producer: 2, graph: 7, opset: 8, metadata: 14 } as const;
const GRAPH = { node: 1, initializer: 5, sparse: 15, input: 11, output: 12 } as const;
const NODE = { input: 1, output: 2, name: 3, op: 4, attribute: 5, domain: 7 } as const;
const ATTRIBUTE = { name: 1, float: 2, int: 3, text: 4, tensor: 5, graph: 6, floats: 7, ints: 8 } as const;
const TENSOR = {
  dims: 1,
  type: 2,
  floats: 4,
  ints: 5,
  longs: 7,
  name: 8,
  raw: 9,
  doubles: 10,
  external: 13,
  location: 14,
} as const;

/** TensorProto.DataType. */
const dtypes = new Map<number, Dtype>([
  [1, 'F32'],
  [2, 'U8'],
  [3, 'I8'],
  [5, 'I16'],
  [6, 'I32'],
  [7, 'I64'],
  [9, 'BOOL'],
  [10, 'F16'],
  [11, 'F64'],
  [16, 'BF16'],
]);

/** Exporters write paths of modules; a card in the metadata is longer. */
const longestName = 2 ** 12;
const longestText = 2 ** 20;
const mostAxes = 32;
/** The largest networks have some ten thousand nodes. One costs a kilobyte of memory, and two bytes of a file can claim it. */
const mostNodes = 2 ** 15;
const mostItems = 2 ** 16;
/** Branches in branches: exporters write one, for a shape. */
const deepest = 32;
/** The largest int64 that is a float64 too; what stands for "to the end" is larger by less than any size. */
const MAX_INT64 = 2 ** 63 - 1024;

/** Throws BAD_WEIGHTS. `name` is for messages; files beside the model are joined by `withExternal`. */
export function readOnnx(bytes: Uint8Array, name: string): OnnxModel {
  const other = otherFile(bytes);
  if (other) throw badWeights(name, `is ${other}`);
  const file: Message = { bytes, file: name, what: 'the model', begin: 0, end: bytes.length };
  let producer = '';
  const graphs: Message[] = [];
  const opsets = new Map<string, number>();
  const metadata = new Map<string, string>();
  for (const field of fieldsOf(file)) {
    if (field.number === MODEL.producer) producer = text(file, field, longestName);
    if (field.number === MODEL.graph) graphs.push(inner(file, field, 'the graph'));
    if (field.number === MODEL.opset) readOpset(inner(file, field, 'an opset import'), opsets);
    if (field.number === MODEL.metadata) readEntry(inner(file, field, 'metadata'), metadata);
  }
  if (graphs.length !== 1) throw badWeights(name, `it holds ${graphs.length} graphs: an ONNX model has one`);
  const opset = opsets.get('');
  if (opset === undefined) throw badWeights(name, 'ONNX’s opset is not said: export it again');
  return { file: name, producer, opset, metadata, ...readGraph(graphs[0]) };
}

/** What is called .onnx, or offered as such, and begins as no such file does. */
function otherFile(bytes: Uint8Array): string | null {
  if (bytes.length === 0) return 'empty (0 bytes): fetch it again';
  if (startsWith(bytes, zip)) return "a zip, as PyTorch's checkpoints are: write it with torch.onnx.export";
  return foreignFile(bytes);
}

/** The model with the files beside it, whose bytes `beside` gives. Throws as `withExternal`, and `NO_FILE` that names both files. */
export async function besides(
  model: OnnxModel,
  beside: (name: string) => Promise<Uint8Array>,
): Promise<{ readonly model: OnnxModel; readonly files: ReadonlyMap<string, Uint8Array> }> {
  const bytesOf = async (name: string) => {
    try {
      return [name, await beside(name)] as const;
    } catch (error) {
      if (!(error instanceof AtrousError) || error.code !== 'NO_FILE') throw error;
      throw new AtrousError('NO_FILE', `${model.file}: its weights lie beside it in ${quote(name)}: ${error.message}`, {
        cause: error,
      });
    }
  };
  const files = new Map(await Promise.all(externalFiles(model).map(bytesOf)));
  return { model: withExternal(model, files), files };
}

/** Names of the files beside the model that hold weights, in order. */
export function externalFiles({ initializers, nodes }: OnnxModel): string[] {
  const tensors = [...initializers.values(), ...nodes.flatMap(constantsOf)];
  return [...new Set(tensors.flatMap(({ external }) => external?.location ?? []))];
}

function constantsOf({ attributes }: OnnxNode): Initializer[] {
  return [...attributes.values()].flatMap(each => (each.kind === 'tensor' ? each.value : []));
}

/** The model with views of the files beside it. Throws BAD_WEIGHTS naming the tensor where one is missing or too short. */
export function withExternal(model: OnnxModel, files: ReadonlyMap<string, Uint8Array>): OnnxModel {
  const found = (tensor: Initializer, name: string): Initializer =>
    tensor.external
      ? { ...tensor, bytes: externalBytes(tensor, tensor.external, name, model.file, files), external: null }
      : tensor;
  const attribute = (node: string, each: Attribute): Attribute =>
    each.kind === 'tensor' ? { ...each, value: found(each.value, node) } : each;
  return {
    ...model,
    initializers: new Map([...model.initializers].map(([name, tensor]) => [name, found(tensor, name)])),
    nodes: model.nodes.map(node =>
      constantsOf(node).some(({ external }) => external)
        ? { ...node, attributes: new Map([...node.attributes].map(([key, each]) => [key, attribute(node.name, each)])) }
        : node,
    ),
  };
}

function externalBytes(
  { dtype, shape }: Tensor,
  { location, offset, length }: External,
  name: string,
  file: string,
  files: ReadonlyMap<string, Uint8Array>,
): Uint8Array {
  const bytes = files.get(location);
  if (!bytes)
    throw badWeights(file, `tensor ${quote(name)} lies in ${quote(location)}, which is not there: keep both in one folder`);
  const size = countChecked(shape) * bytesPer[dtype];
  if (length !== null && length !== size)
    throw damaged(
      file,
      `tensor ${quote(name)} of shape ${show(shape)} takes ${size} bytes, in ${quote(location)} it has ${length}`,
    );
  if (offset + size > bytes.length)
    throw damaged(file, `tensor ${quote(name)} ends ${offset + size} bytes into ${quote(location)}, which has ${bytes.length}`);
  return part(bytes, offset, offset + size);
}

function readOpset(message: Message, opsets: Map<string, number>): void {
  let domain = '';
  let version = 0;
  for (const field of fieldsOf(message)) {
    if (field.number === 1) domain = text(message, field, longestName);
    if (field.number === 2) version = signed(message, field);
  }
  opsets.set(domain === 'ai.onnx' ? '' : domain, version);
}

/** StringStringEntryProto. */
function readEntry(message: Message, entries: Map<string, string>): void {
  let [key, value] = ['', ''];
  for (const field of fieldsOf(message)) {
    if (field.number === 1) key = text(message, field, longestName);
    if (field.number === 2) value = text(message, field, longestText);
  }
  if (entries.size < mostItems) entries.set(key, value);
}

function readGraph(graph: Message): Pick<OnnxModel, 'nodes' | 'initializers' | 'inputs' | 'outputs'> {
  const nodes: OnnxNode[] = [];
  const initializers = new Map<string, Initializer>();
  const inputs: Port[] = [];
  const outputs: Port[] = [];
  const room = { nodes: mostNodes, depth: 0 };
  for (const field of fieldsOf(graph)) {
    if (nodes.length + initializers.size + inputs.length + outputs.length > mostNodes)
      throw broken(graph, field.at, `more than ${mostNodes} nodes and tensors, no network has as many`);
    if (field.number === GRAPH.node) nodes.push(readNode(inner(graph, field, `node ${nodes.length}`), nodes.length, room));
    if (field.number === GRAPH.initializer) readInitializer(graph, field, initializers);
    if (field.number === GRAPH.sparse) throw broken(graph, field.at, 'a sparse initializer, which is not read: export it dense');
    if (field.number === GRAPH.input) inputs.push(readPort(inner(graph, field, `input ${inputs.length}`)));
    if (field.number === GRAPH.output) outputs.push(readPort(inner(graph, field, `output ${outputs.length}`)));
  }
  const given = inputs.filter(({ name }) => !initializers.has(name));
  const known = new Set([...initializers.keys(), ...given.map(({ name }) => name)]);
  checkNames(graph, nodes, known);
  const made = new Set([...known, ...nodes.flatMap(node => node.outputs)]);
  const missing = outputs.find(({ name }) => !made.has(name));
  if (missing) throw badWeights(graph.file, `the output ${quote(missing.name)} is made by no node: export it again`);
  if (outputs.length === 0) throw badWeights(graph.file, 'the graph has no outputs: export it again');
  return { nodes: inOrder(graph.file, nodes, known), initializers, inputs: given, outputs };
}

function readInitializer(graph: Message, field: Field, initializers: Map<string, Initializer>): void {
  const [name, tensor] = readTensor(inner(graph, field, `initializer ${initializers.size}`));
  if (initializers.has(name)) throw broken(graph, field.at, `a second initializer is called ${quote(name)}`);
  initializers.set(name, tensor);
}

/** What all branches of a file may hold together, and how deep one lies in others. */
interface Room {
  nodes: number;
  depth: number;
}

/** One side of an If. It has no inputs: what it does not make itself is of the graphs around it. */
function readBranch(graph: Message, room: Room): Branch {
  const nodes: OnnxNode[] = [];
  const initializers = new Map<string, Initializer>();
  const outputs: string[] = [];
  if (++room.depth > deepest) throw broken(graph, graph.begin, `branches lie in one another more than ${deepest} deep`);
  for (const field of fieldsOf(graph)) {
    if (--room.nodes < 0) throw broken(graph, field.at, `more than ${mostNodes} nodes and tensors in branches`);
    if (field.number === GRAPH.node)
      nodes.push(readNode(inner(graph, field, `node ${nodes.length} of a branch`), nodes.length, room));
    if (field.number === GRAPH.initializer) readInitializer(graph, field, initializers);
    if (field.number === GRAPH.output) outputs.push(readPort(inner(graph, field, `output ${outputs.length}`)).name);
  }
  room.depth--;
  if ([...initializers.values(), ...nodes.flatMap(constantsOf)].some(({ external }) => external))
    throw badWeights(
      graph.file,
      `${graph.what} has weights in another file, inside a branch of an If: export it with them in the file`,
    );
  return { nodes, initializers, outputs };
}

/** What a branch reads of the graphs around it. */
function readAround({ nodes, initializers, outputs }: Branch): string[] {
  const own = new Set(['', ...initializers.keys(), ...nodes.flatMap(node => node.outputs)]);
  return [...nodes.flatMap(node => node.inputs), ...outputs].filter(name => !own.has(name));
}

/** No value is made twice. */
function checkNames({ file }: Message, nodes: readonly OnnxNode[], known: ReadonlySet<string>): void {
  const made = new Set(known);
  for (const { op, name, outputs } of nodes) {
    for (const value of outputs) {
      if (value === '') continue;
      if (made.has(value))
        throw badWeights(file, `${op} ${quote(name)} makes ${quote(value)}, which is there already: export it again`);
      made.add(value);
    }
  }
}

/** The nodes, each behind what it reads: float16 converters append their casts at the end. Throws where they go round in a circle. */
function inOrder(file: string, nodes: readonly OnnxNode[], known: ReadonlySet<string>): OnnxNode[] {
  const maker = new Map(nodes.flatMap((node, index) => node.outputs.map(value => [value, index] as const)));
  const waiting = nodes.map(() => 0);
  const readers = nodes.map((): number[] => []);
  nodes.forEach((node, index) => {
    for (const value of new Set(node.inputs)) {
      const from = maker.get(value);
      if (value === '' || known.has(value)) continue;
      if (from === undefined)
        throw badWeights(file, `${node.op} ${quote(node.name)} reads ${quote(value)}, which nothing makes: export it again`);
      waiting[index]++;
      readers[from].push(index);
    }
  });
  // Nodes keep their order where it is one: each is taken as soon as what it reads is there.
  const ordered: OnnxNode[] = [];
  const done = nodes.map(() => false);
  const take = (first: number): void => {
    for (const stack = [first]; stack.length > 0; ) {
      const index = stack.pop()!;
      done[index] = true;
      ordered.push(nodes[index]);
      // Only those that stood before what they read: the others have their turn.
      for (const reader of readers[index]) if (--waiting[reader] === 0 && reader < first) stack.push(reader);
    }
  };
  for (let index = 0; index < nodes.length; index++) if (waiting[index] === 0 && !done[index]) take(index);
  if (ordered.length < nodes.length) {
    const stuck = nodes.filter((_, index) => !done[index]).map(({ op, name }) => `${op} ${quote(name)}`);
    throw badWeights(file, `nodes wait for one another in a circle: ${some(stuck)}; export it again`);
  }
  return ordered;
}

function readNode(message: Message, index: number, room: Room): OnnxNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, Attribute>();
  const graphs = new Map<string, Message>();
  let [name, op, domain] = ['', '', ''];
  for (const field of fieldsOf(message)) {
    if (field.number === NODE.input) inputs.push(text(message, field, longestName));
    if (field.number === NODE.output) outputs.push(text(message, field, longestName));
    if (field.number === NODE.name) name = text(message, field, longestName);
    if (field.number === NODE.op) op = text(message, field, longestName);
    if (field.number === NODE.domain) domain = text(message, field, longestName);
    if (field.number === NODE.attribute) readAttribute(inner(message, field, `${message.what}'s attribute`), attributes, graphs);
    if (inputs.length + outputs.length + attributes.size > mostNodes)
      throw broken(message, field.at, 'more inputs and outputs than any node has');
  }
  const branches = op === 'If' ? new Map([...graphs].map(([key, graph]) => [key, readBranch(graph, room)])) : undefined;
  return {
    name: name || outputs[0] || `node ${index}`,
    op,
    domain: domain === 'ai.onnx' ? '' : domain,
    inputs: branches ? [...inputs, ...new Set([...branches.values()].flatMap(readAround))] : inputs,
    outputs,
    attributes,
    ...(branches && { branches }),
  };
}

function readAttribute(message: Message, attributes: Map<string, Attribute>, graphs: Map<string, Message>): void {
  const floats: number[] = [];
  const ints: number[] = [];
  let name = '';
  let type = 0;
  let single: Attribute | null = null;
  let graph: Message | null = null;
  for (const field of fieldsOf(message)) {
    if (field.number === ATTRIBUTE.name) name = text(message, field, longestName);
    if (field.number === 20) type = signed(message, field);
    if (field.number === ATTRIBUTE.float) single = { kind: 'float', value: fixed(message, field) };
    if (field.number === ATTRIBUTE.int) single = { kind: 'int', value: signed(message, field) };
    if (field.number === ATTRIBUTE.text) single = { kind: 'text', value: text(message, field, longestText) };
    if (field.number === ATTRIBUTE.tensor) single = { kind: 'tensor', value: readTensor(inner(message, field, message.what))[1] };
    if (field.number === ATTRIBUTE.graph) {
      single = { kind: 'graph' };
      graph = inner(message, field, message.what);
    }
    if (field.number === ATTRIBUTE.floats) numbers(message, field, floats, true);
    if (field.number === ATTRIBUTE.ints) numbers(message, field, ints, false);
  }
  // proto3 writers leave out numbers that are 0: the type alone tells.
  const absent: Record<number, Attribute> = {
    1: { kind: 'float', value: 0 },
    2: { kind: 'int', value: 0 },
    3: { kind: 'text', value: '' },
    6: { kind: 'floats', value: floats },
    7: { kind: 'ints', value: ints },
  };
  const list: Attribute | null = floats.length
    ? { kind: 'floats', value: floats }
    : ints.length
      ? { kind: 'ints', value: ints }
      : null;
  attributes.set(name, single ?? list ?? absent[type] ?? { kind: 'other' });
  if (graph) graphs.set(name, graph);
}

/** float or int64, one a field or all of them in one (packed). */
function numbers(message: Message, field: Field, into: number[], floats: boolean): void {
  if (floats) {
    expectWire(message, field, FIXED32, BYTES);
    if ((field.end - field.begin) % 4)
      throw broken(message, field.at, `${field.end - field.begin} bytes are no whole number of floats`);
    const view = new DataView(message.bytes.buffer, message.bytes.byteOffset + field.begin, field.end - field.begin);
    for (let at = 0; at < view.byteLength; at += 4) into.push(view.getFloat32(at, true));
  } else for (const value of varints(message, field)) into.push(value);
  if (into.length > mostItems) throw broken(message, field.at, `more than ${mostItems} numbers in an attribute`);
}

function* varints(message: Message, field: Field): Generator<number> {
  expectWire(message, field, VARINT, BYTES);
  if (field.wire === VARINT) {
    yield signed(message, field);
    return;
  }
  for (let at = field.begin; at < field.end; ) {
    const { value, end } = signedAt(message.bytes, at, field.end);
    if (Number.isNaN(value)) throw broken(message, at, badVarint);
    yield value;
    at = end;
  }
}

function signed(message: Message, field: Field): number {
  expectWire(message, field, VARINT);
  return signedAt(message.bytes, field.begin, field.end).value;
}

function fixed(message: Message, field: Field): number {
  expectWire(message, field, FIXED32);
  return new DataView(message.bytes.buffer, message.bytes.byteOffset + field.begin, 4).getFloat32(0, true);
}

function readPort(message: Message): Port {
  let name = '';
  let dims: (number | string)[] | null = null;
  let dtype: Dtype | null = null;
  for (const field of fieldsOf(message)) {
    if (field.number === 1) name = text(message, field, longestName);
    if (field.number !== 2) continue;
    const type = inner(message, field, `${message.what}'s type`);
    for (const each of fieldsOf(type)) {
      if (each.number !== 1) continue;
      const tensor = inner(type, each, type.what);
      for (const part of fieldsOf(tensor)) {
        if (part.number === 1) dtype = dtypes.get(signed(tensor, part)) ?? null;
        if (part.number === 2) dims = readShape(inner(tensor, part, type.what));
      }
    }
  }
  return { name, dims, dtype };
}

function readShape(message: Message): (number | string)[] {
  const dims: (number | string)[] = [];
  for (const field of fieldsOf(message)) {
    if (field.number !== 1) continue;
    const dim = inner(message, field, message.what);
    let size: number | string = '';
    for (const each of fieldsOf(dim)) {
      if (each.number === 1) size = signed(dim, each);
      if (each.number === 2) size = text(dim, each, longestName);
    }
    // Some exporters write 0 or -1 for a size that is free.
    if (dims.push(typeof size === 'number' && size < 1 ? '' : size) > mostAxes)
      throw broken(message, field.at, `more than ${mostAxes} axes`);
  }
  return dims;
}

function readTensor(message: Message): [string, Initializer] {
  let name = '';
  let type = 0;
  const shape: number[] = [];
  const external = new Map<string, string>();
  let outside = false;
  const pieces: Field[] = [];
  for (const field of fieldsOf(message)) {
    if (field.number === TENSOR.name) name = text(message, field, longestName);
    if (field.number === TENSOR.type) type = signed(message, field);
    if (field.number === TENSOR.dims) for (const size of varints(message, field)) shape.push(size);
    if (field.number === TENSOR.external) readEntry(inner(message, field, message.what), external);
    if (field.number === TENSOR.location) outside = signed(message, field) === 1;
    if (isValues(field.number)) pieces.push(field);
    if (shape.length > mostAxes) throw broken(message, field.at, `more than ${mostAxes} axes`);
  }
  const dtype = dtypes.get(type);
  const what = `tensor ${quote(name)} at byte ${message.begin}`;
  if (!dtype) throw badWeights(message.file, `${what} is of ONNX's type ${type}, which is not read: export it with floats`);
  const elements = countChecked(shape);
  if (Number.isNaN(elements) || !Number.isSafeInteger(elements * 8))
    throw damaged(message.file, `${what} has shape ${show(shape)}, sizes are whole numbers whose product stays below 2^50`);
  if (outside) return [name, { dtype, shape, bytes: new Uint8Array(), external: readExternal(message, what, external) }];
  const bytes = bytesOf(message, pieces, dtype, elements, what);
  const held = bytes.length / bytesPer[dtype];
  if (held !== elements)
    throw damaged(message.file, `${what} has shape ${show(shape)}, which makes ${elements} values, but holds ${held}`);
  return [name, { dtype, shape, bytes, external: null }];
}

const isValues = (number: number): boolean =>
  [TENSOR.raw, TENSOR.floats, TENSOR.ints, TENSOR.longs, TENSOR.doubles].some(n => n === number);

function readExternal(message: Message, what: string, entries: ReadonlyMap<string, string>): External {
  const location = entries.get('location') ?? '';
  // What leaves the model's folder could be any file of the machine.
  const steps = location.split(/[/\\]/);
  if (location === '' || /^([/\\]|[a-z]+:)/i.test(location) || steps.includes('..'))
    throw badWeights(
      message.file,
      `${what} lies in ${quote(location)}, which is not within the model's folder: save it beside the model`,
    );
  const number = (key: string): number | null => {
    const digits = entries.get(key);
    if (digits === undefined) return null;
    if (!/^\d{1,15}$/.test(digits))
      throw damaged(message.file, `${what} has the ${key} ${quote(digits)}, it must be a number of bytes`);
    return Number(digits);
  };
  return {
    location: steps.filter(step => step !== '.' && step !== '').join('/'),
    offset: number('offset') ?? 0,
    length: number('length'),
  };
}

/** A view where the values lie in one piece as they are stored here; numbers one a field, or as varints, are gathered. */
function bytesOf(message: Message, pieces: readonly Field[], dtype: Dtype, elements: number, what: string): Uint8Array {
  const wrong = pieces.find(({ number }) => number !== pieces[0].number);
  if (wrong) throw broken(message, wrong.at, `${what} holds its values in two ways`);
  if (pieces.length === 0) return new Uint8Array();
  const { number } = pieces[0];
  if (number === TENSOR.ints || number === TENSOR.longs) return gathered(message, pieces, dtype, elements);
  const wire = number === TENSOR.doubles ? FIXED64 : FIXED32;
  for (const piece of pieces) expectWire(message, piece, ...(number === TENSOR.raw ? [BYTES] : [BYTES, wire]));
  const own = number === TENSOR.raw || (number === TENSOR.floats ? 'F32' : 'F64') === dtype;
  if (!own) throw broken(message, pieces[0].at, `values of another type than ${dtype}`);
  if (pieces.length === 1) return part(message.bytes, pieces[0].begin, pieces[0].end);
  const joined = new Uint8Array(pieces.reduce((sum, { begin, end }) => sum + end - begin, 0));
  let to = 0;
  for (const { begin, end } of pieces) for (let from = begin; from < end; from++) joined[to++] = message.bytes[from];
  return joined;
}

/** int32_data holds every type of up to 32 bits, float16 by its bits; int64_data int64. */
function gathered(message: Message, pieces: readonly Field[], dtype: Dtype, elements: number): Uint8Array {
  // An element takes a byte of the file at least.
  const most = pieces.reduce((sum, { begin, end }) => sum + end - begin, 0);
  if (elements > most) throw broken(message, pieces[0].at, `${most} bytes can't hold ${elements} numbers`);
  if (dtype === 'F32' || dtype === 'F64') throw broken(message, pieces[0].at, `values of another type than ${dtype}`);
  const size = bytesPer[dtype];
  const bytes = new Uint8Array(elements * size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const piece of pieces) {
    for (const value of varints(message, piece)) {
      if (at + size > bytes.length) throw broken(message, piece.at, `more than ${elements} numbers`);
      if (size === 8) view.setBigInt64(at, BigInt(Math.min(value, MAX_INT64)), true);
      else if (size === 4) view.setInt32(at, value, true);
      else if (size === 2) view.setInt16(at, value, true);
      else view.setInt8(at, value);
      at += size;
    }
  }
  return bytes.subarray(0, at);
}
