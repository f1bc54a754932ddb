// Safetensors: 8 bytes of header length, a JSON header, then the tensors' bytes without a gap. Read as views.
// Format: https://github.com/huggingface/safetensors#format. A file is hostile until every number in its header has been checked.

import type { AtrousError } from '../errors.ts';
import type { Dtype, Stored, Tensor } from './tensor.ts';
import { badWeights, bytesPer, countChecked, damaged, float16ToNumber, isSize, part, quote, show } from './tensor.ts';

/** The reference reader stops at 100 MB, but a tensor takes about 120 bytes, and JSON.parse a multiple of a hostile header. */
const longestHeader = 2 ** 24;
/** Types of the format that no network here takes, with their bytes: a file may hold such tensors beside others. */
const otherTypes: Readonly<Record<string, number>> = { U16: 2, U32: 4, U64: 8, F8_E4M3: 1, F8_E5M2: 1, F8_E8M0: 1, C64: 8 };

interface Placed {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads a whole file. The tensors are views into `bytes`, in the order of the header; `metadata` is the header's `__metadata__`.
 * `name` is for messages. Throws BAD_WEIGHTS for whatever breaks the format: lengths, JSON, duplicate keys, overlaps, gaps.
 */
export function readSafetensors(bytes: Uint8Array, name: string): { tensors: Map<string, Stored>; metadata: Map<string, string> } {
  const start = dataStart(bytes, name);
  const data = part(bytes, start, bytes.length);
  const header = parseHeader(part(bytes, 8, start), name);
  const tensors = new Map<string, Stored>();
  const metadata = new Map<string, string>();
  const places: Placed[] = [];
  for (const [key, value] of Object.entries(header)) {
    if (key === '__metadata__') {
      for (const [k, v] of Object.entries(metadataOf(value, name))) metadata.set(k, v);
      continue;
    }
    const { dtype, shape, begin, end } = checkEntry(key, value, data.length, name);
    tensors.set(key, isDtype(dtype) ? { dtype, shape, bytes: part(data, begin, end) } : unreadable(key, dtype, shape, name));
    places.push({ name: key, begin, end });
  }
  checkCovered(places, data.length, name);
  return { tensors, metadata };
}

function dataStart(bytes: Uint8Array, name: string): number {
  if (bytes.length < 8) throw damaged(name, `${bytes.length} bytes, a safetensors file has at least 8`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(bytes.length - 8)) {
    throw damaged(name, `the safetensors header claims ${length} bytes, ${bytes.length - 8} follow`);
  }
  if (length > longestHeader) {
    throw badWeights(name, `the safetensors header claims ${length} bytes, atrous reads at most ${longestHeader}`);
  }
  return 8 + Number(length);
}

function parseHeader(bytes: Uint8Array, name: string): object {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (cause) {
    throw badWeights(name, `the safetensors header (${bytes.length} bytes) is not UTF-8 JSON: fetch the file again`, cause);
  }
  if (!isObject(header)) throw invalid(name, 'the safetensors header is JSON but not an object of tensors');
  const entries = Object.values(header);
  const kept = entries.reduce((sum, entry) => sum + (isObject(entry) ? Object.keys(entry).length : 0), entries.length);
  const written = countKeys(text);
  if (written !== kept) {
    throw invalid(name, `the safetensors header writes ${written} keys, ${kept} are left of them: duplicate or nested keys`);
  }
  return header;
}

/** JSON.parse silently keeps the last of two equal keys. In valid JSON every colon outside a string stands behind a key. */
function countKeys(text: string): number {
  let keys = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '"') inString = !inString;
    else if (inString && c === '\\') i++;
    else if (!inString && c === ':') keys++;
  }
  return keys;
}

function invalid(file: string, text: string): AtrousError {
  return badWeights(file, `${text}: no valid safetensors file, fetch or save it again`);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function metadataOf(value: unknown, name: string): Record<string, string> {
  if (!isObject(value)) throw invalid(name, '__metadata__ of the safetensors header is not an object');
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') {
      throw invalid(name, `__metadata__ entry ${quote(key)} is ${show(text)}, the format allows strings only`);
    }
  }
  return value as Record<string, string>;
}

