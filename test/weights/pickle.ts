// Tiny PyTorch files by hand, down to the opcode, so that tests can build what torch.save never would.

import { deflateRawSync } from 'node:zlib';

/** Pickle code: leaves one value on the stack. */
export type Code = readonly number[];

const utf8 = (text: string): number[] => [...new TextEncoder().encode(text)];
const little = (value: number | bigint, size: number): number[] =>
  Array.from({ length: size }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 255n));

export const none: Code = [0x4e];
export const text = (value: string): Code => [0x58, ...little(utf8(value).length, 4), ...utf8(value)];
/** LONG1, as Python writes whole numbers beyond 31 bits. */
export const int = (value: number | bigint): Code => [0x8a, 9, ...little(value, 9)];
export const global = (module: string, name: string): Code => [0x63, ...utf8(`${module}\n${name}\n`)];
export const tuple = (...items: Code[]): Code => [0x28, ...items.flat(), 0x74];
export const list = (...items: Code[]): Code => [0x5d, 0x28, ...items.flat(), 0x65];
export const call = (fn: Code, ...args: Code[]): Code => [...fn, ...tuple(...args), 0x52];
export const dict = (...entries: [string, Code][]): Code => [0x7d, ...items(entries)];
export const ordered = (...entries: [string, Code][]): Code => [...call(global('collections', 'OrderedDict')), ...items(entries)];
/** Into the dict on the stack. */
export const items = (entries: [string, Code][]): Code => [
  0x28,
  ...entries.flatMap(([key, value]) => [...text(key), ...value]),
  0x75,
];

export interface TensorCode {
  readonly type?: string;
  readonly key?: string;
  /** Elements of the storage. */
  readonly stored: number | bigint;
  readonly offset?: number | bigint;
  readonly shape: readonly (number | bigint)[];
  readonly strides: readonly (number | bigint)[];
}

export function tensor(code: TensorCode): Code {
  return [...global('torch._utils', '_rebuild_tensor_v2'), ...tensorArguments(code), 0x52];
}

/** What a tensor is rebuilt from. */
export function tensorArguments({ type = 'Float', key = '0', stored, offset = 0, shape, strides }: TensorCode): Code {
  const id = tuple(text('storage'), global('torch', `${type}Storage`), text(key), text('cuda:0'), int(stored));
  return tuple([...id, 0x51], int(offset), tuple(...shape.map(int)), tuple(...strides.map(int)), [0x89], ordered());
}

export const pickle = (value: Code): Uint8Array => Uint8Array.from([0x80, 2, ...value, 0x2e]);

export interface ZipRecord {
  readonly name: string;
  readonly data: Uint8Array;
  /** 0 stores, 8 deflates, anything else stores under that number. */
  readonly method?: number;
  readonly flags?: number;
  /** The unpacked size to claim instead of the true one. */
  readonly claim?: number;
}

/** `wide` writes zip64 throughout, as PyTorch does beyond 4 GiB. */
export function zip(records: readonly ZipRecord[], wide = false): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: number[] = [];
  let at = 0;
  for (const { name, data, method = 0, flags = 0, claim = data.length } of records) {
    const packed = method === 8 ? new Uint8Array(deflateRawSync(data)) : data;
    const common = [...little(0, 2), ...little(flags, 2), ...little(method, 2), ...little(0, 4), ...little(crc32(data), 4)];
    const sizes = wide ? little(2n ** 64n - 1n, 8) : [...little(packed.length, 4), ...little(claim, 4)];
    const extra = wide ? [1, 0, 24, 0, ...little(claim, 8), ...little(packed.length, 8), ...little(at, 8)] : [];
    const local = [0x50, 0x4b, 3, 4, ...common, ...sizes, ...little(utf8(name).length, 2), 0, 0, ...utf8(name)];
    const rest = [
      ...little(utf8(name).length, 2),
      ...little(extra.length, 2),
      ...little(0, 10),
      ...little(wide ? 0xffffffff : at, 4),
    ];
    directory.push(0x50, 0x4b, 1, 2, 0, 0, ...common, ...sizes, ...rest, ...utf8(name), ...extra);
    parts.push(Uint8Array.from(local), packed);
    at += local.length + packed.length;
  }
  return join([...parts, Uint8Array.from(directory), endOf(records.length, directory.length, at, wide)]);
}

function endOf(count: number, size: number, begin: number, wide: boolean): Uint8Array {
  const end = (n: number, s: number, b: number) => [
    0x50,
    0x4b,
    5,
    6,
    0,
    0,
    0,
    0,
    ...little(n, 2),
    ...little(n, 2),
    ...little(s, 4),
    ...little(b, 4),
    0,
    0,
  ];
  if (!wide) return Uint8Array.from(end(count, size, begin));
  const record = [
    0x50,
    0x4b,
    6,
    6,
    ...little(44, 8),
    ...little(0, 12),
    ...little(count, 8),
    ...little(count, 8),
    ...little(size, 8),
    ...little(begin, 8),
  ];
  const locator = [0x50, 0x4b, 6, 7, ...little(0, 4), ...little(begin + size, 8), ...little(1, 4)];
  return Uint8Array.from([...record, ...locator, ...end(0xffff, 0xffffffff, 0xffffffff)]);
}

/** A file as torch.save writes it; `storages` by key, `records` besides them, all under `folder`. */
export function torchFile(
  value: Code,
  storages: Record<string, Uint8Array>,
  records: readonly ZipRecord[] = [],
  folder = 'archive/',
  method = 0,
) {
  const all: ZipRecord[] = [{ name: 'data.pkl', data: pickle(value), method }];
  for (const [key, data] of Object.entries(storages)) all.push({ name: `data/${key}`, data, method });
  all.push({ name: 'version', data: Uint8Array.from(utf8('3\n')) }, ...records);
  return zip(all.map(record => ({ ...record, name: folder + record.name })));
}

export function floats(...values: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

export function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function crc32(data: Uint8Array): number {
  let crc = -1;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
