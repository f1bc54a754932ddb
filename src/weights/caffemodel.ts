// Caffe models: a NetParameter in protocol buffers, of which a dozen fields are read. Format: caffe.proto of BVLC/caffe. Whatever a file claims
// is checked first; weights stay views of the file.

import {
  BYTES,
  badVarint,
  broken,
  expectWire,
  FIXED32,
  FIXED64,
  type Field,
  fieldAt,
  fieldsOf,
  inner,
  type Message,
  text,
  VARINT,
  varintAt,
} from './protobuf.ts';
import type { Tensor, Tensors } from './tensor.ts';
import { badWeights, bytesPer, countChecked, damaged, part, quote, show } from './tensor.ts';

/** Bytes of a name: published layers have ten or so. */
const longestText = 2 ** 12;
/** Caffe's own limit (kMaxBlobAxes). */
const mostAxes = 32;
/** The deepest networks have a few thousand. A tensor costs 400 bytes of memory, and 14 bytes of a file can claim one. */
const mostTensors = 2 ** 16;

const NET = { name: 1, layers: 2, layer: 100 } as const;
/** All fields of NetParameter with their wire types: 3 to 8 are input, input_dim, force_backward, state, debug_info, input_shape. */
const netWires = new Map([
  [NET.name, BYTES],
  [NET.layers, BYTES],
  [3, BYTES],
  [4, VARINT],
  [5, VARINT],
  [6, BYTES],
  [7, VARINT],
  [8, BYTES],
  [NET.layer, BYTES],
]);

/** The two generations of a layer, by their field of the network: LayerParameter, and V1LayerParameter before October 2014. */
const encodings = [
  { field: NET.layer, name: 1, type: 2, blobs: 7, ancient: null },
  { field: NET.layers, name: 4, type: 5, blobs: 6, ancient: 1 },
] as const;
type Encoding = (typeof encodings)[number];

/** Fields 1 to `legacy` are num, channels, height and width. */
const BLOB = { legacy: 4, data: 5, shape: 7, doubles: 8 } as const;

/** V1LayerParameter.LayerType under the names that came after it; of the others nothing depends on the type. */
const typeNames = new Map([
  [1, 'Accuracy'],
  [5, 'Data'],
  [6, 'Dropout'],
  [7, 'EuclideanLoss'],
  [9, 'HDF5Data'],
  [12, 'ImageData'],
  [13, 'InfogainLoss'],
  [14, 'InnerProduct'],
  [16, 'MultinomialLogisticLoss'],
  [21, 'SoftmaxWithLoss'],
  [24, 'WindowData'],
  [27, 'SigmoidCrossEntropyLoss'],
  [28, 'HingeLoss'],
  [29, 'MemoryData'],
  [32, 'DummyData'],
  [37, 'ContrastiveLoss'],
]);
/** What is gone when a network runs, or changes nothing then. */
const trainingOnly = /Data$|Loss$|^Accuracy$|^Dropout$/;

/**
 * The blobs of every layer that has any, in the order of the file: `<layer>.weight`, `<layer>.bias`, then `<layer>.blob2` and so on.
 * F32, or F64 where the file holds doubles; values packed in one piece, as Caffe writes them, are views of `bytes`. Shapes as stored
 * but without the ones that Caffe's four-axis blobs put before a bias and an InnerProduct's weight. Both encodings of layers, not
 * mixed. `name` is for messages. Throws BAD_WEIGHTS.
 */
export function readCaffemodel(bytes: Uint8Array, name: string): Tensors {
  const net: Message = { bytes, file: name, what: 'the network', begin: 0, end: bytes.length };
  const tensors = new Map<string, Tensor>();
  let title = '';
  let layers = 0;
  let used: Encoding | undefined;
  for (const field of fieldsOf(net)) {
    if (field.number === NET.name) title = textOf(net, field);
    const encoding = encodings.find(({ field: number }) => number === field.number);
    if (!encoding) continue;
    // Caffe itself logs an error, drops the newer ones and goes on: weights that somebody may have meant.
    if (used && used !== encoding) {
      throw badWeights(
        name,
        `layers in both encodings (field ${used.field}, and ${encoding.field} at byte ${field.at}): save it again from Caffe`,
      );
    }
    used = encoding;
    readLayer(inner(net, field, `layer ${layers}`), encoding, tensors);
    layers++;
  }
  if (tensors.size > 0) return tensors;
  const holds = `Caffe network ${quote(title)} of ${layers} layers, none with weights`;
  throw badWeights(name, `${holds}: take the .caffemodel that training wrote`);
}

/**
 * The format has no magic: it begins with fields of a NetParameter up to the first layer, which may be cut off. For a file that is
 * called .caffemodel the first field will do, to tell a cut or damaged one from a web page in its place.
 */
export function isCaffemodel(bytes: Uint8Array, name: string): boolean {
  const called = /\.caffemodel\b/i.test(name);
  for (let at = 0, seen = 0; at < bytes.length && seen < 64; seen++) {
    const { number, wire, begin, end } = fieldAt(bytes, at, bytes.length);
    if (netWires.get(number) !== wire) return false;
    if (called || number === NET.layer || number === NET.layers) return true;
    if (!(end <= bytes.length)) return false;
    // Many formats are protocol buffers whose field 1 is a message, or comes again and again.
    if (number === NET.name && (at > 0 || !isPrintable(part(bytes, begin, Math.min(end, begin + longestText))))) return false;
    at = end;
  }
  return false;
}

function isPrintable(text: Uint8Array): boolean {
  return text.every(byte => byte >= 0x20 && byte !== 0x7f);
}

