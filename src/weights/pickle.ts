// The pickle of a PyTorch checkpoint. A pickle is a program, so this runs a fixed list of opcodes and does what a few functions do
// by itself. Whatever else the program names or calls becomes a placeholder: nothing is ever imported or run. Opcodes: CPython Lib/pickletools.py; what PyTorch puts into them: torch/serialization.py and torch/_utils.py.

import type { Dtype } from './tensor.ts';
import { badWeights, damaged, isSize, part } from './tensor.ts';

/** A model of 500 tensors takes 15,000, twice that with its optimizer; a million losses in a list as many. */
const mostOperations = 2 ** 20;
/** Of those, the ones that make an object or remember one. The dearest, an empty dict, takes 200 bytes: 52 MB of them. */
const mostObjects = 2 ** 18;
/** Bytes of a whole number that is read. Python's are endless; the state of a random generator takes 16. */
const longestNumber = 32;

/** How to get rid of what is refused here. */
export const resave = "re-save the tensors alone: torch.save(model.state_dict(), 'weights.pth')";

/** A function or class of the allow-list. `dtype` is there for the storage classes, which are named and never called. */
interface Global {
  readonly kind: 'global';
  readonly name: string;
  readonly dtype?: Dtype;
}

export interface Storage {
  readonly kind: 'storage';
  /** Null for a class of storages that is not on the list; `type` is its name. */
  readonly dtype: Dtype | null;
  readonly type: string;
  readonly key: string;
  readonly elements: number;
}

/** Offset and strides in elements. Nothing is checked before the tensor is wanted: a pickle can still change these lists. */
export interface LazyTensor {
  readonly kind: 'tensor';
  readonly storage: Storage;
  readonly offset: unknown;
  readonly shape: readonly unknown[];
  readonly strides: readonly unknown[];
}

/** What stands for a class or function outside the list, and for whatever it would have made. It is only filled. */
export interface Placeholder {
  readonly kind: 'placeholder';
  readonly name: string;
  /** Whether it stands for what was made. */
  readonly made: boolean;
  /** What was put into it as into a dict. */
  items: Map<Value, Value> | null;
  /** Its attributes, mostly a dict: those of a module hold its tensors. */
  state: Value;
}

/** Lists, tuples and sets are all arrays: nothing here depends on the difference. */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Value[]
  | Map<Value, Value>
  | Global
  | Storage
  | LazyTensor
  | Placeholder;

interface Machine {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
  readonly stack: Value[];
  readonly marks: number[];
  readonly memo: Map<number, Value>;
  /** Made or remembered so far. */
  objects: number;
}

const allowed: readonly (readonly [string, Dtype?])[] = [
  ['collections.OrderedDict'],
  ['collections.defaultdict'],
  ['builtins.set'],
  ['__builtin__.set'],
  ['torch.Size'],
  ['torch.Tensor'],
  ['torch.nn.parameter.Parameter'],
  ['torch.nn.parameter.Buffer'],
  ['torch._utils._rebuild_tensor'],
  ['torch._utils._rebuild_tensor_v2'],
  ['torch._utils._rebuild_parameter'],
  ['torch._utils._rebuild_parameter_with_state'],
  ['torch._tensor._rebuild_from_type_v2'],
  ['torch.DoubleStorage', 'F64'],
  ['torch.FloatStorage', 'F32'],
  ['torch.HalfStorage', 'F16'],
  ['torch.BFloat16Storage', 'BF16'],
  ['torch.LongStorage', 'I64'],
  ['torch.IntStorage', 'I32'],
  ['torch.ShortStorage', 'I16'],
  ['torch.CharStorage', 'I8'],
  ['torch.ByteStorage', 'U8'],
  ['torch.BoolStorage', 'BOOL'],
];
const globals = new Map(allowed.map(([name, dtype]): [string, Global] => [name, { kind: 'global', name, dtype }]));

