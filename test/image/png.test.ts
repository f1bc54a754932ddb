// The index PNG codec: round trips, every filter and depth, agreement with sharp, and files that mean harm.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Palette } from '../../src/image/overlay.ts';
import { decodeLabels, encodeIndexed } from '../../src/image/png.ts';
import { shared } from '../shared.ts';

const palette: Palette = Array.from({ length: 19 }, (_, i) => [i * 13, 255 - i, (i * 71) % 256] as const);

function pattern(width: number, height: number, classes: number): Uint8Array {
  return Uint8Array.from({ length: width * height }, (_, i) => (i * i + (i >> 3)) % classes);
}

function crc(bytes: Uint8Array): number {
  let c = ~0;
  for (const byte of bytes) {
    c ^= byte;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  }
  return ~c >>> 0;
}

function chunk(type: string, body: Uint8Array | number[] = []): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), Uint8Array.from(body)]);
  const out = Buffer.alloc(named.length + 8);
  out.writeUInt32BE(named.length - 4);
  named.copy(out, 4);
  out.writeUInt32BE(crc(named), named.length + 4);
  return out;
}

function header(width: number, height: number, bits = 8, colour = 0, interlace = 0): Buffer {
  const body = Buffer.alloc(13);
  body.writeUInt32BE(width, 0);
  body.writeUInt32BE(height, 4);
  body.set([bits, colour, 0, 0, interlace], 8);
  return chunk('IHDR', body);
}

const start = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
const end = chunk('IEND');
const file = (...chunks: Buffer[]) => Buffer.concat([start, ...chunks, end]);
const pixels = (rows: number[][]) => chunk('IDAT', deflateSync(Uint8Array.from(rows.flat())));

test('what is written is read back, and sharp sees the palette', async () => {
  for (const [width, height] of [
    [1, 1],
    [5, 3],
    [64, 37],
    [301, 2],
  ]) {
    const data = pattern(width, height, 19);
    const bytes = await encodeIndexed({ data, width, height }, palette);
    assert.equal(await decodeLabels(bytes, 'x.png'), { data, width, height, palette });
    const seen = await sharp(bytes).raw().toBuffer();
    assert.equal([...seen.subarray(0, 3)], [...palette[data[0]]]);
    assert.is((await sharp(bytes).metadata()).isPalette, true);
  }
});

test('a full palette of 256', async () => {
  const full: Palette = Array.from({ length: 256 }, (_, i) => [i, 0, 0] as const);
  const data = pattern(16, 16, 256).map((_, i) => i);
  assert.equal((await decodeLabels(await encodeIndexed({ data, width: 16, height: 16 }, full), 'x')).data, data);
});

test('a view into a larger buffer is read from its own start', async () => {
  const bytes = await encodeIndexed({ data: pattern(4, 4, 3), width: 4, height: 4 }, palette);
  const larger = new Uint8Array(bytes.length + 99);
  larger.set(bytes, 7);
  assert.equal((await decodeLabels(larger.subarray(7, 7 + bytes.length), 'x')).data, pattern(4, 4, 3));
});

test('a value without a colour, sizes that disagree, no palette', async () => {
  await fails(
    encodeIndexed({ data: Uint8Array.of(0, 19), width: 2, height: 1 }, palette),
    'BAD_USAGE',
    /pixel 1 is 19 .* 19 colours/,
  );
  await fails(encodeIndexed({ data: new Uint8Array(5), width: 2, height: 3 }, palette), 'BAD_USAGE', /5 values for 3×2/);
  await fails(encodeIndexed({ data: new Uint8Array(0), width: 0, height: 3 }, palette), 'BAD_USAGE', /0 values/);
  await fails(encodeIndexed({ data: new Uint8Array(1), width: 1, height: 1 }, []), 'BAD_USAGE', /0 colours/);
});

test('all five filters, by hand', async () => {
  // Rows of 10 20 30, each under another filter; Paeth of row 4 predicts from above.
  const rows = [
    [0, 10, 20, 30],
    [1, 10, 10, 10],
    [2, 0, 0, 0],
    [3, 5, 5, 5],
    [4, 0, 0, 0],
  ];
  const { data } = await decodeLabels(file(header(3, 5), pixels(rows)), 'x');
  assert.equal([...data], Array(5).fill([10, 20, 30]).flat());
});

