// Zip archives as checkpoints are: every offset and size is checked against the file before anything is read or allocated.
// Format: PKWARE APPNOTE.TXT 4.3. CRCs are not checked: torch.serialization.set_crc32_options lets torch.save leave them out.

import { describe } from '../errors.ts';
import { inflate, MOST_FROM_A_BYTE } from '../inflate.ts';
import { badWeights, damaged, isSize, part, quote } from './tensor.ts';

interface Entry {
  readonly encrypted: boolean;
  readonly method: number;
  readonly packed: Uint8Array;
  readonly size: number;
}

export interface Zip {
  readonly name: string;
  readonly entries: ReadonlyMap<string, Entry>;
  /** What to do about a file that unpacks to too much. */
  readonly advice: string;
  /** Bytes that may still be allocated. A zip can name the same packed bytes a thousand times, so one bound is for all. */
  left: number;
}

/** Reads the directory only; `name` is for messages. Throws BAD_WEIGHTS. */
export function openZip(bytes: Uint8Array, name: string, advice: string): Zip {
  return { name, entries: readEntries(bytes, name), advice, left: 2 ** 26 + 8 * bytes.length };
}

/** The bytes of an entry, of which there may be at most `cap`: a view into the file where they are stored as they are. */
export function unpack(zip: Zip, { encrypted, method, packed, size }: Entry, key: string, cap: number): Uint8Array {
  const { name } = zip;
  const record = `record ${quote(key)}`;
  if (encrypted) throw badWeights(name, `${record} is encrypted: unpack the zip with its password and zip it again without`);
  if (size > cap) throw damaged(name, `${record} claims ${size} bytes, at most ${cap} fit here`);
  if (method === 0 && packed.length === size) return packed;
  if (method !== 0 && method !== 8) {
    const title = methods.get(method) ?? 'unknown';
    throw badWeights(name, `${record} uses zip method ${method} (${title}), atrous knows 0 and 8: zip it again`);
  }
  if (method === 0 || size > packed.length * MOST_FROM_A_BYTE) {
    throw damaged(name, `${record} claims ${size} bytes from ${packed.length} packed ones, which cannot be`);
  }
  spend(zip, size, quote(key));
  let unpacked: ReturnType<typeof inflate>;
  try {
    unpacked = inflate([packed], size);
  } catch (error) {
    throw damaged(name, `${record} does not inflate: ${describe(error)}`);
  }
  const { bytes, found } = unpacked;
  if (found > size) throw damaged(name, `${record} inflates to more than the ${size} bytes it claims`);
  if (found !== size) throw damaged(name, `${record} inflates to ${found} of the ${size} bytes it claims`);
  return bytes;
}

const methods = new Map([
  [9, 'Deflate64'],
  [12, 'bzip2'],
  [14, 'LZMA'],
  [93, 'Zstandard'],
]);

/** To be called before `bytes` are allocated for `what`. */
export function spend(zip: Zip, bytes: number, what: string): void {
  if (bytes > zip.left) {
    throw badWeights(
      zip.name,
      `${what} takes ${bytes} more bytes, ${zip.left} are left of what a file of its size may unpack to: ${zip.advice}`,
    );
  }
  zip.left -= bytes;
}

function readEntries(bytes: Uint8Array, name: string): Map<string, Entry> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const directory = findDirectory(view, name);
  const entries = new Map<string, Entry>();
  let at = directory.begin;
  for (let i = 0; i < directory.entries; i++) {
    const begins = at + 46 <= directory.end && view.getUint32(at, true) === 0x02014b50;
    const [title, extra, comment] = begins ? [28, 30, 32].map(offset => view.getUint16(at + offset, true)) : [0, 0, 0];
    const next = at + 46 + title + extra + comment;
    if (!begins || next > directory.end) {
      throw damaged(name, `entry ${i} of ${directory.entries} in the zip directory is not at byte ${at}`);
    }
    const key = new TextDecoder().decode(part(bytes, at + 46, at + 46 + title));
    if (entries.has(key)) throw damaged(name, `the zip directory names ${quote(key)} twice`);
    entries.set(key, readEntry(bytes, view, at, directory.begin, key, name));
    at = next;
  }
  if (at !== directory.end) throw damaged(name, `the zip directory ends at byte ${at}, not at ${directory.end}`);
  return entries;
}

/** The end record lies at the very end, before a comment of at most 65,535 bytes. */
function findDirectory(view: DataView, name: string) {
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
  const wide = wideNumbers(view, at);
  const fields = [24, 20, 42].map(offset => view.getUint32(at + offset, true));
  const [size, packed, local] = fields.map(field => (field === 0xffffffff ? (wide.shift() ?? field) : field));
  if (![size, packed, local].every(isSize)) throw damaged(name, `zip entry ${quote(key)} has a size or offset beyond 2^53`);
  const named = local + 30 <= limit && view.getUint32(local, true) === 0x04034b50;
  const begin = named ? local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true) : local;
  if (!named || begin + packed > limit) {
    throw damaged(name, `zip entry ${quote(key)} claims ${packed} bytes at ${begin}, records end at ${limit}`);
  }
  const encrypted = (view.getUint16(at + 8, true) & 1) === 1;
  return { encrypted, method: view.getUint16(at + 10, true), packed: part(bytes, begin, begin + packed), size };
}

/** Zip64 (APPNOTE 4.5.3): what did not fit into 32-bit fields, which are then all ones, is in an extra field with id 1. */
function wideNumbers(view: DataView, entry: number): number[] {
  let at = entry + 46 + view.getUint16(entry + 28, true);
  const end = at + view.getUint16(entry + 30, true);
  while (at + 4 <= end) {
    const begin = at + 4;
    const next = begin + view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === 1) {
      const length = Math.min(3, Math.floor((Math.min(next, end) - begin) / 8));
      return Array.from({ length }, (_, i) => Number(view.getBigUint64(begin + 8 * i, true)));
    }
    at = next;
  }
  return [];
}
