// PyTorch checkpoints as torch.save writes them since 1.6: a zip of one pickle (names, shapes, strides) and one record per storage.
// A pickle is a program, so this runs a fixed list of opcodes and five functions, and checks every number against the file first.

import type { Dtype, Tensor, Tensors } from './tensor.ts';
import { badWeights, bytesPer, count, countChecked, damaged, isSize, part, quote, show, some } from './tensor.ts';

const longestPickle = 2 ** 26;
/** A model of 500 tensors takes 15,000. Operations build whatever a pickle builds, and nothing recurses: this bounds it all. */
const mostOperations = 2 ** 20;
/** `expand` stores one element for many. Weights have no use for it, so a few are let through and a claim of 10^12 is not. */
const mostExpanded = 2 ** 16;
/** No weight has more than 4 axes (PyTorch itself stops at 64): bounds the work of one element of a strided copy. */
const mostAxes = 8;

const resave =
  "re-save the tensors alone: torch.save(checkpoint['model'], 'weights.pth') or torch.save(model.state_dict(), 'weights.pth')";

/**
 * The tensors of `{"model": {...}}` or of a bare (Ordered)dict, in its order; whatever else a trainer saved is parsed and left out.
 * Stored, contiguous tensors are views into `bytes`; deflated and strided ones are copied, within 64 MiB + 8 times the file's size.
 * A `module.` that all names share (DataParallel) is stripped. `name` is for messages. Throws BAD_WEIGHTS.
 */
export async function readTorch(bytes: Uint8Array, name: string): Promise<Tensors> {
  if (isLegacyTorch(bytes)) {
    throw badWeights(name, 'was written by PyTorch before 1.6 (no zip): load it in a newer PyTorch and torch.save it again');
  }
  const archive = openArchive(bytes, name);
  await checkByteOrder(archive);
  const pickle = await readRecord(archive, 'data.pkl', longestPickle);
  const lazy = chooseTensors(unpickle(pickle, name), name);
  const storages = new Map<string, Uint8Array>();
  const tensors = new Map<string, Tensor>();
  for (const [key, tensor] of lazy) tensors.set(key, await materialise(archive, storages, key, tensor));
  return stripModule(tensors);
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

// The archive. Zip: PKWARE APPNOTE.TXT 4.3. CRCs are not checked: torch.serialization.set_crc32_options lets torch.save
// leave them out.

interface Entry {
  readonly encrypted: boolean;
  readonly method: number;
  readonly packed: Uint8Array;
  readonly size: number;
}

interface Archive {
  readonly name: string;
  readonly entries: ReadonlyMap<string, Entry>;
  /** The folder of all records, with its slash: `archive/` or the stem of the file that was saved. */
  readonly folder: string;
  /** Bytes that may still be allocated. A zip can name the same packed bytes a thousand times, so one bound is for all. */
  left: number;
}

interface Directory {
  readonly entries: number;
  readonly begin: number;
  readonly end: number;
}

function openArchive(bytes: Uint8Array, name: string): Archive {
  const entries = readEntries(bytes, name);
  const names = [...entries.keys()];
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
  return { name, entries, folder, left: 2 ** 26 + 8 * bytes.length };
}

function readEntries(bytes: Uint8Array, name: string): Map<string, Entry> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const directory = findDirectory(view, name);
  const entries = new Map<string, Entry>();
  let at = directory.begin;
  for (let i = 0; i < directory.entries; i++) {
    const next =
      at + 46 <= directory.end
        ? at + 46 + view.getUint16(at + 28, true) + view.getUint16(at + 30, true) + view.getUint16(at + 32, true)
        : at;
    if (next === at || next > directory.end || view.getUint32(at, true) !== 0x02014b50) {
      throw damaged(name, `entry ${i} of ${directory.entries} in the zip directory is not at byte ${at}`);
    }
    const key = new TextDecoder().decode(part(bytes, at + 46, at + 46 + view.getUint16(at + 28, true)));
    if (entries.has(key)) throw damaged(name, `the zip directory names ${quote(key)} twice`);
    entries.set(key, readEntry(bytes, view, at, directory.begin, key, name));
    at = next;
  }
  if (at !== directory.end) throw damaged(name, `the zip directory ends at byte ${at}, not at ${directory.end}`);
  return entries;
}

