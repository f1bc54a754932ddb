// PyTorch checkpoints as torch.save writes them since 1.6: a zip of one pickle (names, shapes, strides) and one record per storage.
// Whatever the file claims is checked against the file before it costs anything.

import type { LazyTensor, Storage, Value } from './pickle.ts';
import { isKind, resave, unpickle } from './pickle.ts';
import type { Tensor, Tensors } from './tensor.ts';
import { badWeights, bytesPer, count, countChecked, damaged, isSize, part, quote, show, some } from './tensor.ts';
import type { Zip } from './zip.ts';
import { openZip, spend, unpack } from './zip.ts';

/** 500 tensors take 53 kB. */
const longestPickle = 2 ** 24;
/** `expand` stores one element for many. Weights have no use for it, so a few are let through and a claim of 10^12 is not. */
const mostExpanded = 2 ** 16;
/** No weight has more than 4 axes (PyTorch itself stops at 64): bounds the work of one element of a strided copy. */
const mostAxes = 8;

interface Checkpoint {
  readonly name: string;
  readonly zip: Zip;
  /** The folder of all records, with its slash: `archive/` or the stem of the file that was saved. */
  readonly folder: string;
  /** Those unpacked so far, by the key of their record: tensors may share one. */
  readonly storages: Map<string, Uint8Array>;
}

/**
 * The tensors of `{"model": {...}}` or of a bare (Ordered)dict, in its order; whatever else a trainer saved is parsed and left out.
 * Stored, contiguous tensors are views into `bytes`; deflated and strided ones are copied, within 64 MiB + 8 times the file's size.
 * A `module.` that all names share (DataParallel) is stripped. `name` is for messages. Throws BAD_WEIGHTS.
 */
export async function readTorch(bytes: Uint8Array, name: string): Promise<Tensors> {
  if (isLegacyTorch(bytes)) {
    throw badWeights(name, 'was written by PyTorch before 1.6 (no zip): load it in a newer PyTorch and torch.save it again');
  }
  const checkpoint = openCheckpoint(bytes, name);
  checkByteOrder(checkpoint);
  const chosen = chooseTensors(unpickle(readRecord(checkpoint, 'data.pkl', longestPickle), name), name);
  return stripModule(new Map([...chosen].map(([key, tensor]) => [key, materialise(checkpoint, key, tensor)])));
}

/** The pickled magic number 0x1950a86a20f9469cfc6c that `torch.save` wrote before 1.6 (torch/serialization.py, MAGIC_NUMBER). */
export function isLegacyTorch(bytes: Uint8Array): boolean {
  return [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19].every((byte, i) => bytes[i] === byte);
}

function stripModule(tensors: Tensors): Tensors {
  const keys = [...tensors.keys()];
  if (!keys.every(key => key.startsWith('module.'))) return tensors;
  return new Map([...tensors].map(([key, tensor]) => [key.slice('module.'.length), tensor]));
}

function openCheckpoint(bytes: Uint8Array, name: string): Checkpoint {
  const zip = openZip(bytes, name, resave);
  const names = [...zip.entries.keys()];
  const pickles = names.filter(entry => entry === 'data.pkl' || entry.endsWith('/data.pkl'));
  if (pickles.length !== 1) {
    throw badWeights(
      name,
      `${pickles.length} of its ${names.length} records are a data.pkl, a PyTorch checkpoint has one: ${resave}`,
    );
  }
  const folder = pickles[0].slice(0, -'data.pkl'.length);
  if (names.some(entry => entry === `${folder}constants.pkl` || entry.startsWith(`${folder}code/`))) {
    throw badWeights(
      name,
      "is a TorchScript archive: save its tensors with torch.save(torch.jit.load(file).state_dict(), 'weights.pth')",
    );
  }
  return { name, zip, folder, storages: new Map() };
}

function readRecord({ name, zip, folder }: Checkpoint, record: string, cap: number): Uint8Array {
  const key = folder + record;
  const entry = zip.entries.get(key);
  if (!entry) throw damaged(name, `its pickle needs a record ${quote(key)}, which is not among its ${zip.entries.size}`);
  return unpack(zip, entry, key, cap);
}

