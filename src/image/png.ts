// PNG files whose pixels are class numbers. Image libraries turn a palette into colours on reading and choose their own on
// writing; here a value stays what it is. Format: PNG specification, third edition (W3C). Runs in browsers and Node.

import { AtrousError, describe } from '../errors.ts';
import { inflate, MOST_FROM_A_BYTE } from '../inflate.ts';
import type { Palette } from './overlay.ts';

export interface LabelImage {
  /** h×w, row by row. */
  readonly data: Uint8Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
  /** Of a palette file; it may have fewer entries than `data` has values. */
  readonly palette?: Palette;
}

interface Header {
  readonly width: number;
  readonly height: number;
  /** Bits a pixel: 1, 2, 4 or 8. */
  readonly bits: number;
  readonly indexed: boolean;
}

interface Chunk {
  readonly type: string;
  readonly body: Uint8Array;
}

const signature = [137, 80, 78, 71, 13, 10, 26, 10];
const pixelLimit = 2 ** 28;
const colourTypes: Record<number, string> = { 0: 'grey', 2: 'RGB', 3: 'palette', 4: 'grey with alpha', 6: 'RGB with alpha' };

/**
 * An 8-bit palette PNG of `data` (h×w): pixel value = class number = index of its colour. Errors: BAD_USAGE for sizes that disagree,
 * a palette of no or more than 256 colours, a value without a colour.
 */
export async function encodeIndexed(
  { data, width, height }: Pick<LabelImage, 'width' | 'height'> & { readonly data: Uint8Array },
  palette: Palette,
): Promise<Uint8Array<ArrayBuffer>> {
  checkIndexed(data, width, height, palette);
  const rows = new Uint8Array((width + 1) * height); // each row after its filter number: 0, none, which is best for indices
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const header = new Uint8Array(13);
  new DataView(header.buffer).setUint32(0, width);
  new DataView(header.buffer).setUint32(4, height);
  header.set([8, 3, 0, 0, 0], 8);
  const chunks: Chunk[] = [
    { type: 'IHDR', body: header },
    { type: 'PLTE', body: Uint8Array.from(palette.flat()) },
    { type: 'IDAT', body: await deflate(rows) },
    { type: 'IEND', body: new Uint8Array() },
  ];
  return join([Uint8Array.from(signature), ...chunks.map(writeChunk)]);
}

/**
 * Class numbers (h×w) of a grey or palette PNG of 1, 2, 4 or 8 bits: the stored values, neither looked up in the palette nor scaled.
 * Bytes behind the pixels or behind the end are passed over. `name` is for messages; `check` sees the size that the header tells before
 * anything of that size is allocated, and may throw. Errors: BAD_IMAGE for anything else, damage, or more than 2^28 pixels.
 */
export async function decodeLabels(
  bytes: Uint8Array,
  name: string,
  check?: (size: Pick<LabelImage, 'width' | 'height'>) => void,
): Promise<LabelImage> {
  const chunks = readChunks(bytes, name);
  const { width, height, bits, indexed } = readHeader(chunks[0], name);
  check?.({ width, height });
  const palette = readPalette(chunks, bits, indexed, name);
  const packed = chunks.filter(({ type }) => type === 'IDAT').map(({ body }) => body);
  const stride = Math.ceil((width * bits) / 8);
  const rows = unpackRows(packed, (stride + 1) * height, name);
  unfilter(rows, stride, height, name);
  return { data: unpack(rows, width, height, bits), width, height, palette };
}

function refuse(name: string, problem: string, next = 'write the file again'): never {
  throw new AtrousError('BAD_IMAGE', `${name}: ${problem}; ${next}`);
}

function checkIndexed(data: Uint8Array, width: number, height: number, palette: Palette): void {
  const whole = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  if (!whole || width * height > pixelLimit || data.length !== width * height) {
    throw new AtrousError(
      'BAD_USAGE',
      `index PNG: ${data.length} values for ${height}×${width}: give h×w of them, at least one and at most ${pixelLimit}`,
    );
  }
  if (palette.length < 1 || palette.length > 256) {
    throw new AtrousError('BAD_USAGE', `index PNG: the palette has ${palette.length} colours: give 1 to 256`);
  }
  const bad = data.findIndex(value => value >= palette.length);
  if (bad < 0) return;
  throw new AtrousError(
    'BAD_USAGE',
    `index PNG: pixel ${bad} is ${data[bad]} and the palette has ${palette.length} colours: give one a class`,
  );
}