/** The end record lies at the very end, before a comment of at most 65,535 bytes. */
function findDirectory(view: DataView, name: string): Directory {
  const length = view.byteLength;
  for (let at = length - 22; at >= Math.max(0, length - 22 - 65535); at--) {
    if (view.getUint32(at, true) !== 0x06054b50 || at + 22 + view.getUint16(at + 20, true) !== length) continue;
    const narrow = [view.getUint16(at + 10, true), view.getUint32(at + 12, true), view.getUint32(at + 16, true)];
    const isWide = narrow[0] === 0xffff || narrow[1] === 0xffffffff || narrow[2] === 0xffffffff;
    const [entries, size, begin] = isWide ? wideDirectory(view, at, name) : narrow;
    if (begin + size > at || entries * 46 > size) {
      throw damaged(
        name,
        `the zip directory claims ${entries} entries in bytes ${begin} to ${begin + size}, but must end by ${at}`,
      );
    }
    return { entries, begin, end: begin + size };
  }
  throw damaged(name, `no zip directory at the end of its ${length} bytes`);
}

/** Zip64: a locator of 20 bytes before the end record tells where the wide end record is. */
function wideDirectory(view: DataView, end: number, name: string): number[] {
  const found = end >= 20 && view.getUint32(end - 20, true) === 0x07064b50;
  const at = found ? Number(view.getBigUint64(end - 12, true)) : end;
  if (at + 56 > end || view.getUint32(at, true) !== 0x06064b50) {
    throw damaged(name, `the zip64 directory is announced at byte ${end} but not there`);
  }
  return [32, 40, 48].map(offset => Number(view.getBigUint64(at + offset, true)));
}

function readEntry(bytes: Uint8Array, view: DataView, at: number, limit: number, key: string, name: string): Entry {
  const { size, packed, local } = wideSizes(view, at, key, name);
  const named = local + 30 <= limit && view.getUint32(local, true) === 0x04034b50;
  const begin = named ? local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true) : local;
  if (!named || begin + packed > limit) {
    throw damaged(name, `zip entry ${quote(key)} claims ${packed} bytes at ${begin}, records end at ${limit}`);
  }
  const encrypted = (view.getUint16(at + 8, true) & 1) === 1;
  return { encrypted, method: view.getUint16(at + 10, true), packed: part(bytes, begin, begin + packed), size };
}

/** Zip64 (APPNOTE 4.5.3): a 32-bit field that is all ones stands in an extra field with id 1, in this order. */
function wideSizes(view: DataView, at: number, key: string, name: string) {
  const fields = [24, 20, 42].map(offset => view.getUint32(at + offset, true));
  let extra = at + 46 + view.getUint16(at + 28, true);
  const end = extra + view.getUint16(at + 30, true);
  while (fields.includes(0xffffffff) && extra + 4 <= end) {
    const next = extra + 4 + view.getUint16(extra + 2, true);
    if (view.getUint16(extra, true) === 1) {
      let from = extra + 4;
      for (const i of [0, 1, 2]) {
        if (fields[i] !== 0xffffffff || from + 8 > Math.min(next, end)) continue;
        fields[i] = Number(view.getBigUint64(from, true));
        from += 8;
      }
      break;
    }
    extra = next;
  }
  if (!fields.every(isSize)) throw damaged(name, `zip entry ${quote(key)} has a size or offset beyond 2^53`);
  return { size: fields[0], packed: fields[1], local: fields[2] };
}

const methods = new Map([
  [9, 'Deflate64'],
  [12, 'bzip2'],
  [14, 'LZMA'],
  [93, 'Zstandard'],
]);

