// PyTorch checkpoints as torch.save writes them since 1.6: a zip of one pickle (names, shapes, strides) and one record per storage.
// Whatever the file claims is checked against the file before it costs anything.

import type { AtrousError } from '../errors.ts';
import type { LazyTensor, Placeholder, Storage, Value } from './pickle.ts';
import { isKind, resave, unpickle } from './pickle.ts';
import type { Dtype, Stored } from './tensor.ts';
import { badWeights, bytesPer, count, countChecked, damaged, isSize, part, quote, show, some } from './tensor.ts';
import type { Zip } from './zip.ts';
import { openZip, spend, unpack } from './zip.ts';

/** 500 tensors take 53 kB. One that is stored as it is costs nothing: it may hold arrays of its own, which are passed over. */
const longestDeflated = 2 ** 24;
/** `expand` stores one element for many. Weights have no use for it, so a few are let through and a claim of 10^12 is not. */
const mostExpanded = 2 ** 16;
/** No weight has more than 4 axes (PyTorch itself stops at 64): bounds the work of one element of a strided copy. */
const mostAxes = 8;
/** 500 tensors are many. */
const mostListed = 2 ** 16;
/** Entries of dicts and lists that are looked at. Objects may be shared, so what a small file holds may be endless. */
const mostSteps = 2 ** 22;
/** Dicts in dicts, a module in a module being two. */
const deepest = 100;

interface Checkpoint {
  readonly name: string;
  readonly zip: Zip;
  /** The folder of all records, with its slash: `archive/` or the stem of the file that was saved. */
  readonly folder: string;
  /** Those unpacked so far, by the key of their record: tensors may share one. */
  readonly storages: Map<string, Uint8Array>;
}

/**
 * Every tensor of the file by its path: keys of dicts, numbers in lists and attributes of objects joined with dots, modules of a pickled module as its
 * `state_dict()` names them. Nothing is unpacked before its `bytes` are asked for: then stored, contiguous tensors are views into the file; deflated
 * and strided ones are copied, within 64 MiB + 8 times the file's size. `name` is for messages. Throws BAD_WEIGHTS.
 */
export async function readTorch(bytes: Uint8Array, name: string): Promise<Map<string, Stored>> {
  if (isLegacyTorch(bytes)) {
    throw badWeights(name, 'was written by PyTorch before 1.6 (no zip): load it in a newer PyTorch and torch.save it again');
  }
  const checkpoint = openCheckpoint(bytes, name);
  checkByteOrder(checkpoint);
  const cap = checkpoint.zip.entries.get(`${checkpoint.folder}data.pkl`)?.method === 0 ? bytes.length : longestDeflated;
  return listTensors(checkpoint, unpickle(readRecord(checkpoint, 'data.pkl', cap), name));
}

