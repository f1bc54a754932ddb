// The pickle of a PyTorch checkpoint. A pickle is a program, so this runs a fixed list of opcodes and calls four functions by
// itself. Opcodes: CPython Lib/pickletools.py; what PyTorch puts into them: torch/serialization.py and torch/_utils.py.

import type { Dtype } from './tensor.ts';
import { badWeights, damaged, isSize, part, quote } from './tensor.ts';

/** A model of 500 tensors takes 15,000, twice that with its optimizer. The dearest, an empty dict, takes 200 bytes: 52 MB of them. */
const mostOperations = 2 ** 18;
/** Bytes of a whole number. Python's are endless; the state of a random generator takes 16. */
const longestNumber = 32;

/** How to get rid of what is refused here. */
export const resave =
  "re-save the tensors alone: torch.save(checkpoint['model'], 'weights.pth') or torch.save(model.state_dict(), 'weights.pth')";

/** A function or class of the allow-list. `dtype` is there for the storage classes, which are named and never called. */
interface Global {
  readonly kind: 'global';
  readonly name: string;
  readonly dtype?: Dtype;
}

export interface Storage {
  readonly kind: 'storage';
  readonly dtype: Dtype;
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

/** Lists and tuples are both arrays: nothing here depends on the difference. */
export type Value = null | boolean | number | bigint | string | Value[] | Map<Value, Value> | Global | Storage | LazyTensor;

interface Machine {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
  readonly stack: Value[];
  readonly marks: number[];
  readonly memo: Map<number, Value>;
}

const allowed: readonly (readonly [string, Dtype?])[] = [
  ['collections.OrderedDict'],
  ['torch.Size'],
  ['torch._utils._rebuild_tensor_v2'],
  ['torch._utils._rebuild_parameter'],
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
  [0x63, m => pushGlobal(m, [takeLine(m), takeLine(m)])], // GLOBAL
  [0x93, m => pushGlobal(m, popMany(m, 2))], // STACK_GLOBAL
  [0x51, m => push(m, storageOf(m, pop(m)))], // BINPERSID
  [0x52, m => push(m, call(m, popMany(m, 2)))], // REDUCE
  [0x62, m => ignoreState(m)], // BUILD: state_dict() hangs version numbers on its OrderedDict
]);

/** What the pickle leaves on its stack; `name` is for messages. Throws BAD_WEIGHTS. */
export function unpickle(bytes: Uint8Array, name: string): Value {
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

function takeLong(m: Machine): number | bigint {
  const n = takeU8(m);
  const at = take(m, n);
  if (n > longestNumber) throw unwanted(m, `a whole number of ${n} bytes, atrous reads up to ${longestNumber}`, n);
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

function pushGlobal(m: Machine, [module, name]: Value[]): void {
  const path = typeof module === 'string' && typeof name === 'string' ? `${module.slice(0, 200)}.${name.slice(0, 200)}` : '';
  const found = globals.get(path);
  if (!found) throw badWeights(m.name, `its pickle asks for ${quote(path)}, which could run code and is never loaded: ${resave}`);
  push(m, found);
}

export function isKind<K extends 'global' | 'storage' | 'tensor'>(
  value: Value,
  kind: K,
): value is Extract<Value, { readonly kind: K }> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
}

/** The persistent id of a storage: ('storage', class, key of the record, location, number of elements). */
function storageOf(m: Machine, id: Value): Storage {
  const [tag, type, key, , elements] = Array.isArray(id) ? id : [];
  if (
    tag === 'storage' &&
    isKind(type, 'global') &&
    type.dtype &&
    typeof key === 'string' &&
    key.length < 100 &&
    isSize(elements)
  ) {
    return { kind: 'storage', dtype: type.dtype, key, elements };
  }
  throw broken(m, 'a storage without class, key and length');
}

function call(m: Machine, [fn, args]: Value[]): Value {
  if (!isKind(fn, 'global') || !Array.isArray(args)) throw broken(m, 'a call of something that is no function');
  if (fn.name === 'collections.OrderedDict' && args.length === 0) return new Map();
  if (fn.name === 'torch.Size' && args.length === 1 && Array.isArray(args[0])) return args[0];
  if (fn.name === 'torch._utils._rebuild_tensor_v2') return tensorOf(m, args);
  if (fn.name === 'torch._utils._rebuild_parameter' && isKind(args[0], 'tensor')) return args[0];
  throw broken(m, `a call of ${fn.name} with unknown arguments`);
}

/** `_rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks, metadata=None)` */
function tensorOf(m: Machine, [storage, offset, shape, strides]: Value[]): LazyTensor {
  if (isKind(storage, 'storage') && Array.isArray(shape) && Array.isArray(strides)) {
    return { kind: 'tensor', storage, offset, shape, strides };
  }
  throw broken(m, 'a tensor without storage, size and strides');
}

function ignoreState(m: Machine): void {
  pop(m);
  if (!(top(m) instanceof Map)) throw unwanted(m, 'attributes for something that is no dict');
}