async function readRecord(archive: Archive, record: string, cap: number): Promise<Uint8Array> {
  const { name, folder } = archive;
  const key = quote(folder + record);
  const entry = archive.entries.get(folder + record);
  if (!entry) throw damaged(name, `its pickle needs a record ${key}, which is not among its ${archive.entries.size}`);
  const { method, packed, size } = entry;
  if (entry.encrypted) {
    throw badWeights(name, `record ${key} is encrypted: unpack the zip with its password and zip it again without`);
  }
  if (size > cap) throw damaged(name, `record ${key} claims ${size} bytes, at most ${cap} fit here`);
  if (method === 0 && packed.length === size) return packed;
  if (method !== 0 && method !== 8) {
    throw badWeights(
      name,
      `record ${key} uses zip method ${method} (${methods.get(method) ?? 'unknown'}), atrous knows 0 and 8: zip it again`,
    );
  }
  // Deflate shrinks 1032 times at best (258 bytes in 2 bits).
  if (method === 0 || size > packed.length * 1032) {
    throw damaged(name, `record ${key} claims ${size} bytes from ${packed.length} packed ones, which cannot be`);
  }
  spend(archive, size, key);
  return inflate(packed, size, key, name);
}

function spend(archive: Archive, bytes: number, what: string): void {
  if (bytes > archive.left) {
    throw badWeights(
      archive.name,
      `${what} takes ${bytes} more bytes, ${archive.left} are left of what a file of its size may unpack to: ${resave}`,
    );
  }
  archive.left -= bytes;
}

async function inflate(packed: Uint8Array, size: number, key: string, name: string): Promise<Uint8Array> {
  const out = new Uint8Array(size);
  let at = 0;
  try {
    const stream = new Blob([new Uint8Array(packed)]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
    const reader = stream.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      if (at + next.value.length <= size) out.set(next.value, at);
      at += next.value.length;
      if (at > size) await reader.cancel();
    }
  } catch (cause) {
    throw badWeights(
      name,
      `record ${key} does not inflate (damaged, or a platform without deflate-raw): zip it again without compression`,
      cause,
    );
  }
  if (at !== size) {
    throw damaged(name, `record ${key} inflates to ${at > size ? 'more than' : `${at} of`} the ${size} bytes it claims`);
  }
  return out;
}

/** Since 2.0 a record says the byte order; before, it is that of the machine, in practice little. */
async function checkByteOrder(archive: Archive): Promise<void> {
  if (!archive.entries.has(`${archive.folder}byteorder`)) return;
  const order = new TextDecoder().decode(await readRecord(archive, 'byteorder', 16)).trim();
  if (order !== 'little') {
    throw badWeights(archive.name, `its byte order is ${quote(order)}, atrous reads 'little': re-save it on such a machine`);
  }
}

// The pickle. Opcodes: CPython Lib/pickletools.py; what PyTorch puts into them: torch/serialization.py and torch/_utils.py.

/** A function or class of the allow-list. `dtype` is there for the storage classes, which are named and never called. */
interface Global {
  readonly kind: 'global';
  readonly name: string;
  readonly dtype?: Dtype;
}

interface Storage {
  readonly kind: 'storage';
  readonly dtype: Dtype;
  readonly key: string;
  readonly elements: number;
}

/** Offset and strides in elements. Nothing is checked before the tensor is wanted: a pickle can still change these lists. */
interface LazyTensor {
  readonly kind: 'tensor';
  readonly storage: Storage;
  readonly offset: unknown;
  readonly shape: readonly unknown[];
  readonly strides: readonly unknown[];
}

/** Lists and tuples are both arrays: nothing here depends on the difference. */
type Value = null | boolean | number | bigint | string | Value[] | Map<Value, Value> | Global | Storage | LazyTensor;

interface Machine {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
  readonly stack: Value[];
  readonly marks: number[];
  readonly memo: Map<number, Value>;
}