/** PNG 5.3: length (u32), type (4 letters), body, CRC-32 of type and body (u32); big-endian. From IHDR to IEND. */
function readChunks(bytes: Uint8Array, name: string): Chunk[] {
  if (bytes.length === 0) refuse(name, 'the file is empty');
  if (signature.some((byte, i) => bytes[i] !== byte)) refuse(name, 'this is no PNG file (its first 8 bytes say so)', 'give a PNG');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let at = 8; chunks.at(-1)?.type !== 'IEND'; ) {
    const left = bytes.length - at - 12;
    const length = left >= 0 ? view.getUint32(at) : 0;
    if (left < length)
      refuse(name, `the file ends at byte ${bytes.length}, within the chunk that begins at ${at}`, 'fetch or write it again');
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (!/^[A-Za-z]{4}$/.test(type)) refuse(name, `the chunk at byte ${at} has no proper name`);
    if (crc32(bytes.subarray(at + 4, at + 8 + length)) !== view.getUint32(at + 8 + length)) {
      refuse(name, `the checksum of chunk ${type} at byte ${at} is wrong`, 'the file is damaged, fetch or write it again');
    }
    chunks.push({ type, body: bytes.subarray(at + 8, at + 8 + length) });
    at += 12 + length;
  }
  checkOrder(chunks, name);
  return chunks;
}

/** PNG 5.6: IHDR first, then PLTE, then IDAT without a gap, and no critical chunk (upper case first letter) that is not known. */
function checkOrder(chunks: Chunk[], name: string): void {
  const runs = chunks.map(({ type }) => type).filter((type, i) => type !== 'IDAT' || chunks[i - 1]?.type !== 'IDAT');
  const critical = runs.filter(type => /^[A-Z]/.test(type)).join(', ');
  if (/^IHDR, (PLTE, )?IDAT, IEND$/.test(critical)) return;
  refuse(name, `its chunks are ${critical.slice(0, 80)}; a PNG has IHDR, perhaps PLTE, IDAT in one run, IEND`);
}

/** PNG 11.2.1: width, height (u32), bit depth, colour type, compression, filter, interlace (u8). */
function readHeader({ type, body }: Chunk, name: string): Header {
  if (type !== 'IHDR' || body.length !== 13) refuse(name, `the first chunk is ${type} of ${body.length} bytes, not IHDR of 13`);
  const view = new DataView(body.buffer, body.byteOffset, 13);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [bits, colour, compression, filter, interlace] = body.subarray(8);
  if (width === 0 || height === 0 || width * height > pixelLimit) {
    refuse(name, `it says ${height}×${width} pixels (h×w)`, `between 1 and ${pixelLimit} can be read`);
  }
  if (colour !== 0 && colour !== 3) {
    refuse(
      name,
      `it holds ${colourTypes[colour] ?? `colour type ${colour}`} pixels, and labels are grey or palette`,
      'save one class number a pixel',
    );
  }
  if (![1, 2, 4, 8].includes(bits))
    refuse(name, `it has ${bits} bits a pixel, and labels have at most 8`, 'save it as 8-bit grey or palette');
  if (compression !== 0 || filter !== 0)
    refuse(name, `compression ${compression} and filter method ${filter} are not PNG's 0 and 0`);
  if (interlace !== 0) refuse(name, 'it is interlaced', 'save it without interlacing (Adam7)');
  return { width, height, bits, indexed: colour === 3 };
}

function readPalette(chunks: Chunk[], bits: number, indexed: boolean, name: string): Palette | undefined {
  if (!indexed) return undefined;
  const body = chunks.find(({ type }) => type === 'PLTE')?.body;
  if (!body || body.length === 0 || body.length % 3 !== 0 || body.length / 3 > 2 ** bits) {
    refuse(name, `its palette has ${body?.length ?? 0} bytes, and 3 for each of 1 to ${2 ** bits} colours are expected`);
  }
  return Array.from({ length: body.length / 3 }, (_, i) => [body[3 * i], body[3 * i + 1], body[3 * i + 2]] as const);
}