/** The opcodes that Python's pickler writes in protocols 2 to 5; STOP (0x2e) ends it. */
const opcodes = new Map<number, (m: Machine) => void>([
  [0x80, m => checkProtocol(m, takeU8(m))], // PROTO
  [0x95, m => void take(m, 8)], // FRAME, a hint for readers of streams
  [0x28, m => void m.marks.push(m.stack.length)], // MARK
  [0x30, m => void drop(m)], // POP
  [0x31, m => void popMarked(m)], // POP_MARK
  [0x32, m => push(m, top(m))], // DUP
  [0x4e, m => push(m, null)], // NONE
  [0x88, m => push(m, true)], // NEWTRUE
  [0x89, m => push(m, false)], // NEWFALSE
  [0x4a, m => push(m, m.view.getInt32(take(m, 4), true))], // BININT
  [0x4b, m => push(m, takeU8(m))], // BININT1
  [0x4d, m => push(m, m.view.getUint16(take(m, 2), true))], // BININT2
  [0x8a, m => push(m, takeLong(m, takeU8(m)))], // LONG1
  [0x8b, m => push(m, takeLong(m, takeU32(m)))], // LONG4
  [0x47, m => push(m, m.view.getFloat64(take(m, 8)))], // BINFLOAT, the one number that is big-endian
  [0x58, m => push(m, takeText(m, takeU32(m)))], // BINUNICODE
  [0x8c, m => push(m, takeText(m, takeU8(m)))], // SHORT_BINUNICODE
  [0x8d, m => push(m, takeText(m, takeU64(m)))], // BINUNICODE8
  [0x43, m => skipBytes(m, takeU8(m))], // SHORT_BINBYTES
  [0x42, m => skipBytes(m, takeU32(m))], // BINBYTES
  [0x8e, m => skipBytes(m, takeU64(m))], // BINBYTES8
  [0x96, m => skipBytes(m, takeU64(m))], // BYTEARRAY8
  [0x5d, m => make(m, [])], // EMPTY_LIST
  [0x29, m => make(m, [])], // EMPTY_TUPLE
  [0x7d, m => make(m, new Map())], // EMPTY_DICT
  [0x8f, m => make(m, [])], // EMPTY_SET
  [0x74, m => make(m, popMarked(m))], // TUPLE
  [0x85, m => make(m, popMany(m, 1))], // TUPLE1
  [0x86, m => make(m, popMany(m, 2))], // TUPLE2
  [0x87, m => make(m, popMany(m, 3))], // TUPLE3
  [0x91, m => make(m, popMarked(m))], // FROZENSET
  [0x61, m => append(m, popMany(m, 1))], // APPEND
  [0x65, m => append(m, popMarked(m))], // APPENDS
  [0x90, m => append(m, popMarked(m))], // ADDITEMS
  [0x73, m => setItems(m, popMany(m, 2))], // SETITEM
  [0x75, m => setItems(m, popMarked(m))], // SETITEMS
  [0x71, m => remember(m, takeU8(m))], // BINPUT
  [0x72, m => remember(m, takeU32(m))], // LONG_BINPUT
  [0x94, m => remember(m, m.memo.size)], // MEMOIZE
  [0x68, m => recall(m, takeU8(m))], // BINGET
  [0x6a, m => recall(m, takeU32(m))], // LONG_BINGET
  [0x63, m => pushGlobal(m, [takeLine(m), takeLine(m)])], // GLOBAL
  [0x93, m => pushGlobal(m, popMany(m, 2))], // STACK_GLOBAL
  [0x51, m => make(m, storageOf(m, pop(m)))], // BINPERSID
  [0x52, m => make(m, call(m, popMany(m, 2)))], // REDUCE
  [0x81, m => make(m, call(m, popMany(m, 2)))], // NEWOBJ
  [0x92, m => make(m, call(m, popMany(m, 3)))], // NEWOBJ_EX, whose third operand are named arguments
  [0x62, m => setState(m, pop(m))], // BUILD
]);

/** What the pickle leaves on its stack; `name` is for messages. Throws BAD_WEIGHTS. */
export function unpickle(bytes: Uint8Array, name: string): Value {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const machine: Machine = { name, bytes, view, at: 0, stack: [], marks: [], memo: new Map(), objects: 0 };
  for (let operations = 0; operations < mostOperations; operations++) {
    const opcode = takeU8(machine);
    if (opcode === 0x2e) return pop(machine);
    const run = opcodes.get(opcode);
    if (!run) throw unwanted(machine, `opcode 0x${opcode.toString(16).padStart(2, '0')}, which no checkpoint needs`, 1);
    run(machine);
  }
  throw badWeights(name, `its pickle has more than ${mostOperations} operations, too many for a model: ${resave}`);
}