const storageTypes: readonly (readonly [string, Dtype])[] = [
  ['Double', 'F64'],
  ['Float', 'F32'],
  ['Half', 'F16'],
  ['BFloat16', 'BF16'],
  ['Long', 'I64'],
  ['Int', 'I32'],
  ['Short', 'I16'],
  ['Char', 'I8'],
  ['Byte', 'U8'],
  ['Bool', 'BOOL'],
];
const functions = ['collections.OrderedDict', 'torch._utils._rebuild_tensor_v2', 'torch._utils._rebuild_parameter', 'torch.Size'];
const globals = new Map<string, Global>([
  ...functions.map(name => [name, { kind: 'global', name }] as const),
  ...storageTypes.map(
    ([type, dtype]) => [`torch.${type}Storage`, { kind: 'global', name: `torch.${type}Storage`, dtype }] as const,
  ),
]);

/** Exactly the opcodes that Python's pickler writes, in protocols 2 to 5, for what a checkpoint holds; STOP (0x2e) ends it. */
const opcodes = new Map<number, (m: Machine) => void>([
  [0x80, m => checkProtocol(m, takeU8(m))], // PROTO
  [0x95, m => void take(m, 8)], // FRAME, a hint for readers of streams
  [0x28, m => void m.marks.push(m.stack.length)], // MARK
  [0x4e, m => push(m, null)], // NONE
  [0x88, m => push(m, true)], // NEWTRUE
  [0x89, m => push(m, false)], // NEWFALSE
  [0x4a, m => push(m, m.view.getInt32(take(m, 4), true))], // BININT
  [0x4b, m => push(m, takeU8(m))], // BININT1
  [0x4d, m => push(m, m.view.getUint16(take(m, 2), true))], // BININT2
  [0x8a, m => push(m, takeLong(m))], // LONG1
  [0x47, m => push(m, m.view.getFloat64(take(m, 8)))], // BINFLOAT, the one number that is big-endian
  [0x58, m => push(m, takeText(m, takeU32(m)))], // BINUNICODE
  [0x8c, m => push(m, takeText(m, takeU8(m)))], // SHORT_BINUNICODE
  [0x5d, m => push(m, [])], // EMPTY_LIST
  [0x29, m => push(m, [])], // EMPTY_TUPLE
  [0x7d, m => push(m, new Map())], // EMPTY_DICT
  [0x74, m => push(m, popMarked(m))], // TUPLE
  [0x85, m => push(m, popMany(m, 1))], // TUPLE1
  [0x86, m => push(m, popMany(m, 2))], // TUPLE2
  [0x87, m => push(m, popMany(m, 3))], // TUPLE3
  [0x61, m => append(m, popMany(m, 1))], // APPEND
  [0x65, m => append(m, popMarked(m))], // APPENDS
  [0x73, m => setItems(m, popMany(m, 2))], // SETITEM
  [0x75, m => setItems(m, popMarked(m))], // SETITEMS
  [0x71, m => void m.memo.set(takeU8(m), top(m))], // BINPUT
  [0x72, m => void m.memo.set(takeU32(m), top(m))], // LONG_BINPUT
  [0x94, m => void m.memo.set(m.memo.size, top(m))], // MEMOIZE
  [0x68, m => recall(m, takeU8(m))], // BINGET
  [0x6a, m => recall(m, takeU32(m))], // LONG_BINGET
  [0x63, m => pushGlobal(m, takeLine(m), takeLine(m))], // GLOBAL
  [0x93, m => pushGlobal(m, ...(popMany(m, 2) as [Value, Value]))], // STACK_GLOBAL
  [0x51, m => push(m, storageOf(m, pop(m)))], // BINPERSID
  [0x52, m => push(m, call(m, ...(popMany(m, 2) as [Value, Value])))], // REDUCE
  [0x62, m => ignoreState(m, pop(m))], // BUILD: state_dict() hangs version numbers on its OrderedDict
]);