/** The pickled magic number 0x1950a86a20f9469cfc6c that `torch.save` wrote before 1.6 (torch/serialization.py, MAGIC_NUMBER). */
export function isLegacyTorch(bytes: Uint8Array): boolean {
  return [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19].every((byte, i) => bytes[i] === byte);
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

function listTensors(checkpoint: Checkpoint, root: Value): Map<string, Stored> {
  const { name } = checkpoint;
  const listing = new Map<string, Stored>();
  let [tensors, steps] = [0, 0];
  /** Objects may hold each other: those above are not entered again, nor are those that hold no tensor. */
  const above = new Set<Value>();
  const barren = new Set<Value>();
  const list = (path: string, stored: Stored): void => {
    const twice = (): AtrousError => badWeights(name, `two of its values are called ${quote(path)}: ${resave}`);
    if (listing.size < mostListed) listing.set(path, listing.has(path) ? unreadable(twice, stored.dict) : stored);
  };
  /** `dict`: the path of the dict that a tensor here is in. */
  const walk = (value: Value, path: string, dict: string, inModule = false): void => {
    if (++steps > mostSteps || tensors > mostListed) throw badWeights(name, `holds more than a checkpoint does: ${resave}`);
    if (isKind(value, 'tensor')) {
      tensors++;
      if (path !== '') list(path, lazy(checkpoint, path, dict, value));
      return;
    }
    if (typeof value !== 'object' || value === null || above.has(value) || barren.has(value) || above.size >= deepest) return;
    const before = tensors;
    above.add(value);
    const enter = (key: Value, child: Value, owner = path, within = false): void => {
      const step = stepOf(key);
      if (step !== null) walk(child, path === '' ? step : `${path}.${step}`, owner, within);
    };
    if (Array.isArray(value)) for (const [index, child] of value.entries()) enter(index, child);
    else if (value instanceof Map) for (const [key, child] of value) enter(key, child);
    else if (isKind(value, 'placeholder')) {
      if (value.made && path !== '')
        list(
          path,
          unreadable(() => foreign(name, path, value.name), dict),
        );
      for (const [key, child] of value.items ?? []) enter(key, child);
      for (const [key, child, isPart] of attributesOf(value)) enter(key, child, isPart && inModule ? dict : path, isPart);
    }
    above.delete(value);
    if (tensors === before) barren.add(value);
  };
  walk(root, '', '');
  if (listing.size > 0) return listing;
  const keys = root instanceof Map ? some([...root.keys()].map(show)) || 'none' : '';
  const what =
    root instanceof Map
      ? `a dict of ${root.size} entries: ${keys}`
      : isKind(root, 'placeholder')
        ? quote(root.name)
        : 'not even a dict';
  throw badWeights(name, `holds no named tensors (${what}): ${resave}`);
}

/** A key of a dict as a step of a path; a class is one by its name. */
function stepOf(key: Value): string | null {
  if (typeof key !== 'object' || key === null) return String(key);
  return isKind(key, 'global') || isKind(key, 'placeholder') ? key.name : null;
}

/** Of a module (torch.nn.Module) its parts, as its `state_dict()` has them, in the place of the dicts that it keeps them in. */
function* attributesOf({ state }: Placeholder): Generator<[key: Value, value: Value, isPart: boolean]> {
  if (!(state instanceof Map)) return;
  const unsaved = state.get('_non_persistent_buffers_set');
  for (const [key, value] of state) {
    const isPart = value instanceof Map && (key === '_parameters' || key === '_buffers' || key === '_modules');
    if (!isPart) yield [key, value, false];
    else {
      for (const [name, child] of value) {
        if (!(key === '_buffers' && Array.isArray(unsaved) && unsaved.includes(name))) yield [name, child, true];
      }
    }
  }
}

function lazy(checkpoint: Checkpoint, path: string, dict: string, tensor: LazyTensor): Stored {
  const { shape, storage } = tensor;
  const { dtype } = storage;
  if (dtype === null || Number.isNaN(countChecked(shape)) || shape.length > mostAxes) {
    const type = (): AtrousError =>
      badWeights(checkpoint.name, `tensor ${quote(path)} is a ${quote(storage.type)}: convert it with .float() before saving`);
    return unreadable(dtype === null ? type : () => damagedLayout(checkpoint.name, path, tensor), dict);
  }
  let bytes: Uint8Array | undefined;
  return {
    dtype,
    shape: shape as readonly number[],
    dict,
    get bytes() {
      bytes ??= materialise(checkpoint, path, tensor, dtype);
      return bytes;
    },
  };
}

function unreadable(problem: () => AtrousError, dict: string | undefined): Stored {
  return {
    dtype: 'F32',
    shape: [],
    dict,
    problem,
    get bytes(): Uint8Array {
      throw problem();
    },
  };
}

/** What helps against values that only a call would make. */
const otherwise: readonly (readonly [maker: RegExp, next: string])[] = [
  [/_rebuild_qtensor|_packed_params/, 'save the float network, before it is quantised'],
  [/_rebuild_sparse/, 'call .to_dense() before saving'],
  [/_rebuild_meta/, 'it has no values (device meta): load weights into the network before saving'],
  [/_rebuild_tensor_v3/, 'it has a type that atrous does not read: convert it with .float() before saving'],
  [/numpy/, 'save tensors: torch.from_numpy(array)'],
];

function foreign(name: string, path: string, maker: string): AtrousError {
  const next = otherwise.find(([pattern]) => pattern.test(maker))?.[1] ?? resave;
  return badWeights(name, `${quote(path)} is made by ${quote(maker)}, and nothing that a file names is run: ${next}`);
}

function materialise(checkpoint: Checkpoint, key: string, tensor: LazyTensor, dtype: Dtype): Uint8Array {
  const { offset, shape, strides } = checkLayout(checkpoint.name, key, tensor);
  const item = bytesPer[dtype];
  const elements = count(shape);
  if (elements === 0) return new Uint8Array(0);
  const storage = openStorage(checkpoint, key, tensor.storage, item);
  if (isContiguous(shape, strides)) return part(storage, offset * item, (offset + elements) * item);
  spend(checkpoint.zip, elements * item, `tensor ${quote(key)}`);
  return gather(storage, item, offset, shape, strides);
}

function damagedLayout(name: string, key: string, { offset, shape, strides }: LazyTensor): AtrousError {
  return damaged(name, `tensor ${quote(key)} has size ${show(shape)}, strides ${show(strides)}, offset ${show(offset)}`);
}

function checkLayout(name: string, key: string, tensor: LazyTensor) {
  const { storage, offset, shape, strides } = tensor;
  const where = `tensor ${quote(key)}`;
  const elements = countChecked(shape);
  const sound = isSize(offset) && strides.every(isSize) && strides.length === shape.length && shape.length <= mostAxes;
  if (Number.isNaN(elements) || !sound) throw damagedLayout(name, key, tensor);
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

/** `item`: bytes of an element. */
function openStorage(checkpoint: Checkpoint, key: string, storage: Storage, item: number): Uint8Array {
  const { name, storages } = checkpoint;
  const size = storage.elements * item;
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