/** Since 2.0 a record says the byte order; before, it is that of the machine, in practice little. */
function checkByteOrder(checkpoint: Checkpoint): void {
  if (!checkpoint.zip.entries.has(`${checkpoint.folder}byteorder`)) return;
  const order = new TextDecoder().decode(readRecord(checkpoint, 'byteorder', 16)).trim();
  if (order !== 'little') {
    throw badWeights(checkpoint.name, `its byte order is ${quote(order)}, atrous reads 'little': re-save it on such a machine`);
  }
}

function chooseTensors(root: Value, name: string): Map<string, LazyTensor> {
  const nested = root instanceof Map ? root.get('model') : undefined;
  const dict = nested instanceof Map ? nested : root;
  if (!(dict instanceof Map)) throw badWeights(name, `holds no named tensors (not even a dict): ${resave}`);
  const tensors = new Map<string, LazyTensor>();
  for (const [key, value] of dict) if (typeof key === 'string' && isKind(value, 'tensor')) tensors.set(key, value);
  if (tensors.size > 0) return tensors;
  const keys = some([...dict.keys()].map(show)) || 'none';
  throw badWeights(name, `holds no named tensors (a dict of ${dict.size} entries: ${keys}): ${resave}`);
}

function materialise(checkpoint: Checkpoint, key: string, tensor: LazyTensor): Tensor {
  const { dtype } = tensor.storage;
  const { offset, shape, strides } = checkLayout(checkpoint.name, key, tensor);
  const item = bytesPer[dtype];
  const elements = count(shape);
  if (elements === 0) return { dtype, shape, bytes: new Uint8Array(0) };
  const storage = openStorage(checkpoint, key, tensor.storage);
  if (isContiguous(shape, strides)) return { dtype, shape, bytes: part(storage, offset * item, (offset + elements) * item) };
  spend(checkpoint.zip, elements * item, `tensor ${quote(key)}`);
  return { dtype, shape, bytes: gather(storage, item, offset, shape, strides) };
}

function checkLayout(name: string, key: string, { storage, offset, shape, strides }: LazyTensor) {
  const where = `tensor ${quote(key)}`;
  const elements = countChecked(shape);
  const sound = isSize(offset) && strides.every(isSize) && strides.length === shape.length && shape.length <= mostAxes;
  if (Number.isNaN(elements) || !sound) {
    throw damaged(name, `${where} has size ${show(shape)}, strides ${show(strides)}, offset ${show(offset)}`);
  }
  const layout = { offset, shape: [...shape] as number[], strides: [...strides] as number[] };
  if (elements > Math.max(storage.elements, mostExpanded)) {
    throw badWeights(
      name,
      `${where} spreads ${storage.elements} stored values over ${elements} elements: call .contiguous() before saving`,
    );
  }
  const last = layout.shape.reduce((sum, n, axis) => (n > 1 ? sum + (n - 1) * layout.strides[axis] : sum), offset);
  if (elements > 0 && last >= storage.elements) {
    throw damaged(name, `${where} reaches element ${last} of a storage of ${storage.elements}`);
  }
  return layout;
}

function openStorage(checkpoint: Checkpoint, key: string, storage: Storage): Uint8Array {
  const { name, storages } = checkpoint;
  const size = storage.elements * bytesPer[storage.dtype];
  const record = `data/${storage.key}`;
  const bytes = storages.get(storage.key) ?? readRecord(checkpoint, record, size);
  if (bytes.length !== size) {
    throw damaged(name, `tensor ${quote(key)} wants a storage of ${size} bytes, record ${quote(record)} has ${bytes.length}`);
  }
  storages.set(storage.key, bytes);
  return bytes;
}

/** An axis of length 1 may have any stride. */
function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] > 1 && strides[axis] !== expected) return false;
    expected *= shape[axis];
  }
  return true;
}

/** Copies a strided tensor into row-major order; `item` is the bytes of an element. Counts like an odometer, last axis fastest. */
function gather(
  source: Uint8Array,
  item: number,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
): Uint8Array {
  const axes = shape.map((n, axis) => ({ n, stride: strides[axis], index: 0 })).filter(({ n }) => n > 1);
  axes.reverse();
  const out = new Uint8Array(count(shape) * item);
  let from = offset;
  for (let to = 0; to < out.length; to += item) {
    for (let byte = 0; byte < item; byte++) out[to + byte] = source[from * item + byte];
    for (const axis of axes) {
      from += axis.stride;
      if (++axis.index < axis.n) break;
      from -= axis.n * axis.stride;
      axis.index = 0;
    }
  }
  return out;
}