function unpickle(bytes: Uint8Array, name: string): Value {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const machine: Machine = { name, bytes, view, at: 0, stack: [], marks: [], memo: new Map() };
  for (let operations = 0; operations < mostOperations; operations++) {
    const opcode = takeU8(machine);
    if (opcode === 0x2e) return pop(machine);
    const run = opcodes.get(opcode);
    if (!run) throw unwanted(machine, `opcode 0x${opcode.toString(16).padStart(2, '0')}, which no dict of tensors needs`, 1);
    run(machine);
  }
  throw badWeights(name, `its pickle has more than ${mostOperations} operations, too many for a model: ${resave}`);
}

function broken(m: Machine, text: string, back = 0): Error {
  return damaged(m.name, place(m, text, back));
}

function unwanted(m: Machine, text: string, back = 0): Error {
  return badWeights(m.name, `${place(m, text, back)}: ${resave}`);
}

function place(m: Machine, text: string, back: number): string {
  return `its pickle has, at byte ${m.at - back} of ${m.bytes.length}, ${text}`;
}

function take(m: Machine, n: number): number {
  if (n > m.bytes.length - m.at) throw broken(m, `${n} bytes to come but only ${m.bytes.length - m.at} left`);
  m.at += n;
  return m.at - n;
}

function takeU8(m: Machine): number {
  return m.view.getUint8(take(m, 1));
}

function takeU32(m: Machine): number {
  return m.view.getUint32(take(m, 4), true);
}

