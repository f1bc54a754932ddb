// Pictures: label PNGs with sound checksums around their damage, and one of every raster format.
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { encodeIndexed } from '../../src/image/png.ts';
import { join } from '../weights/pickle.ts';
import { blind, edited, type Mutation, pick, type Random, type Specimen, several, splice } from './mutate.ts';

const signature = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10);

interface Chunk {
  readonly type: string;
  readonly body: Uint8Array;
}

function crc(bytes: Uint8Array): number {
  let c = -1;
  for (const byte of bytes) {
    c ^= byte;
    for (let bit = 0; bit < 8; bit++) c = (c >>> 1) ^ (c & 1 ? 0xedb88320 : 0);
  }
  return ~c >>> 0;
}

function png(chunks: readonly Chunk[]): Uint8Array {
  const parts = chunks.map(({ type, body }) => {
    const out = new Uint8Array(body.length + 12);
    const view = new DataView(out.buffer);
    view.setUint32(0, body.length);
    out.set(new TextEncoder().encode(type), 4);
    out.set(body, 8);
    view.setUint32(body.length + 8, crc(out.subarray(4, body.length + 8)));
    return out;
  });
  return join([signature, ...parts]);
}

function header(width: number, height: number, bits: number, colour: number): Chunk {
  const body = new Uint8Array(13);
  new DataView(body.buffer).setUint32(0, width);
  new DataView(body.buffer).setUint32(4, height);
  body.set([bits, colour, 0, 0, 0], 8);
  return { type: 'IHDR', body };
}

const types = ['IHDR', 'PLTE', 'IDAT', 'IEND', 'tRNS', 'gAMA', 'tEXt', 'iCCP', 'sRGB', 'IDOT', 'I\u001b[2'];

/** A chunk is dropped, repeated, moved, cut, renamed or damaged; of the header a number becomes another. */
function mutateChunks(chunks: readonly Chunk[], random: Random): readonly Chunk[] {
  if (chunks.length === 0) return chunks;
  const at = random(chunks.length);
  const { type, body } = chunks[at];
  const other = (change: Partial<Chunk>): readonly Chunk[] => chunks.with(at, { type, body, ...change });
  const edits: readonly (() => readonly Chunk[])[] = [
    () => chunks.toSpliced(at, 1),
    () => chunks.toSpliced(at, 0, ...Array.from({ length: 1 + random(3) }, () => chunks[at])),
    () => chunks.toSpliced(at, 1).toSpliced(random(chunks.length), 0, chunks[at]),
    () => other({ type: pick(types, random) }),
    () => other({ body: blind(body, random) }),
    () =>
      other({
        body: edited(
          body,
          copy => void (copy[random(Math.min(13, copy.length))] = pick([0, 1, 2, 3, 4, 6, 8, 16, 255, random(256)], random)),
        ),
      }),
    () => {
      const cut = random(body.length + 1);
      return chunks.toSpliced(at, 1, { type, body: body.subarray(0, cut) }, { type, body: body.subarray(cut) });
    },
    () => other({ body: splice(body, body.length, body.length, new Uint8Array(1 + random(5000)).fill(random(256))) }),
  ];
  return pick(edits, random)();
}

/** `rows`: a filter number and the bytes of a row. */
function labels(title: string, chunks: readonly Chunk[], rows: Uint8Array): Specimen {
  const whole = (packed: Uint8Array): Chunk[] => [
    ...chunks,
    { type: 'IDAT', body: packed },
    { type: 'IEND', body: new Uint8Array() },
  ];
  const aimed: Mutation = (_, random) => {
    if (random(2)) return png(whole(deflateSync(blind(rows, random))));
    let mutant: readonly Chunk[] = whole(deflateSync(rows));
    for (let left = pick([1, 1, 2, 4], random); left > 0; left--) mutant = mutateChunks(mutant, random);
    return png(mutant);
  };
  return { title, bytes: png(whole(deflateSync(rows))), aimed };
}

const noise = (length: number, most: number): Uint8Array => Uint8Array.from({ length }, (_, i) => ((i * i + 7 * i) % 251) % most);
/** 9×7 pixels of so many bits, under every filter. */
function rows(bits: number): Uint8Array {
  const stride = Math.ceil((9 * bits) / 8);
  return join(Array.from({ length: 7 }, (_, y) => join([Uint8Array.of(y % 5), noise(stride, bits === 8 ? 200 : 256)])));
}

const palette: Chunk = { type: 'PLTE', body: noise(3 * 256, 256) };

export const labelFiles: readonly Specimen[] = [
  labels('grey labels', [header(9, 7, 8, 0)], rows(8)),
  labels('labels with a palette', [header(9, 7, 8, 3), palette, { type: 'tEXt', body: new Uint8Array(4) }], rows(8)),
  ...[1, 2, 4].map(bits => labels(`grey labels of ${bits} bits`, [header(9, 7, bits, 0)], rows(bits))),
];

/** Sixteen pixels square, made once. */
const source = { raw: { width: 16, height: 16, channels: 3 as const } };
const drawn = sharp(noise(16 * 16 * 3, 251), source);
/** The number at a place of a header, in either byte order, becomes another. */
const headers: Mutation = (bytes, random) =>
  edited(bytes, copy => {
    const at = random(Math.min(copy.length, 64));
    copy.set([0, 0, 255, 255].slice(0, Math.min(1 + random(4), copy.length - at)), at);
  });

export const photographs: readonly Specimen[] = await Promise.all(
  (['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const).map(async (format): Promise<Specimen> => {
    const bytes = new Uint8Array(await drawn.clone().toFormat(format).toBuffer());
    return { title: format, bytes, aimed: (whole, random) => several(whole, random, [headers, headers, blind]) };
  }),
);

export const indexed = await encodeIndexed({ data: new Uint8Array(4), width: 2, height: 2 }, [[0, 0, 0]]);