/** To be called for whatever takes memory of its own. */
function countObject(m: Machine): void {
  if (++m.objects > mostObjects)
    throw badWeights(m.name, `its pickle makes more than ${mostObjects} objects, too many for a model: ${resave}`);
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

/** Not exact beyond 2^53, where it is too much in any case. */
function takeU64(m: Machine): number {
  return Number(m.view.getBigUint64(take(m, 8), true));
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function takeText(m: Machine, n: number): string {
  const at = take(m, n);
  try {
    return utf8.decode(part(m.bytes, at, at + n));
  } catch {
    throw broken(m, `${n} bytes of text that are not UTF-8`, n);
  }
}

function takeLine(m: Machine): string {
  const length = part(m.bytes, m.at, Math.min(m.at + 256, m.bytes.length)).indexOf(10);
  if (length < 0) throw broken(m, 'a name without an end');
  const line = takeText(m, length);
  m.at++;
  return line;
}

/** What is longer than any number that counts here is only passed over. */
function takeLong(m: Machine, n: number): number | bigint | null {
  const at = take(m, n);
  if (n > longestNumber) return null;
  let value = 0n;
  for (let i = n - 1; i >= 0; i--) value = (value << 8n) | BigInt(m.bytes[at + i]);
  value = BigInt.asIntN(8 * n, value);
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** Bytes are never part of a tensor here: they are passed over. */
function skipBytes(m: Machine, n: number): void {
  take(m, n);
  push(m, null);
}

function make(m: Machine, value: Value): void {
  countObject(m);
  push(m, value);
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

/** POP takes a mark away where that is what comes first. */
function drop(m: Machine): void {
  if (m.stack.length > 0 && m.stack.length === m.marks.at(-1)) m.marks.pop();
  else pop(m);
}

function popMarked(m: Machine): Value[] {
  const mark = m.marks.pop();
  if (mark === undefined) throw broken(m, 'the end of a list that never began');
  return m.stack.splice(mark);
}

/** What is put into a placeholder as into a list is forgotten: weights have names. */
function append(m: Machine, items: Value[]): void {
  const list = top(m);
  if (isKind(list, 'placeholder')) return;
  if (!Array.isArray(list)) throw broken(m, 'an append to something that is no list');
  for (const item of items) list.push(item);
}

function setItems(m: Machine, items: Value[]): void {
  const value = top(m);
  const dict = isKind(value, 'placeholder') ? (value.items ??= new Map()) : value;
  if (!(dict instanceof Map) || items.length % 2 > 0) throw broken(m, 'items for something that is no dict');
  for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
}

function remember(m: Machine, key: number): void {
  countObject(m);
  m.memo.set(key, top(m));
}

function recall(m: Machine, key: number): void {
  const value = m.memo.get(key);
  if (value === undefined) throw broken(m, `a reference to object ${key}, which does not exist`);
  push(m, value);
}

function checkProtocol(m: Machine, protocol: number): void {
  if (protocol < 2 || protocol > 5) throw unwanted(m, `protocol ${protocol}, atrous reads 2 to 5`, 2);
}

function pushGlobal(m: Machine, [module, name]: Value[]): void {
  if (typeof module !== 'string' || typeof name !== 'string') throw broken(m, 'a class or function without a name');
  const path = `${module.slice(0, 200)}.${name.slice(0, 200)}`;
  make(m, globals.get(path) ?? placeholder(path, false));
}

function placeholder(name: string, made: boolean): Placeholder {
  return { kind: 'placeholder', name, made, items: null, state: null };
}

export function isKind<K extends 'global' | 'storage' | 'tensor' | 'placeholder'>(
  value: Value,
  kind: K,
): value is Extract<Value, { readonly kind: K }> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
}

/** The persistent id of a storage: ('storage', class, key of the record, location, number of elements). */
function storageOf(m: Machine, id: Value): Storage {
  const [tag, type, key, , elements] = Array.isArray(id) ? id : [];
  const isClass = isKind(type, 'global') || isKind(type, 'placeholder');
  if (tag === 'storage' && isClass && typeof key === 'string' && key.length < 100 && isSize(elements)) {
    return { kind: 'storage', dtype: ('dtype' in type && type.dtype) || null, type: type.name, key, elements };
  }
  throw broken(m, 'a storage without class, key and length');
}

/** What a function of the list makes of its arguments; a placeholder for any other function, and for other arguments. */
function call(m: Machine, [fn, args]: Value[]): Value {
  const isFunction = isKind(fn, 'global') || isKind(fn, 'placeholder');
  if (!isFunction || !Array.isArray(args)) throw broken(m, 'a call of something that is no function');
  const [first, second, third] = args;
  switch (isKind(fn, 'global') ? fn.name : null) {
    case 'collections.OrderedDict':
      if (args.length === 0) return new Map();
      break;
    case 'collections.defaultdict':
      return new Map();
    case 'builtins.set':
    case '__builtin__.set':
    case 'torch.Size':
      if (Array.isArray(first)) return first;
      break;
    case 'torch._utils._rebuild_tensor':
    case 'torch._utils._rebuild_tensor_v2': {
      const tensor = tensorOf(args);
      if (tensor) return tensor;
      break;
    }
    case 'torch._utils._rebuild_parameter':
    case 'torch._utils._rebuild_parameter_with_state':
      return first ?? null;
    // (function, class, arguments, attributes): a tensor with attributes. Another class may mean another thing by the same storage.
    case 'torch._tensor._rebuild_from_type_v2':
      if (!isKind(second ?? null, 'global')) return placeholder(nameOf(second), true);
      if (first !== fn) return call(m, [first ?? null, third ?? null]);
  }
  return placeholder(fn.name, true);
}

function nameOf(value: Value | undefined): string {
  return value !== undefined && isKind(value, 'placeholder') ? value.name : 'an object';
}

/** `_rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks, metadata=None)` */
function tensorOf([storage, offset, shape, strides]: Value[]): LazyTensor | null {
  if (storage === undefined || !isKind(storage, 'storage') || !Array.isArray(shape) || !Array.isArray(strides)) return null;
  return { kind: 'tensor', storage, offset, shape, strides };
}

/** Attributes: of an OrderedDict its version numbers, of a module everything. */
function setState(m: Machine, state: Value): void {
  const value = top(m);
  if (isKind(value, 'placeholder')) value.state = state;
  else if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw broken(m, 'attributes for something that has none');
}