function readLayer(message: Message, encoding: Encoding, tensors: Map<string, Tensor>): void {
  let name = '';
  let type = '';
  for (const field of fieldsOf(message)) {
    if (field.number === encoding.name) name = textOf(message, field);
    if (field.number === encoding.type) type = typeOf(message, field, encoding);
    if (field.number === encoding.ancient) {
      throw badWeights(
        message.file,
        `${message.what} at byte ${message.begin} is of Caffe's first format (V0): upgrade it with Caffe's upgrade_net_proto_binary`,
      );
    }
  }
  if (trainingOnly.test(type)) return;
  let index = 0;
  for (const field of fieldsOf(message)) {
    if (field.number !== encoding.blobs) continue;
    const key = `${name}.${['weight', 'bias'][index] ?? `blob${index}`}`;
    const tensor = readBlob(inner(message, field, `layer ${quote(name)}, blob ${index}`), index, type);
    // Layers that share weights have names of their own, and each is written with its blobs: equal names have no meaning.
    if (tensors.has(key)) {
      throw badWeights(
        message.file,
        `two layers with weights are called ${quote(name)}, the second at byte ${message.begin}: give each its own name in Caffe`,
      );
    }
    if (tensors.size >= mostTensors) {
      throw badWeights(
        message.file,
        `more than ${mostTensors} tensors by byte ${field.at}: no network has as many, fetch it again`,
      );
    }
    tensors.set(key, tensor);
    index++;
  }
}

function typeOf(message: Message, field: Field, encoding: Encoding): string {
  if (encoding.field === NET.layer) return textOf(message, field);
  expectWire(message, field, VARINT);
  return typeNames.get(field.value) ?? '';
}

/** `index` among the blobs of a layer of that type. */
function readBlob(blob: Message, index: number, type: string): Tensor {
  const doubles = findValues(blob, BLOB.doubles, 'F64');
  const values = doubles.size > 0 ? doubles : findValues(blob, BLOB.data, 'F32');
  const shape = storedShape(blob);
  const where = `${blob.what} at byte ${blob.begin}`;
  const elements = countChecked(shape);
  if (Number.isNaN(elements)) {
    throw damaged(blob.file, `${where} has shape ${show(shape)}, sizes are whole numbers whose product stays below 2^53`);
  }
  const { dtype, size } = values;
  const held = size / bytesPer[dtype];
  if (held !== elements) {
    throw damaged(blob.file, `${where} has shape ${show(shape)}, which makes ${elements} values, but holds ${held}`);
  }
  return { dtype, shape: withoutOnes(shape, index, type), bytes: bytesOf(blob, values) };
}

/** As Blob::FromProto: the four legacy numbers where any of them is written, 0 for the others. */
function storedShape(blob: Message): number[] {
  const dims: number[] = [];
  const legacy = [0, 0, 0, 0];
  let isLegacy = false;
  for (const field of fieldsOf(blob)) {
    if (field.number === BLOB.shape) readDims(inner(blob, field, blob.what), dims);
    if (field.number > BLOB.legacy) continue;
    expectWire(blob, field, VARINT);
    legacy[field.number - 1] = field.value;
    isLegacy = true;
  }
  return isLegacy ? legacy : dims;
}

/** BlobShape: one varint a field, or all of them in one (packed). */
function readDims(shape: Message, dims: number[]): void {
  for (const field of fieldsOf(shape)) {
    if (field.number !== 1) continue;
    expectWire(shape, field, VARINT, BYTES);
    for (let at = field.begin; at < field.end; ) {
      const { value, end } = varintAt(shape.bytes, at, field.end);
      if (Number.isNaN(value)) throw broken(shape, at, badVarint);
      if (dims.push(value) > mostAxes) throw broken(shape, at, `more than the ${mostAxes} axes of Caffe`);
      at = end;
    }
  }
}

/** Four-axis blobs were counted from the last axis (Blob::ShapeEquals). A convolution's weight has four of its own. */
function withoutOnes(shape: readonly number[], index: number, type: string): readonly number[] {
  const ones = index === 1 ? 3 : index === 0 && type === 'InnerProduct' ? 2 : 0;
  return shape.length === 4 && shape.slice(0, ones).every(n => n === 1) ? shape.slice(ones) : shape;
}

/** A repeated float or double: `pieces` fields that together have `size` bytes, the last one at `begin`. */
interface Values {
  readonly number: number;
  readonly dtype: 'F32' | 'F64';
  readonly pieces: number;
  readonly size: number;
  readonly begin: number;
}

/** One value a field, or any number in one (packed). */
function findValues(blob: Message, number: number, dtype: Values['dtype']): Values {
  let pieces = 0;
  let size = 0;
  let begin = blob.begin;
  for (const field of fieldsOf(blob)) {
    if (field.number !== number) continue;
    expectWire(blob, field, BYTES, dtype === 'F64' ? FIXED64 : FIXED32);
    const length = field.end - field.begin;
    if (length % bytesPer[dtype] !== 0) throw broken(blob, field.at, `${length} bytes are no whole number of ${dtype} values`);
    begin = field.begin;
    size += length;
    pieces++;
  }
  return { number, dtype, pieces, size, begin };
}

/** A view of one piece. Several are gathered a byte at a time: one of 4 bytes is too short for a view of its own. */
function bytesOf(blob: Message, { number, pieces, size, begin }: Values): Uint8Array {
  if (pieces <= 1) return part(blob.bytes, begin, begin + size);
  const out = new Uint8Array(size);
  let to = 0;
  for (const field of fieldsOf(blob)) {
    if (field.number !== number) continue;
    for (let from = field.begin; from < field.end; from++) out[to++] = blob.bytes[from];
  }
  return out;
}

const textOf = (message: Message, field: Field): string => text(message, field, longestText);