test('sharp with adaptive filters writes the same grey values', async () => {
  const [width, height] = [53, 41];
  const data = Uint8Array.from(
    { length: width * height },
    (_, i) => (i % width) * 3 + Math.floor(i / width) * 2 + ((i * 7919) % 5),
  );
  const bytes = await sharp(data, { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .png({ adaptiveFiltering: true })
    .toBuffer();
  assert.equal(await decodeLabels(bytes, 'x'), { data, width, height, palette: undefined });
});

test('1, 2 and 4 bits: stored values, neither scaled nor looked up', async () => {
  const cases: [number, number[][], number[]][] = [
    [
      1,
      [
        [0, 0b10110000],
        [0, 0b01100000],
      ],
      [1, 0, 1, 1, 0, 0, 1, 1, 0, 0],
    ],
    [
      2,
      [
        [0, 0b11100100, 0b01000000],
        [2, 0, 0],
      ],
      [3, 2, 1, 0, 1, 3, 2, 1, 0, 1],
    ],
    [
      4,
      [
        [0, 0xf1, 0x23, 0x40],
        [0, 0x01, 0x23, 0x4f],
      ],
      [15, 1, 2, 3, 4, 0, 1, 2, 3, 4],
    ],
  ];
  for (const [bits, rows, wanted] of cases) {
    const grey = await decodeLabels(file(header(5, 2, bits), pixels(rows)), 'x');
    assert.equal([...grey.data], wanted, `${bits} bits`);
    const indexed = await decodeLabels(file(header(5, 2, bits, 3), chunk('PLTE', [9, 8, 7]), pixels(rows)), 'x');
    assert.equal([...indexed.data], wanted, `${bits} bits with a short palette`);
    assert.equal(indexed.palette, [[9, 8, 7]]);
  }
});

test('pixels cut into several chunks, unknown ancillary chunks, bytes after the end', async () => {
  const packed = deflateSync(Uint8Array.of(0, 1, 2, 0, 3, 4));
  const bytes = file(
    header(2, 2),
    chunk('tEXt', [1]),
    chunk('IDAT', packed.subarray(0, 5)),
    chunk('IDAT'),
    chunk('IDAT', packed.subarray(5)),
  );
  assert.equal([...(await decodeLabels(Buffer.concat([bytes, Buffer.from('more')]), 'x')).data], [1, 2, 3, 4]);
});

test('bytes behind the packed pixels are passed over, in every version of Node', async () => {
  const packed = deflateSync(Uint8Array.of(0, 1, 2, 0, 3, 4));
  for (const parts of [
    [packed, Buffer.from('more')],
    [packed.subarray(0, 1), packed.subarray(1), Buffer.alloc(70_000)],
  ]) {
    const idats = parts.map(part => chunk('IDAT', part));
    assert.equal([...(await decodeLabels(file(header(2, 2), ...idats), 'x')).data], [1, 2, 3, 4]);
    const joined = file(header(2, 2), chunk('IDAT', Buffer.concat(parts)));
    assert.equal([...(await decodeLabels(joined, 'x')).data], [1, 2, 3, 4]);
  }
});

test('a size that is not wanted is refused before it costs anything', async () => {
  // 2^28 rows of one pixel pack to half a megabyte and unpack to half a gigabyte.
  const [width, height] = [1, 2 ** 28];
  const long = file(header(width, height), chunk('IDAT', Buffer.alloc(2 ** 19 + 2 ** 12)));
  const check = (size: object): void => {
    assert.equal(size, { width, height });
    throw new RangeError('not this size');
  };
  const before = process.memoryUsage().arrayBuffers;
  assert.match(String(await decodeLabels(long, 'x', check).catch(error => error)), /not this size/);
  await fails(
    decodeLabels(file(header(width, height), chunk('IDAT', Buffer.alloc(2 ** 18))), 'x'),
    'BAD_IMAGE',
    /262144 packed bytes/,
  );
  assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 22);
});

const good = file(header(2, 1), pixels([[0, 1, 2]]));
const wrongSum = Buffer.from(good);
wrongSum[20] ^= 1;
const hostile: [string, Uint8Array, RegExp][] = [
  ['empty', new Uint8Array(0), /empty/],
  ['a text', Buffer.from('not a picture at all'), /no PNG/],
  ['a signature alone', start, /ends at byte 8/],
  ['a flipped bit', wrongSum, /checksum of chunk IHDR/],
  [
    'a chunk that claims 4 GB',
    Buffer.concat([start, Buffer.from([255, 255, 255, 255]), Buffer.from('IHDR0000')]),
    /ends at byte 20/,
  ],
  ['no end', good.subarray(0, good.length - 12), /ends at byte/],
  ['no pixels', file(header(2, 1)), /IHDR, IEND/],
  ['pixels in two places', file(header(2, 1), chunk('IDAT'), chunk('tEXt'), chunk('IDAT')), /IDAT, IDAT/],
  ['a palette after the pixels', file(header(2, 1, 8, 3), chunk('IDAT'), chunk('PLTE', [1, 2, 3])), /IDAT, PLTE/],
  ['an unknown critical chunk', file(header(2, 1), chunk('IDOT'), pixels([[0, 1, 2]])), /IDOT/],
  ['a nameless chunk', file(header(2, 1), chunk('\0\0\0\0')), /no proper name/],
  ['a short header', file(chunk('IHDR', [0, 0]), chunk('IDAT')), /IHDR of 2 bytes/],
  ['no width', file(header(0, 5), chunk('IDAT')), /5×0/],
  ['2^62 pixels', file(header(0x7fffffff, 0x7fffffff), chunk('IDAT')), /2147483647×2147483647/],
  ['RGB', file(header(1, 1, 8, 2), pixels([[0, 1, 2, 3]])), /RGB pixels.*grey or palette/],
  ['grey with alpha', file(header(1, 1, 8, 4), pixels([[0, 1, 2]])), /grey with alpha/],
  ['16 bits', file(header(1, 1, 16), pixels([[0, 1, 2]])), /16 bits/],
  ['3 bits', file(header(1, 1, 3), pixels([[0, 1]])), /3 bits/],
  ['interlaced', file(header(1, 1, 8, 0, 1), pixels([[0, 1]])), /interlaced/],
  ['no palette', file(header(2, 1, 8, 3), pixels([[0, 1, 2]])), /palette has 0 bytes/],
  ['a palette of 4 bytes', file(header(2, 1, 8, 3), chunk('PLTE', [1, 2, 3, 4]), pixels([[0, 1, 2]])), /palette has 4 bytes/],
  ['more colours than bits', file(header(2, 1, 1, 3), chunk('PLTE', Array(9).fill(1)), pixels([[0, 1]])), /palette has 9 bytes/],
  ['too few pixels', file(header(2, 2), pixels([[0, 1, 2]])), /3 bytes, less than the 6/],
  ['too many pixels', file(header(1, 1), pixels([[0, 1, 2]])), /more than the 2/],
  ['a bomb', file(header(1, 1), chunk('IDAT', deflateSync(new Uint8Array(2 ** 25)))), /more than the 2/],
  ['zlib with a dictionary', file(header(2, 1), chunk('IDAT', [0x78, 0xbb, 0, 0, 0, 0])), /no zlib stream/],
  ['no zlib data', file(header(2, 1), chunk('IDAT', [1, 2, 3, 4, 5])), /unpacked/],
  ['zlib data cut off', file(header(2, 1), chunk('IDAT', deflateSync(Uint8Array.of(0, 1, 2)).subarray(0, 6))), /unpacked|less/],
  ['filter 5', file(header(2, 1), pixels([[5, 1, 2]])), /row 0 has filter 5/],
];
for (const [what, bytes, message] of hostile) {
  test(`refused: ${what}`, () => fails(decodeLabels(bytes, 'labels/x.png'), 'BAD_IMAGE', message, 'labels/x.png'));
}

test('labels of the drawn scenes', async () => {
  const folder = shared('data/scenes', 'of label pictures as others write them');
  if (!folder) return;
  for (const name of readdirSync(folder).filter(each => each.endsWith('.labels.png'))) {
    const bytes = readFileSync(join(folder, name));
    const { data, width, height } = await decodeLabels(bytes, name);
    assert.is(`${width}x${height}`, name.match(/\d+x\d+/)?.[0]);
    assert.ok(
      data.every(value => value <= 11),
      name,
    );
    const grey = await sharp(bytes).toColourspace('b-w').raw().toBuffer();
    if (!(await sharp(bytes).metadata()).isPalette) assert.equal(Buffer.from(data), grey, name);
  }
});

async function fails(work: Promise<unknown>, code: string, message: RegExp, place = ''): Promise<void> {
  const error = await work.then(
    () => assert.unreachable('no error'),
    thrown => thrown,
  );
  assert.is(error.code, code, error.stack);
  assert.match(error.message, message);
  assert.ok(error.message.startsWith(place), error.message);
}

test.run();