/** PNG 9.2, in place, rows being a filter number and `stride` bytes. A pixel has at most 8 bits here, so `left` is always the byte before. */
function unfilter(rows: Uint8Array, stride: number, height: number, name: string): void {
  for (let y = 0; y < height; y++) {
    const start = y * (stride + 1) + 1;
    const filter = rows[start - 1];
    if (filter > 4) refuse(name, `row ${y} has filter ${filter}, and there are 0 to 4`);
    if (filter === 0) continue;
    const before = start - (stride + 1);
    for (let x = 0; x < stride; x++) {
      const left = x > 0 ? rows[start + x - 1] : 0;
      const up = y > 0 ? rows[before + x] : 0;
      const corner = x > 0 && y > 0 ? rows[before + x - 1] : 0;
      rows[start + x] += filter === 1 ? left : filter === 2 ? up : filter === 3 ? (left + up) >> 1 : paeth(left, up, corner);
    }
  }
}

function paeth(left: number, up: number, corner: number): number {
  const toLeft = Math.abs(up - corner);
  const toUp = Math.abs(left - corner);
  const toCorner = Math.abs(left + up - 2 * corner);
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

/** PNG 7.2: pixels of less than a byte lie from the high bits down; each row begins a new byte. Whole bytes move up in the memory that they have. */
function unpack(rows: Uint8Array<ArrayBuffer>, width: number, height: number, bits: number): Uint8Array<ArrayBuffer> {
  const stride = Math.ceil((width * bits) / 8);
  const data = bits === 8 ? rows.subarray(0, width * height) : new Uint8Array(width * height);
  const mask = 2 ** bits - 1;
  for (let y = 0, to = 0; y < height; y++) {
    const from = y * (stride + 1) + 1;
    if (bits === 8) for (let x = 0; x < width; x++) data[to++] = rows[from + x];
    else for (let x = 0; x < width; x++) data[to++] = (rows[from + ((x * bits) >> 3)] >> (8 - bits - ((x * bits) & 7))) & mask;
  }
  return data;
}

/** `deflate` is the platform's word for the zlib format. */
async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Exactly `size` bytes of a zlib stream (RFC 1950), which PNG's is. Its checksum is left out: every chunk has one. */
function unpackRows(packed: readonly Uint8Array[], size: number, name: string): Uint8Array<ArrayBuffer> {
  const held = packed.reduce((sum, { length }) => sum + length, 0);
  if (size > held * MOST_FROM_A_BYTE)
    refuse(name, `its ${held} packed bytes are less than the ${size} of its size can be packed to`);
  const damage = 'the file is damaged, fetch or write it again';
  const [first, second] = packed.flatMap(body => [...body.subarray(0, 2)]);
  // Method 8 is deflate, bit 5 of the second byte a dictionary, which PNG has none of.
  if ((first & 15) !== 8 || (second & 32) !== 0 || (256 * first + second) % 31 !== 0)
    refuse(name, "its pixels can't be unpacked (no zlib stream)", damage);
  let head = 2;
  const pieces = packed.map(body => {
    const piece = body.subarray(head);
    head = Math.max(0, head - body.length);
    return piece;
  });
  let rows: ReturnType<typeof inflate>;
  try {
    rows = inflate(pieces, size);
  } catch (error) {
    refuse(name, `its pixels can't be unpacked (${describe(error)})`, damage);
  }
  const { bytes, found } = rows;
  if (found !== size)
    refuse(name, `its pixels are ${found > size ? 'more' : `${found} bytes, less`} than the ${size} bytes that its size needs`);
  return bytes;
}

function writeChunk({ type, body }: Chunk): Uint8Array {
  const chunk = new Uint8Array(12 + body.length);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, body.length);
  chunk.set(
    [...type].map(letter => letter.charCodeAt(0)),
    4,
  );
  chunk.set(body, 8);
  view.setUint32(8 + body.length, crc32(chunk.subarray(4, 8 + body.length)));
  return chunk;
}

/** PNG annex D: the reflected polynomial 0xEDB88320, starting from and finishing with all ones. */
const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) c = crcTable[(c ^ byte) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