function takeText(m: Machine, n: number): string {
  const at = take(m, n);
  try {
    return utf8.decode(part(m.bytes, at, at + n));
  } catch {
    throw broken(m, `${n} bytes of text that are not UTF-8`, n);
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function takeLine(m: Machine): string {
  const length = part(m.bytes, m.at, Math.min(m.at + 256, m.bytes.length)).indexOf(10);
  if (length < 0) throw broken(m, 'a name without an end');
  const line = takeText(m, length);
  m.at++;
  return line;
}

function takeLong(m: Machine): number | bigint {
  const n = takeU8(m);
  const at = take(m, n);
  let value = 0n;
  for (let i = n - 1; i >= 0; i--) value = (value << 8n) | BigInt(m.bytes[at + i]);
  value = BigInt.asIntN(8 * n, value);
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function push(m: Machine, value: Value): void {
  m.stack.push(value);
}

/** A value below the last mark is out of reach until the mark is used up, as in Python. */
function popMany(m: Machine, n: number): Value[] {
  if (m.stack.length - n < (m.marks.at(-1) ?? 0)) throw broken(m, 'an operation with too few operands');
  return m.stack.splice(m.stack.length - n, n);
}

function pop(m: Machine): Value {
  return popMany(m, 1)[0];
}

function top(m: Machine): Value {
  const value = pop(m);
  m.stack.push(value);
  return value;
}

function popMarked(m: Machine): Value[] {
  const mark = m.marks.pop();
  if (mark === undefined) throw broken(m, 'the end of a list that never began');
  return m.stack.splice(mark);
}

function append(m: Machine, items: Value[]): void {
  const list = top(m);
  if (!Array.isArray(list)) throw broken(m, 'an append to something that is no list');
  for (const item of items) list.push(item);
}

function setItems(m: Machine, items: Value[]): void {
  const dict = top(m);
  if (!(dict instanceof Map) || items.length % 2 > 0) throw broken(m, 'items for something that is no dict');
  for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
}

function recall(m: Machine, key: number): void {
  const value = m.memo.get(key);
  if (value === undefined) throw broken(m, `a reference to object ${key}, which does not exist`);
  push(m, value);
}

function checkProtocol(m: Machine, protocol: number): void {
  if (protocol < 2 || protocol > 5) throw unwanted(m, `protocol ${protocol}, atrous reads 2 to 5`, 2);
}

function pushGlobal(m: Machine, module: Value, name: Value): void {
  const path = typeof module === 'string' && typeof name === 'string' ? `${module.slice(0, 200)}.${name.slice(0, 200)}` : '';
  const found = globals.get(path);
  if (!found) throw badWeights(m.name, `its pickle asks for ${quote(path)}, which could run code and is never loaded: ${resave}`);
  push(m, found);
}

function isKind<K extends 'global' | 'storage' | 'tensor'>(value: Value, kind: K): value is Extract<Value, { readonly kind: K }> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
}

/** The persistent id of a storage: ('storage', class, key of the record, location, number of elements). */
function storageOf(m: Machine, id: Value): Storage {
  const [tag, type, key, , elements] = Array.isArray(id) ? id : [];
  const isSound =
    tag === 'storage' && isKind(type, 'global') && type.dtype && typeof key === 'string' && key.length < 100 && isSize(elements);
  if (!isSound) throw broken(m, 'a storage without class, key and length');
  return { kind: 'storage', dtype: (type as Global).dtype!, key, elements };
}

function call(m: Machine, fn: Value, args: Value): Value {
  if (!isKind(fn, 'global') || !Array.isArray(args)) throw broken(m, 'a call of something that is no function');
  if (fn.name === 'collections.OrderedDict' && args.length === 0) return new Map();
  if (fn.name === 'torch.Size' && args.length === 1 && Array.isArray(args[0])) return args[0];
  if (fn.name === 'torch._utils._rebuild_tensor_v2') return tensorOf(m, args);
  if (fn.name === 'torch._utils._rebuild_parameter' && isKind(args[0], 'tensor')) return args[0];
  throw broken(m, `a call of ${fn.name} with unknown arguments`);
}

/** `_rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks, metadata=None)` */
function tensorOf(m: Machine, [storage, offset, shape, strides]: Value[]): LazyTensor {
  const isSound = isKind(storage, 'storage') && Array.isArray(shape) && Array.isArray(strides);
  if (!isSound) throw broken(m, 'a tensor without storage, size and strides');
  return { kind: 'tensor', storage, offset, shape, strides };
}

function ignoreState(m: Machine, _state: Value): void {
  if (!(top(m) instanceof Map)) throw unwanted(m, 'attributes for something that is no dict');
}

// The tensors.

function chooseTensors(root: Value, name: string): Map<string, LazyTensor> {
  const nested = root instanceof Map ? root.get('model') : undefined;
  const dict = nested instanceof Map ? nested : root;
  const tensors = new Map<string, LazyTensor>();
  const keys = dict instanceof Map ? [...dict.keys()] : [];
  for (const key of keys) {
    const value = (dict as Map<Value, Value>).get(key)!;
    if (typeof key === 'string' && isKind(value, 'tensor')) tensors.set(key, value);
  }
  if (tensors.size > 0) return tensors;
  const held = dict instanceof Map ? `a dict of ${keys.length} entries: ${some(keys.map(show)) || 'none'}` : 'not even a dict';
  throw badWeights(name, `holds no named tensors (${held}): ${resave}`);
}

async function materialise(archive: Archive, storages: Map<string, Uint8Array>, key: string, tensor: LazyTensor): Promise<Tensor> {
  const { dtype } = tensor.storage;
  const { offset, shape, strides } = checkLayout(archive.name, key, tensor);
  const item = bytesPer[dtype];
  const elements = count(shape);
  if (elements === 0) return { dtype, shape, bytes: new Uint8Array(0) };
  const storage = await openStorage(archive, storages, key, tensor.storage);
  if (isContiguous(shape, strides)) return { dtype, shape, bytes: part(storage, offset * item, (offset + elements) * item) };
  spend(archive, elements * item, `tensor ${quote(key)}`);
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

async function openStorage(archive: Archive, open: Map<string, Uint8Array>, key: string, storage: Storage): Promise<Uint8Array> {
  const size = storage.elements * bytesPer[storage.dtype];
  const bytes = open.get(storage.key) ?? (await readRecord(archive, `data/${storage.key}`, size));
  if (bytes.length !== size) {
    throw damaged(
      archive.name,
      `tensor ${quote(key)} wants a storage of ${size} bytes, record data/${storage.key} has ${bytes.length}`,
    );
  }
  open.set(storage.key, bytes);
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