function checkEntry(key: string, value: unknown, available: number, name: string) {
  const where = `tensor ${quote(key)}`;
  const keys = isObject(value) ? Object.keys(value).sort().join() : show(value);
  if (keys !== 'data_offsets,dtype,shape') {
    throw invalid(name, `${where} has ${quote(keys)}, expected data_offsets, dtype and shape`);
  }
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
  const item = isDtype(dtype)
    ? bytesPer[dtype]
    : typeof dtype === 'string' && Object.hasOwn(otherTypes, dtype) && otherTypes[dtype];
  if (!item) throw unknownType(key, dtype, name);
  if (!Array.isArray(shape)) throw invalid(name, `${where} has shape ${show(shape)}, expected a list of sizes`);
  const elements = countChecked(shape);
  if (Number.isNaN(elements)) {
    throw invalid(name, `${where} has shape ${show(shape)}: sizes are whole numbers whose product stays below 2^53`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    throw invalid(name, `${where} has data_offsets ${show(offsets)}, expected two whole numbers`);
  }
  const [begin, end] = offsets as number[];
  if (begin > end) throw invalid(name, `${where} begins at byte ${begin} and ends at ${end}`);
  if (end > available) throw damaged(name, `${where} ends at byte ${end}, the file has ${available} bytes of data`);
  const size = elements * item;
  if (end - begin !== size) {
    throw invalid(name, `${where} is ${show(dtype)} ${show(shape)}, ${size} bytes, but its offsets span ${end - begin}`);
  }
  return { dtype: dtype as string, shape: shape as number[], begin, end };
}

function unreadable(key: string, dtype: string, shape: readonly number[], name: string): Stored {
  const problem = (): AtrousError => unknownType(key, dtype, name);
  return {
    dtype: 'F32',
    shape,
    problem,
    get bytes(): Uint8Array {
      throw problem();
    },
  };
}

function unknownType(key: string, dtype: unknown, name: string): AtrousError {
  const known = Object.keys(bytesPer).join(', ');
  return badWeights(name, `tensor ${quote(key)} has dtype ${show(dtype)}, atrous reads ${known}: convert it`);
}

function isDtype(value: unknown): value is Dtype {
  return typeof value === 'string' && Object.hasOwn(bytesPer, value);
}

/** The format demands that the tensors cover the data exactly, so that nothing can hide in a file and no byte means two things. */
function checkCovered(places: Placed[], available: number, name: string): void {
  places.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let end = 0;
  for (const place of places) {
    if (place.begin < end) {
      throw invalid(name, `tensor ${quote(place.name)} begins at byte ${place.begin}, inside one that ends at ${end}`);
    }
    if (place.begin > end) {
      throw invalid(name, `bytes ${end} to ${place.begin}, before tensor ${quote(place.name)}, belong to no tensor`);
    }
    end = place.end;
  }
  if (end !== available) {
    throw invalid(name, `the tensors end at byte ${end} of ${available}: trailing bytes belong to no tensor`);
  }
}

/**
 * A whole file: header padded with spaces to a multiple of 8 bytes, tensors in the order given, so equal input gives equal bytes.
 * Throws BAD_WEIGHTS for a name that appears twice or is reserved, a length that contradicts its shape, and an F16 tensor with
 * an infinity or NaN, which is what `encodeFloat16` leaves of a weight beyond 65504.
 */
export function writeSafetensors(
  tensors: Iterable<readonly [string, Tensor]>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const list = [...tensors];
  const entries = metadata ? [`"__metadata__":${JSON.stringify(metadata)}`] : [];
  const seen = new Set(['__metadata__']);
  let size = 0;
  for (const [key, tensor] of list) {
    checkWritable(key, tensor, seen);
    const { dtype, shape, bytes } = tensor;
    entries.push(`${JSON.stringify(key)}:${JSON.stringify({ dtype, shape, data_offsets: [size, (size += bytes.length)] })}`);
  }
  return assemble(`{${entries.join(',')}}`, list, size);
}

function assemble(text: string, list: readonly (readonly [string, Tensor])[], size: number): Uint8Array {
  const header = new TextEncoder().encode(text);
  const padded = Math.ceil(header.length / 8) * 8;
  const file = new Uint8Array(8 + padded + size).fill(0x20, 8, 8 + padded);
  new DataView(file.buffer).setBigUint64(0, BigInt(padded), true);
  file.set(header, 8);
  let at = 8 + padded;
  for (const [, { bytes }] of list) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

function checkWritable(key: string, { dtype, shape, bytes }: Tensor, seen: Set<string>): void {
  const where = `tensor ${quote(key)}`;
  if (seen.has(key)) throw badWeights('safetensors', `${where} is a reserved name or is written twice`);
  seen.add(key);
  const size = countChecked(shape) * bytesPer[dtype];
  if (bytes.length !== size) {
    throw badWeights('safetensors', `${where} is ${dtype} ${show(shape)}, ${size} bytes, but has ${bytes.length}`);
  }
  if (dtype !== 'F16') return;
  for (let i = 0; i < bytes.length; i += 2) {
    if ((bytes[i + 1] & 0x7c) !== 0x7c) continue;
    const value = float16ToNumber(bytes[i] | (bytes[i + 1] << 8));
    throw badWeights(
      'safetensors',
      `${where} is ${value} at index ${i / 2} in F16, whose largest value is 65504: keep this tensor F32`,
    );
  }
}
